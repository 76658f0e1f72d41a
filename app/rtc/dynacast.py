"""Telling senders of video what of it nobody wants, so that they need not send it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from app.mediasoup.producer import Producer
from app.mediasoup.scalability_modes import parse_scalability_mode

from .demand import NOTHING, Demand
from .subscription_events import ProducerDemand, ProducersPaused

#: Seconds in which changes are gathered, so that many at once make one notification.
GATHER = 0.02
#: Seconds that a sender who rested may take until something arrives again.
WAKING = 5.0


class Sender(Protocol):
    """Who is told: a client, or the other end of the pipe through which something comes."""

    def notify(self, event: ProducersPaused) -> None:
        """Take in what is wanted now."""


@dataclass(slots=True)
class _Watched:
    """``woken_at``: when the sender was last told to begin again."""

    client: Sender
    demand: Demand
    woken_at: float = float("-inf")


class Dynacast:
    """
    The demand for the producers of a room whose senders want to know of it.

    More is told at once, less when nobody has wanted more for a while. There is one timer for all.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watched: dict[str, _Watched] = {}
        #: Those of whom there is something to tell, now or later.
        self._restless: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, producer: Producer, client: Sender, patience: float | None = None) -> None:
        """
        Tell ``client`` what is wanted of its ``producer``, until that closes.

        ``patience``: the seconds for which a layer must not have been wanted, if not the usual ones.
        """
        now = self._loop.time()
        demand = Demand(top_layer(producer), now) if patience is None else Demand(top_layer(producer), now, patience)
        self._watched[producer.id] = _Watched(client, demand)
        producer.on_close.add(lambda: self._forget(producer.id))
        self._look(producer.id, demand)

    def want(self, producer_id: str, consumer_id: str, level: int) -> None:
        """Note the highest layer that a consumer wants, :data:`NOTHING` if none; nobody may have to know."""
        if (watched := self._watched.get(producer_id)) is not None:
            watched.demand.want(consumer_id, level, self._loop.time())
            self._look(producer_id, watched.demand)

    def rests(self, producer_id: str) -> bool:
        """Whether the sender was told that nobody wants anything of it, or only just that somebody does again."""
        watched = self._watched.get(producer_id)
        if watched is None:
            return False
        return watched.demand.told == NOTHING or self._loop.time() < watched.woken_at + WAKING

    def repeat(self, client: Sender) -> None:
        """Tell a client that may have missed something what it should know by now."""
        told = [_words(id, each.demand) for id, each in self._watched.items() if each.client is client]
        if told:
            client.notify(ProducersPaused(producers=told))

    def close(self) -> None:
        """Tell nobody anything any more."""
        self._watched.clear()
        self._restless.clear()
        self._cancel()

    def _forget(self, producer_id: str) -> None:
        self._watched.pop(producer_id, None)
        self._restless.discard(producer_id)

    def _look(self, producer_id: str, demand: Demand) -> None:
        due = demand.due
        if due is None:
            self._restless.discard(producer_id)
        else:
            self._restless.add(producer_id)
            self._wake_at(due)

    def _wake_at(self, due: float) -> None:
        when = max(due, self._loop.time() + GATHER)
        if self._timer is None or when < self._timer.when():
            self._cancel()
            self._timer = self._loop.call_at(when, self._tell)

    def _tell(self) -> None:
        self._timer = None
        now, news = self._loop.time(), dict[Sender, list[ProducerDemand]]()
        for id in tuple(self._restless):
            watched = self._watched[id]
            demand, due = watched.demand, watched.demand.due
            if due is not None and due > now:
                self._wake_at(due)
                continue
            self._restless.discard(id)
            if due is not None:
                if demand.told == NOTHING:
                    watched.woken_at = now
                demand.tell()
                news.setdefault(watched.client, []).append(_words(id, demand))
        for client, producers in news.items():
            client.notify(ProducersPaused(producers=producers))

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _words(producer_id: str, demand: Demand) -> ProducerDemand:
    level = demand.told
    highest = None if level in (NOTHING, demand.top) else level
    return ProducerDemand(producer_id=producer_id, max_spatial_layer=highest, paused=level == NOTHING)


def top_layer(producer: Producer) -> int:
    """Give the highest spatial layer that a producer has, counted from 0."""
    encodings = producer.rtp_parameters.encodings
    if producer.type == "simulcast":
        return len(encodings) - 1
    return parse_scalability_mode(encodings[0].scalability_mode).spatial_layers - 1
