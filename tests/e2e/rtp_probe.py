"""Rooms full of RTP streams with sequence numbers: each packet that does not arrive is noticed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Self

from aiohttp import ClientSession

from tests.rtc.fakes import until

from .rtp_streams import Stream, Streams
from .speaker import Speaker, Studio

#: Seconds between two packets of a stream, as microphones have it.
PACE = 0.02
#: Seconds without any packet after which none is on its way any more.
QUIET = 1.0


class Probe:
    """
    Two speakers in each of ``rooms``, who send ``streams`` each, and receive the other's.

    They are there, and everything is heard, from ``async with`` to the end of it. ``port`` is where they connect to; or
    by the room two addresses such as ``http://127.0.0.1:3000``, for the left one and the right one. ``tokens`` are
    those that rooms need, by room; ``kind`` says how the speakers send.
    """

    def __init__(
        self,
        port: int | Mapping[str, tuple[str, str]],
        rooms: Sequence[str] = (),
        *,
        streams: int = 2,
        tokens: Mapping[str, str] | None = None,
        kind: type[Speaker] = Speaker,
    ) -> None:
        if isinstance(port, int):
            self._addresses: Mapping[str, tuple[str, str]] = {room: (f"http://127.0.0.1:{port}",) * 2 for room in rooms}
        else:
            self._addresses = port
        self._tokens = tokens or {}
        self._count = streams
        self._kind = kind
        self._talking: asyncio.Task[None] | None = None
        self.speakers: list[Speaker] = []

    async def __aenter__(self) -> Self:
        self._http, self._streams = ClientSession(), Streams()
        self.speakers = [
            self._kind(self._studio(address), room, name, self._count)
            for room, addresses in self._addresses.items()
            for name, address in zip(("left", "right"), addresses, strict=True)
        ]
        try:
            # One after the other: so rooms go to the workers in turns.
            for speaker in self.speakers:
                await speaker.enter()
            self._talking = asyncio.create_task(self._talk())
            await self.all_heard()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hush()
        await asyncio.gather(*(speaker.leave() for speaker in self.speakers))
        await self._http.close()

    def _studio(self, address: str) -> Studio:
        return Studio(self._http, f"{address}/ws", self._streams, tokens=self._tokens)

    @property
    def streams(self) -> list[Stream]:
        """Those that are sent now."""
        return [stream for speaker in self.speakers for stream in speaker.streams]

    async def all_heard(self) -> None:
        """Wait until each stream arrives, of all speakers."""
        wanted = len(self.speakers) * self._count
        await until(lambda: len(self.streams) == wanted and all(stream.heard for stream in self.streams))

    async def heard_anew(self, *rooms: str) -> None:
        """Wait until of each stream something arrives that is not sent yet; of these rooms, or all."""
        then = {stream.name: stream.sent for stream in self.streams}
        wanted = [speaker for speaker in self.speakers if not rooms or speaker.room in rooms]

        def heard() -> bool:
            # One that was made anew begins at 0.
            streams = [stream for speaker in wanted for stream in speaker.streams]
            return len(streams) == len(wanted) * self._count and all(
                stream.newest >= (then[stream.name] if stream in before else 0) for stream in streams
            )

        before = set(self.streams)
        await until(heard)

    async def go_on(self, seconds: float) -> None:
        """Wait until as many more packets of each stream were sent as it has in that time."""
        enough = [stream.sent + seconds / PACE for stream in self.streams]
        await until(lambda: all(now.sent >= then for now, then in zip(self.streams, enough, strict=True)))

    def listen(self) -> None:
        """Begin to measure silence."""
        self._streams.listen()

    def silences(self, room: str | None = None) -> list[float]:
        """Give for how long each speaker could not be heard, at worst, since :meth:`listen`; in one room, or all."""
        silences = self._streams.silences()
        return [
            max(silence for name, silence in silences.items() if name.startswith(f"{speaker.room}/{speaker.name}/"))
            for speaker in self.speakers
            if room in (None, speaker.room)
        ]

    def hush(self) -> None:
        """Send no more."""
        if self._talking is not None:
            self._talking.cancel()
            self._talking = None

    async def quiet(self) -> None:
        """Send no more, and wait until all has arrived that was on its way."""
        self.hush()
        await until(lambda: time.monotonic() - self._streams.last > QUIET)

    def missing(self, *rooms: str) -> dict[str, list[int]]:
        """Give the numbers of the packets that did not arrive, by the stream; of these rooms, or all."""
        concerned = [stream for stream in self.streams if not rooms or stream.name.partition("/")[0] in rooms]
        assert all(stream.heard for stream in concerned)
        return {stream.name: missing for stream in concerned if (missing := stream.missing)}

    async def _talk(self) -> None:
        while True:
            for stream in self.streams:
                stream.send_next()
            await asyncio.sleep(PACE)


def percentile(values: Sequence[float], share: int) -> float:
    """Give the value that ``share`` per cent of ``values`` are not above."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * share // 100) - 1)]
