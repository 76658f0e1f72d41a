"""How the media of those in calls fare: read from the workers a few times a minute, and written down every minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import fmean
from typing import Protocol, TypeVar

from loguru import logger

from app.mediasoup.errors import MediasoupError
from app.mediasoup.producer import Producer
from app.rtc.peer import Peer
from app.stores.types import now

from .call_readings import Reading, StreamReading, Tally
from .history import History, Presence
from .history_writes import Call, MinuteMeasured

#: Seconds in which everybody's media are read once, and those that one line of the history is about.
INTERVAL, MINUTE = 20.0, 60.0
#: Seconds that a worker has to answer for one participant.
ANSWER_TIMEOUT = 2.0

T_co = TypeVar("T_co", covariant=True)


class Measured(Protocol[T_co]):
    """Something in a worker that can be asked for statistics."""

    closed: bool

    async def get_stats(self) -> Sequence[T_co]: ...


class CallMetrics:
    """
    Reads the media of everybody whose presence is written down, from :meth:`start` to :meth:`close`.

    One participant after the other, evenly over ``interval`` seconds, and one request at a time: calls don't notice.
    Who leaves within the first ``interval`` may leave no line.
    """

    def __init__(
        self,
        history: History,
        *,
        interval: float = INTERVAL,
        minute: float = MINUTE,
        now: Callable[[], datetime] = now,
    ) -> None:
        self._history = history
        self._interval = interval
        self._minute = minute
        self._now = now
        self._tallies: dict[Presence, Tally] = {}
        #: Calls whose worker did not answer in this round.
        self._silent: set[Call] = set()
        self._task: asyncio.Task[None] | None = None
        history.on_join.add(self._joined)
        history.on_leave.add(self._left)

    def start(self) -> None:
        """Begin to read; returns at once."""
        self._task = asyncio.create_task(self._run(), name="collecting call metrics")

    async def close(self) -> None:
        """Read no more. What was read of those who are present is written when they leave."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def collect(self) -> None:
        """Read everybody's media once, now."""
        self._silent.clear()
        for presence in self._history.present:
            await self._read(presence)

    async def _run(self) -> None:
        time = asyncio.get_running_loop().time
        while True:
            start, present = time(), tuple(self._history.present)
            self._silent.clear()
            for number, presence in enumerate(present):
                await asyncio.sleep(start + number / len(present) * self._interval - time())
                await self._read(presence)
            await asyncio.sleep(start + self._interval - time())

    async def _read(self, presence: Presence) -> None:
        if presence.call in self._silent or presence not in self._tallies:
            return
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                reading = await read_media(presence.peer, self._now)
        except TimeoutError:
            # Others in the same room would wait for the same worker.
            self._silent.add(presence.call)
            logger.info("room {}: no call metrics, its worker does not answer", presence.call.room_code)
        except MediasoupError as error:
            # The next reading covers this one's time, too.
            logger.debug("no call metrics of peer {} now: {}", presence.peer.id, error)
        except Exception:
            # A mistake of ours must not end the metrics of everybody else.
            logger.exception("reading the media of peer {} failed", presence.peer.id)
        else:
            self._add(presence, reading)

    def _add(self, presence: Presence, reading: Reading) -> None:
        # Whoever left meanwhile was written already.
        if (tally := self._tallies.get(presence)) is not None:
            tally.add(reading)
            if self._minute_of(reading.at) > self._minute_of(tally.since):
                self._write(presence, tally)

    def _write(self, presence: Presence, tally: Tally) -> None:
        minute, metrics = self._minute_of(tally.since), tally.take()
        if metrics is not None:
            self._history.writes.put(MinuteMeasured(presence.call, presence.participant_id, minute, metrics))

    def _minute_of(self, time: datetime) -> datetime:
        return datetime.fromtimestamp(time.timestamp() // self._minute * self._minute, UTC)

    def _joined(self, presence: Presence) -> None:
        self._tallies[presence] = Tally(self._now())

    def _left(self, presence: Presence) -> None:
        self._write(presence, self._tallies.pop(presence))


async def read_media(peer: Peer, now: Callable[[], datetime]) -> Reading:
    """
    Ask the worker about all that ``peer`` sends and receives. What closes meanwhile is left out.

    :raises MediasoupError: something else can't be read; to leave that out, too, would look like counters at 0
    """
    transports = [stats for each in peer.media.transports for stats in await _stats_of(each)]
    streams = [stream for each in peer.media.producers for stream in await _read_streams(each)]
    round_trips = [each.stats.round_trip_time or 0 for each in streams]
    if not any(round_trips):
        round_trips = await _round_trips_of_a_consumer(peer)
    return Reading(now(), transports, streams, round_trips, _score(peer))


async def _read_streams(producer: Producer) -> list[StreamReading]:
    clock_rates = {codec.mime_type.lower(): codec.clock_rate for codec in producer.rtp_parameters.codecs}
    return [
        StreamReading(producer.id, clock_rates[stats.mime_type.lower()], stats) for stats in await _stats_of(producer)
    ]


async def _round_trips_of_a_consumer(peer: Peer) -> list[float]:
    """Read how long it is to one who sends nothing, or does not tell; one consumer stands for all."""
    for consumer in peer.media.subscriber.consumers:
        stats = await _stats_of(consumer)
        return [each.round_trip_time or 0 for each in stats if each.type == "outbound-rtp"]
    return []


async def _stats_of(thing: Measured[T_co]) -> Sequence[T_co]:
    try:
        return await thing.get_stats()
    except MediasoupError:
        if thing.closed:
            return ()
        raise


def _score(peer: Peer) -> float | None:
    """Judge what ``peer`` sends, each producer by the best of its streams."""
    scores = [
        max(each.score for each in producer.score)
        for producer in peer.media.producers
        if producer.score and not producer.paused
    ]
    return fmean(scores) if scores else None
