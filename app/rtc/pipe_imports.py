"""What comes through pipes from other parts of a room: what somebody here wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.mediasoup.data_producer import DataProducer
from app.mediasoup.errors import MediasoupError
from app.mediasoup.producer import Producer
from app.mediasoup.signal import Signal
from app.mediasoup.worker_object import new_id

from .bus import BusUnavailable, PartId, RequestFailed
from .dynacast import Dynacast
from .far_producer import AnyFar, FarDataProducer, FarProducer
from .pipe_link import Link
from .pipe_links import Links
from .pipe_messages import Open, Opened
from .pipe_receiving import Wishes, receive
from .pipe_records import ImportRecord
from .tasks import TaskSet
from .waiting import Backoff

if TYPE_CHECKING:
    from loguru import Logger

#: Seconds between tries to bring something.
FIRST_DELAY, LONGEST_DELAY = 0.1, 1.0
#: So many parts are asked one after the other, each of which names the next, until it begins anew with the owner's.
MOST_HOPS = 8
#: Seconds for which other parts wait for something that is on its way here: less than their requests take at most.
COMING = 1.0
#: Seconds for which nobody here must have wanted a layer until the other part is told, which has a patience of its own.
PATIENCE = 1.0


class Missing(Exception):
    """Whoever was said to have a producer has it not."""


@dataclass(slots=True)
class _Import:
    """Something that may be brought: ``task`` does so, and ``timer`` ends it when nobody wants it any more."""

    far: AnyFar
    task: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None

    def keep(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def stop(self) -> None:
        """Do not bring it, or not have it any more."""
        self.keep()
        if self.task is not None:
            self.task.cancel()
            # Who wants it again need not wait for its end.
            self.task = None
        if self.far.local is not None:
            self.far.local.close()


@dataclass(frozen=True, slots=True)
class _Here:
    """What comes in through ``link`` by ``name``; its owner calls it ``producer_id``."""

    link: Link
    name: str
    producer_id: str
    local: Producer | DataProducer


class Imports:
    """
    Of one part. Something is brought when somebody here wants it, again and again as long as that fails, and stays for
    ``linger`` seconds after the last one did. ``on_arrive`` fires for audio and video that is here now; ``changed`` is
    called with every change.
    """

    def __init__(
        self, links: Links, dynacast: Dynacast, linger: float, changed: Callable[[], None], log: Logger
    ) -> None:
        self.on_arrive: Signal[FarProducer, Producer] = Signal()
        self._links = links
        self._dynacast = dynacast
        self._linger = linger
        self._changed = changed
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._tasks = TaskSet()
        self._imports: dict[str, _Import] = {}
        #: By link and name.
        self._here: dict[tuple[str, str], _Here] = {}
        #: The links and names of what is on its way.
        self._coming: set[tuple[str, str]] = set()
        #: By the owner's id: what was here before this process began, until it is known of whom it is.
        self._adopted: dict[str, _Here] = {}
        self._stopped = False

    def __len__(self) -> int:
        return len(self._here)

    def add(self, far: AnyFar) -> None:
        """Bring it when it is wanted, until its owner ends it."""
        each = self._imports[far.id] = _Import(far)
        far.on_want.add(lambda: self._wanted(each))
        far.on_leave.add(lambda: self._left(each))
        far.on_close.add(lambda: self._closed(each))
        if (here := self._adopted.pop(far.id, None)) is not None:
            self._arrive(far, here)
            self._left(each)
            # Nobody knows of it yet.
            self._loop.call_soon(self._tell, far)

    def adopt(self, link: Link, records: Mapping[str, ImportRecord]) -> None:
        """Go on with what came through a link before this process began, until :meth:`close_unclaimed`."""
        transport = link.transport
        for name, record in records.items():
            id = record.local_id
            local = transport.producers.get(id) or transport.data_producers.get(id)
            if local is not None:
                self._adopted[record.producer_id] = self._has(link, name, record.producer_id, local)

    def close_unclaimed(self) -> None:
        """End what was adopted, and nobody has said since whose it is."""
        for here in tuple(self._adopted.values()):
            here.local.close()

    def names(self, link: Link) -> list[str]:
        """Give the names of all that comes through a link, or is about to."""
        return [name for id, name in (*self._here, *self._coming) if id == link.id]

    def records(self, link: Link) -> dict[str, ImportRecord]:
        """Give what the next process has to know of what comes through a link."""
        here = (each for each in self._here.values() if each.link is link)
        return {each.name: ImportRecord(each.producer_id, each.local.id) for each in here}

    def find(self, producer_id: str) -> AnyFar | None:
        """Give something of another part, whether it is here or not."""
        each = self._imports.get(producer_id)
        return None if each is None else each.far

    def ended(self, link: Link, names: Iterable[str]) -> None:
        """Take in that these come no more, though their owners have not ended them: they are fetched elsewhere."""
        for name in names:
            if (here := self._here.get((link.id, name))) is not None:
                here.local.close()

    def close(self) -> None:
        """Bring nothing more. What is here goes with the links."""
        self._stopped = True
        self._tasks.cancel()
        for each in self._imports.values():
            each.keep()

    def _wanted(self, each: _Import) -> None:
        each.keep()
        if (
            each.far.local is None
            and not (self._stopped or each.far.closed)
            and (each.task is None or each.task.done())
        ):
            each.task = self._tasks.start(self._bring(each), name=f"bringing producer {each.far.id}")

    def _left(self, each: _Import) -> None:
        each.keep()
        if not self._stopped:
            each.timer = self._loop.call_later(self._linger, each.stop)

    def _closed(self, each: _Import) -> None:
        each.stop()
        # Somebody who moved to another part may send what has the same id.
        if self._imports.get(each.far.id) is each:
            del self._imports[each.far.id]

    async def wait_for(self, far: AnyFar) -> None:
        """Wait for something that is on its way, for a while at most."""
        here = asyncio.Event()
        far.want(here, here.set)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(COMING):
                    await here.wait()
        finally:
            far.leave(here)

    async def _bring(self, each: _Import) -> None:
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        while True:
            try:
                return await self._fetch(each)
            except (BusUnavailable, RequestFailed, Missing, MediasoupError) as error:
                self._log.info("producer {} can't be fetched yet: {}", each.far.id, error)
            await asyncio.sleep(backoff.next())

    async def _fetch(self, each: _Import) -> None:
        """Ask its part for it, and whomever that names; raises all that :meth:`_bring` waits for the end of."""
        part, missing = each.far.part, list[PartId]()
        for _ in range(MOST_HOPS):
            link = await self._links.to(part)
            with link.used():
                answer = await self._fetch_through(each.far, link, missing)
            if answer.ask is not None:
                part = answer.ask
            elif each.far.local is not None:
                return
            elif part == each.far.part:
                raise Missing(f"{part} has it not")
            else:
                missing.append(part)
                part = each.far.part
        raise Missing(f"nobody has it of those who were said to, the last of whom was {part}")

    async def _fetch_through(self, far: AnyFar, link: Link, missing: list[PartId]) -> Opened:
        name = new_id()
        self._coming.add((link.id, name))
        try:
            answer = await self._open(link, name, far, missing)
            local = await receive(far, link, answer)
            if local is not None:
                self._arrive(far, self._has(link, name, far.id, local))
                self._tell(far)
        except BaseException:
            if not link.closed:
                # Whatever came of it.
                link.news.wish(name, None)
            raise
        finally:
            self._coming.discard((link.id, name))
        return answer

    async def _open(self, link: Link, name: str, far: AnyFar, missing: list[PartId]) -> Opened:
        try:
            return await self._links.ask(
                link.part, Open, Opened, link=link.id, export=name, producer_id=far.id, missing=missing
            )
        except RequestFailed as error:
            if error.code == "not_found":
                # The other end is gone; the next try makes another pair.
                link.close()
            raise

    def _has(self, link: Link, name: str, producer_id: str, local: Producer | DataProducer) -> _Here:
        here = self._here[link.id, name] = _Here(link, name, producer_id, local)
        link.carry(local)
        local.on_close.add(lambda: self._lost(here))
        self._changed()
        return here

    def _arrive(self, far: AnyFar, here: _Here) -> None:
        local = here.local
        if isinstance(far, FarProducer) and isinstance(local, Producer):
            if local.kind == "video":
                self._dynacast.watch(local, Wishes(here.link, here.name), PATIENCE)
            far.arrive(local)
        elif isinstance(far, FarDataProducer) and isinstance(local, DataProducer):
            far.arrive(local)

    def _tell(self, far: AnyFar) -> None:
        if isinstance(far, FarProducer) and far.local is not None:
            self.on_arrive.emit(far, far.local)

    def _lost(self, here: _Here) -> None:
        del self._here[here.link.id, here.name]
        self._adopted.pop(here.producer_id, None)
        if not here.link.closed:
            here.link.news.wish(here.name, None)
        self._changed()
        # In a moment, when everything else of the pipe is over, too.
        self._loop.call_soon(self._miss, here.producer_id)

    def _miss(self, producer_id: str) -> None:
        each = self._imports.get(producer_id)
        if each is not None and each.far.wanted:
            self._wanted(each)
