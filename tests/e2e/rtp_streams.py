"""Streams of RTP whose packets are numbered: what was sent, what arrived, and for how long there was silence."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from struct import Struct

#: As the clients' parameters say.
PAYLOAD_TYPE = 111
#: Of the clock, between two packets.
TICKS = 960
HEADER, BODY = Struct("!BBHII"), Struct("!II")


class Stream:
    """One stream, which one other peer receives. ``name`` is what it is to people, and stays when it is made anew."""

    def __init__(self, name: str, number: int, send: Callable[[bytes], None]) -> None:
        self.name = name
        self.number = number
        #: How many packets were sent, and which came twice.
        self.sent = 0
        self.twice: list[int] = []
        #: The last packet that arrived; -1 before the first.
        self.newest = -1
        self._send = send
        self._arrived: set[int] = set()

    def send_next(self) -> None:
        header = HEADER.pack(0x80, PAYLOAD_TYPE, self.sent % 2**16, self.sent * TICKS % 2**32, self.number)
        packet = header + BODY.pack(self.number, self.sent)
        self.sent += 1
        self._send(packet)

    def arrive(self, count: int) -> None:
        """Note that the packet with this count arrived."""
        self.newest = max(self.newest, count)
        (self.twice.append if count in self._arrived else self._arrived.add)(count)

    @property
    def heard(self) -> bool:
        """Whether anything arrived."""
        return bool(self._arrived)

    @property
    def missing(self) -> list[int]:
        """The packets that did not arrive since the first that did."""
        return [count for count in range(min(self._arrived), self.sent) if count not in self._arrived]


class Streams:
    """All that were ever started, by their SSRCs."""

    def __init__(self) -> None:
        self.all: dict[int, Stream] = {}
        #: When anything arrived at all, and of each name; of the monotonic clock.
        self.last = 0.0
        self._last_of: dict[str, float] = {}
        #: The longest time without a packet, by name.
        self._silences: dict[str, float] = {}
        self._numbers = itertools.count(1_000)

    def start(self, name: str, send: Callable[[bytes], None]) -> Stream:
        number = next(self._numbers)
        stream = self.all[number] = Stream(name, number, send)
        return stream

    def receive(self, packet: bytes) -> None:
        """Take a packet, whatever its header has become on its way."""
        number, count = BODY.unpack(packet[-BODY.size :])
        stream, now = self.all[number], time.monotonic()
        stream.arrive(count)
        self._silences[stream.name] = self._silence_of(stream.name, now)
        self._last_of[stream.name] = self.last = now

    def listen(self) -> None:
        """Begin to measure how long it is silent."""
        self._silences = dict.fromkeys(self._last_of, 0.0)
        self._last_of = dict.fromkeys(self._last_of, time.monotonic())

    def silences(self) -> dict[str, float]:
        """Give the longest silence of each since :meth:`listen`, in seconds."""
        now = time.monotonic()
        return {name: self._silence_of(name, now) for name in self._last_of}

    def _silence_of(self, name: str, now: float) -> float:
        return max(self._silences.get(name, 0.0), now - self._last_of.get(name, now))
