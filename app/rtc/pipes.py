"""Pipes: how what is sent in one part of a room comes to others, on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from app.config import Settings
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.pipe_transport import PipeTransport
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.signal import Signal
from app.mediasoup.worker_object import WorkerObject, new_id

from .bus import Bus, PartId
from .dynacast import Dynacast
from .facts import DataProducerFact, ProducerFact
from .far_producer import FarDataProducer, FarProducer
from .pipe_checks import Checks
from .pipe_export import Source
from .pipe_exports import Exports
from .pipe_imports import Imports
from .pipe_link import Link
from .pipe_links import Links
from .pipe_messages import Check, Checked, Connect, Connected, Open, Opened, Tell
from .pipe_records import LinkRecord, PipesRecord

if TYPE_CHECKING:
    from loguru import Logger

F = TypeVar("F", FarProducer, FarDataProducer)

#: Seconds for which something stays that nobody wants any more: people look away, and back.
LINGER = 5.0


class Pipes:
    """
    Of the part ``part_id`` of a room, whose router is what ``router`` gives.

    ``on_arrive`` fires for audio and video of another part that is here now; it may have another id here. Two parts
    make a pair of transports when one of them wants something of the other's, and each producer goes through it once,
    however many want it, until nobody did for ``linger`` seconds. Where many parts want the same, they have it from
    each other.
    """

    def __init__(
        self,
        room_id: str,
        part_id: PartId,
        router: Callable[[], Router],
        bus: Bus,
        dynacast: Dynacast,
        settings: Settings,
        log: Logger,
        *,
        linger: float = LINGER,
    ) -> None:
        #: Fires when there are others than before: :attr:`record` says which.
        self.on_change: Signal[()] = Signal()
        self._router = router
        self._linger = linger
        self._tidying: asyncio.TimerHandle | None = None
        self._process = new_id()
        self._links = Links(room_id, part_id, bus, lambda: self.id, router, settings, linger, self.on_change.emit, log)
        self._imports = Imports(self._links, dynacast, linger, self.on_change.emit, log)
        most = settings.limits.max_pipes_per_router
        self._exports = Exports(self._find, self._local, dynacast, most, self.on_change.emit, log)
        self._checks = Checks(self._links, self._imports, self._exports, log)
        #: Whether there may be pipes from before this process began, and with which other parts they were compared.
        self._adopted, self._compared = False, set[PartId]()

    @property
    def id(self) -> str:
        """What others know these pipes by: another after the worker died, or when another process has the part."""
        return f"{self._process}/{self._router().id}"

    @property
    def on_arrive(self) -> Signal[FarProducer, Producer]:
        """What is here now, by the pipe it came through."""
        return self._imports.on_arrive

    @property
    def record(self) -> PipesRecord:
        """What the next process has to know, to :meth:`adopt` them."""
        links = {
            link.transport.id: LinkRecord(
                id=link.id,
                part=link.part,
                other=link.other,
                ours=link.ours,
                imports=self._imports.records(link),
                exports=self._exports.records(link),
            )
            for link in self._links
        }
        return PipesRecord(self._process, links)

    def adopt(self, record: PipesRecord) -> None:
        """
        Go on with the pipes of an earlier process, as far as they are in the worker; what is not in the record ends.

        To be called right before it is told what other parts there are. They do not notice; the pipes to those that are
        not there any more are closed a little later.
        """
        self._adopted, self._process = True, record.process
        owners_ids = {
            each.local_id: each.producer_id for link in record.links.values() for each in link.imports.values()
        }
        for transport_id, each in record.links.items():
            transport = self._router().transports.get(transport_id)
            if isinstance(transport, PipeTransport):
                self._adopt(self._links.adopt(each, transport), each, owners_ids)

        self._tidying = asyncio.get_running_loop().call_later(self._linger, self._tidy)

    @property
    def carried(self) -> tuple[int, int]:
        """How many producers of other parts are here now, and how many are sent to others, counted for each of them."""
        return len(self._imports), len(self._exports)

    def far_producer(self, part: PartId, fact: ProducerFact) -> FarProducer:
        """Have audio or video of another part brought here when somebody wants it."""
        far = FarProducer(
            fact.id, part, kind=fact.kind, type=fact.type, paused=fact.paused, app_data=dict(fact.app_data)
        )
        return self._add(far)

    def far_data_producer(self, part: PartId, fact: DataProducerFact) -> FarDataProducer:
        """Have a data channel of another part brought here when somebody wants it."""
        return self._add(FarDataProducer(fact.id, part, dict(fact.app_data)))

    def _add(self, far: F) -> F:
        self._imports.add(far)
        if far.local is not None:
            self._exports.relay(far)
        return far

    def refresh(self, producer_id: str) -> None:
        """Have other parts see something start anew: it comes by another way, and what was on the old one is lost."""
        self._exports.refresh(producer_id)

    def found(self, part: PartId, pipes_id: str) -> None:
        """Take in what another part's pipes are known by now: with what was before, nothing leads there any more."""
        self._links.found(part, pipes_id)
        if self._adopted and part not in self._compared:
            self._compared.add(part)
            self._checks.begin(part)

    def gone(self, part: PartId) -> None:
        """Take in that another part is no more."""
        self._checks.stop(part)
        self._links.gone(part)

    def check(self) -> None:
        """See whether the other ends are there: while the bus did not answer, this part may have counted as lost."""
        for part in {link.part for link in self._links}:
            self._checks.begin(part)

    def close(self) -> None:
        """End them all."""
        self._stop()
        self._links.close()

    def let_go(self) -> None:
        """Do no more, and leave in the worker what is there."""
        self._stop()
        self._links.let_go()

    # What other parts ask

    async def connect(self, request: Connect) -> Connected:
        """Make this end of a pair. Raises Unavailable."""
        return await self._links.accept(request)

    async def open(self, request: Open) -> Opened:
        """Send a producer through a link. Raises NotFound if there is no such link, and Unavailable."""
        far = self._imports.find(request.producer_id)
        if far is not None and far.wanted and far.local is None:
            # Where many begin to want the same at once, this part is named to others before it has it.
            await self._imports.wait_for(far)
        return await self._exports.open(self._links.get(request.link), request)

    async def tell(self, news: Tell) -> None:
        """Take in news of the other end of a link. Raises NotFound if there is no such link."""
        link = self._links.get(news.link)
        self._exports.wish(link, news.wishes)
        self._imports.ended(link, news.ended)

    async def check_with(self, request: Check) -> Checked:
        """Compare the links of the sender with ours, and close what only one of us has."""
        return self._checks.answer(request)

    def _tidy(self) -> None:
        """End what was adopted and belongs to nobody."""
        self._imports.close_unclaimed()
        for link in self._links:
            if link.part not in self._compared:
                link.close()

    def _stop(self) -> None:
        self._checks.close()
        self._imports.close()
        if self._tidying is not None:
            self._tidying.cancel()

    def _adopt(self, link: Link, record: LinkRecord, owners_ids: Mapping[str, str]) -> None:
        known = {each.local_id for each in record.imports.values()}
        known |= {id for each in record.exports.values() for id in each.consumer_ids}
        carried = link.transport
        children: list[WorkerObject] = [*carried.producers.values(), *carried.data_producers.values()]
        children += [*carried.consumers.values(), *carried.data_consumers.values()]
        for child in children:
            if child.id not in known:
                child.close()
        self._imports.adopt(link, record.imports)
        self._exports.adopt(link, record.exports, owners_ids)

    def _find(self, producer_id: str) -> Source | None:
        if (far := self._imports.find(producer_id)) is not None:
            return None if far.local is None else (far.local, far)
        producer = self._local(producer_id)
        return None if producer is None else (producer, None)

    def _local(self, id: str) -> Producer | DataProducer | None:
        router = self._router()
        return router.producers.get(id) or router.data_producers.get(id)
