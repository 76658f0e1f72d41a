"""
What a participant's media amounted to in a minute: arithmetic on what the worker counted. No I/O.

A worker's counters grow, from 0 when the transport or stream is made; one that is smaller than before began anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from app.mediasoup.stats import RtpStreamStats, TransportStats


@dataclass(frozen=True, slots=True)
class StreamReading:
    """What the worker said of one stream that it receives; ``clock_rate`` is its codec's, in Hz."""

    producer_id: str
    clock_rate: int
    stats: RtpStreamStats


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What the worker said of all media of one participant, at one moment.

    ``streams`` come from the participant. ``round_trips`` are in milliseconds; 0 stands for one that was not measured
    yet. ``score`` is from 0 (nothing arrives) to 10, ``None`` when the participant sends nothing.
    """

    at: datetime
    transports: Sequence[TransportStats] = ()
    streams: Sequence[StreamReading] = ()
    round_trips: Sequence[float] = ()
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteMetrics:
    """
    One minute of one participant: ``in`` is what came from the participant, ``out`` what was sent there.

    Bitrates are in bits a second, losses from 0 to 1, times in milliseconds; ``None`` is unknown.
    """

    bitrate_in: int
    bitrate_out: int
    loss_in: float | None
    loss_out: float | None
    jitter_ms: float | None
    round_trip_ms: float | None
    score: float | None


@dataclass(slots=True)
class Mean:
    """The mean of what was added, ``None`` of nothing."""

    _sum: float = 0.0
    _count: int = 0

    def add(self, values: Iterable[float]) -> None:
        for value in values:
            self._sum += value
            self._count += 1

    @property
    def value(self) -> float | None:
        return self._sum / self._count if self._count else None


class Packets(NamedTuple):
    """What a stream counted. ``lost`` may fall: a packet came late, but came."""

    received: int = 0
    lost: int = 0

    def since(self, before: Packets) -> Packets:
        """Tell what came and went missing since the count was ``before``."""
        if self.received < before.received:
            return self
        return Packets(self.received - before.received, self.lost - before.lost)


class Counters:
    """Counters of one kind, by id."""

    def __init__(self) -> None:
        self._last: Mapping[str, int] = {}

    def grow(self, now: Mapping[str, int]) -> int:
        """Tell by how much all of them grew since the last call. Those that are not named any more are forgotten."""
        before, self._last = self._last, now
        return sum(_grown(before.get(id, 0), count) for id, count in now.items())


def _grown(before: int, now: int) -> int:
    return now - before if now >= before else now


@dataclass(slots=True)
class _Sums:
    """What was added up since the minute began."""

    bytes_in: int = 0
    bytes_out: int = 0
    packets: int = 0
    lost: int = 0
    loss_out: Mean = field(default_factory=Mean)
    jitter: Mean = field(default_factory=Mean)
    round_trip: Mean = field(default_factory=Mean)
    score: Mean = field(default_factory=Mean)


class Tally:
    """Adds up the readings of one participant from ``since`` on; what is added up is taken minute by minute."""

    def __init__(self, since: datetime) -> None:
        self.since = since
        self._until = since
        self._sums = _Sums()
        self._received, self._sent = Counters(), Counters()
        #: By producer and SSRC.
        self._packets: dict[tuple[str, int], Packets] = {}

    def add(self, reading: Reading) -> None:
        """Add what happened since the reading before."""
        sums, self._until = self._sums, reading.at
        sums.bytes_in += self._received.grow({each.transport_id: each.bytes_received for each in reading.transports})
        sums.bytes_out += self._sent.grow({each.transport_id: each.bytes_sent for each in reading.transports})
        self._add_streams(reading.streams)
        losses = (each.rtp_packet_loss_sent for each in reading.transports)
        sums.loss_out.add(loss for loss in losses if loss is not None)
        sums.round_trip.add(filter(None, reading.round_trips))
        sums.score.add(() if reading.score is None else (reading.score,))

    def take(self) -> MinuteMetrics | None:
        """Give what was added up, and begin the next minute; ``None`` when no time has passed."""
        seconds = (self._until - self.since).total_seconds()
        sums, self._sums, self.since = self._sums, _Sums(), self._until
        if seconds <= 0:
            return None
        return MinuteMetrics(
            bitrate_in=round(sums.bytes_in * 8 / seconds),
            bitrate_out=round(sums.bytes_out * 8 / seconds),
            loss_in=_loss(sums.packets, sums.lost),
            loss_out=sums.loss_out.value,
            jitter_ms=sums.jitter.value,
            round_trip_ms=sums.round_trip.value,
            score=sums.score.value,
        )

    def _add_streams(self, streams: Sequence[StreamReading]) -> None:
        before, self._packets = self._packets, {}
        for each in streams:
            key, packets = (
                (each.producer_id, each.stats.ssrc),
                Packets(each.stats.packet_count, each.stats.packets_lost),
            )
            grown = packets.since(before.get(key, Packets()))
            self._packets[key] = packets
            self._sums.packets += grown.received
            self._sums.lost += grown.lost
            # The jitter of a stream that rests is an old one.
            if grown.received:
                self._sums.jitter.add([1000 * each.stats.jitter / each.clock_rate])


def _loss(packets: int, lost: int) -> float | None:
    expected = packets + max(lost, 0)
    return max(lost, 0) / expected if expected else None
