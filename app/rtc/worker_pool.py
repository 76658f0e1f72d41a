"""The workers of this node, one a slot, each ready to take rooms."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from loguru import logger

from app.config import Settings
from app.errors import Unavailable
from app.mediasoup.data_structures import ListenInfo
from app.mediasoup.errors import MediasoupError
from app.mediasoup.signal import Signal
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.worker import Worker

from .interfaces import AttachedWorker, RecordsUnavailable, WorkerSource
from .placement import Capacity, pick_worker
from .waiting import Backoff, until

#: Seconds that a worker has to answer before it counts as ill.
ANSWER_TIMEOUT = 2.0
#: Seconds after the start that a source has to be there, and all its workers, for what was left in them to be waited
#: for. A source that is not there at once has nothing: workers die with it.
SOURCE_PATIENCE, PATIENCE = 2.0, 10.0
#: Seconds for which a count of consumers is good: it takes a look at all transports, and everybody who comes asks.
COUNT_EVERY = 0.1
#: Bytes that the kernel may keep of what came for a worker, and of what it sends: all its clients share one UDP port,
#: and the 208 KiB of Linux last for some ninety packets, which is less than a moment without the processor. Linux gives
#: no more than ``net.core.rmem_max`` and ``wmem_max``, see docs/reliability.md.
SOCKET_BUFFER = 4 * 1_024 * 1_024
#: Seconds between tries to make a worker ready. The first are short: a slot should be back within 2 s.
FIRST_DELAY, LONGEST_DELAY = 0.1, 2.0


@dataclass(slots=True, eq=False)
class PooledWorker:
    """
    A worker that takes rooms.

    ``rooms`` and ``peers`` are its load, counted by the rooms themselves; ``cpu`` is the share of a core that it used
    of late, as :class:`app.rtc.worker_loads.WorkerLoads` measures it.
    """

    slot: int
    incarnation: str
    worker: Worker
    webrtc_server: WebRtcServer
    rooms: int = 0
    peers: int = 0
    cpu: float = 0.0

    _consumers: int = 0
    _counted_at: float = -math.inf

    @property
    def consumers(self) -> int:
        """How many there are of audio and video, those that feed other workers included; or were a moment ago."""
        now = time.monotonic()
        if now - self._counted_at > COUNT_EVERY:
            routers = self.worker.routers.values()
            transports = (transport for router in routers for transport in router.transports.values())
            self._consumers, self._counted_at = sum(len(transport.consumers) for transport in transports), now
        return self._consumers


class Heir(Protocol):
    """Goes on with what an earlier process left in workers: :class:`app.rtc.adoption.Heir`."""

    async def take_over(self, attached: AttachedWorker) -> None:
        """Take over what is to go on, and close all else that is in a worker."""

    def settle(self, home: PooledWorker) -> None:
        """Let rooms be there again: their worker is ready."""


@dataclass(frozen=True, slots=True)
class SlotHealth:
    """Whether the worker of a slot answers, and if not, why."""

    slot: int
    problem: str | None = None

    @property
    def ok(self) -> bool:
        return self.problem is None


class WorkerPool:
    """
    Keeps the worker of each slot attached and its WebRTC server listening, from :meth:`start` to :meth:`close`.

    A slot whose worker died stays empty until the source has another; rooms learn of it from their routers. ``heir``
    takes over what an earlier process left in the workers; without one it is closed.
    """

    def __init__(self, source: WorkerSource, settings: Settings) -> None:
        self.heir: Heir | None = None
        self._source = source
        self._settings = settings
        self._capacity = Capacity.of(settings)
        #: The loop's time; ``None`` before the start, and when nothing of an earlier process can come any more.
        self._started: float | None = None
        self._closing = False
        self._workers: dict[int, PooledWorker] = {}
        self._problems: dict[int, str] = {}
        self._keepers: dict[int, asyncio.Task[None]] = {}
        self._checking: asyncio.Task[list[SlotHealth]] | None = None
        self._changed: Signal[()] = Signal()

    @property
    def release(self) -> str | None:
        """The mediasoup release of the workers; ``None`` until they are known."""
        return self._source.release

    @property
    def workers(self) -> list[PooledWorker]:
        """Those that take rooms now."""
        return list(self._workers.values())

    def start(self) -> None:
        """Begin to attach to workers; returns at once."""
        self._started = asyncio.get_running_loop().time()
        self._source.on_slots.add(self._slots_changed)
        self._slots_changed(self._source.slots)

    async def close(self) -> None:
        """Let go of all workers; what was made in them is closed."""
        self._closing = True
        await self.let_go()

    async def let_go(self) -> None:
        """Let go of all workers, and leave what is in those that outlive this process."""
        self._source.on_slots.remove(self._slots_changed)
        keepers = tuple(self._keepers.values())
        self._slots_changed(())
        if self._checking is not None:
            self._checking.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)

    def choose(self, serving: Collection[int] = ()) -> PooledWorker:
        """
        Give the worker for who comes to a room that those in the slots ``serving`` have, or to a new room.

        :raises Unavailable: there is none at the moment
        """
        worker = pick_worker(self._workers.values(), self._capacity, serving)
        if worker is None:
            raise Unavailable("no worker is ready; try again in a moment")
        return worker

    async def wait_ready(self) -> None:
        """Wait until there is a worker in every slot."""
        await until(lambda: bool(self._keepers) and self._keepers.keys() <= self._workers.keys(), self._changed)

    async def wait_settled(self) -> None:
        """Wait until all that an earlier process left is there again; for a while after the start only."""
        started = self._started
        if self.heir is None or started is None:
            return
        try:
            async with asyncio.timeout_at(started + SOURCE_PATIENCE):
                await until(lambda: bool(self._keepers), self._changed)
            async with asyncio.timeout_at(started + PATIENCE):
                await self.wait_ready()
        except TimeoutError:
            logger.debug("going on without some workers")
        self._started = None

    async def wait_any(self) -> None:
        """Wait until there is a worker at all."""
        await until(lambda: bool(self._workers), self._changed)

    async def check(self) -> list[SlotHealth]:
        """Ask every worker for a sign of life. Callers at the same time share the answers."""
        if self._checking is None:
            self._checking = asyncio.create_task(self._check_all(), name="checking workers")
            self._checking.add_done_callback(lambda _: self._forget_check())
        return await asyncio.shield(self._checking)

    def _forget_check(self) -> None:
        self._checking = None

    async def _check_all(self) -> list[SlotHealth]:
        return await asyncio.gather(*map(self._check_slot, sorted(self._keepers)))

    async def _check_slot(self, slot: int) -> SlotHealth:
        pooled = self._workers.get(slot)
        if pooled is None:
            return SlotHealth(slot, self._problems.get(slot, "no worker runs"))
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await pooled.worker.get_resource_usage()
        except TimeoutError:
            return SlotHealth(slot, f"no answer in {ANSWER_TIMEOUT:g} s")
        except MediasoupError as error:
            return SlotHealth(slot, str(error))
        return SlotHealth(slot)

    def _slots_changed(self, slots: Iterable[int]) -> None:
        wanted = set(slots)
        for slot in wanted - set(self._keepers):
            self._keepers[slot] = asyncio.create_task(self._keep(slot), name=f"keeping worker {slot}")
        for slot in set(self._keepers) - wanted:
            self._keepers.pop(slot).cancel()
        self._changed.emit()

    async def _keep(self, slot: int) -> None:
        """Keep a worker ready in ``slot``, for ever."""
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        while True:
            try:
                await self._keep_one(slot, backoff)
            except Exception as error:
                # Also a mistake of ours must not cost the slot.
                expected = isinstance(error, (MediasoupError, RecordsUnavailable, TimeoutError))
                logger.opt(exception=not expected).error("worker {} can't be used: {}", slot, error)
                self._problems[slot] = str(error)
                await asyncio.sleep(backoff.next())

    async def _keep_one(self, slot: int, backoff: Backoff) -> None:
        """Attach to the next worker, and offer it until it closes."""
        attached = await self._source.attach(slot)
        try:
            server = await self._prepare(attached)
            backoff.reset()
            await self._offer(attached, server)
        finally:
            # Unless it is wanted that calls end, they go on: with the next try, or the next process.
            (attached.worker.close if self._closing else attached.worker.let_go)()

    async def _prepare(self, attached: AttachedWorker) -> WebRtcServer:
        """Take over what an earlier process left in the worker, or clear it away, and see that its sockets are open."""
        worker, settings = attached.worker, self._settings
        if self.heir is not None:
            await self.heir.take_over(attached)
            for server in worker.webrtc_servers.values():
                return server
        elif leftovers := await worker.close_leftovers():
            logger.info("worker {}: closed {} leftovers of an earlier run", attached.slot, leftovers)
        port = settings.rtc_port + attached.slot
        return await worker.create_webrtc_server(
            listen_infos=[
                ListenInfo(
                    protocol=protocol,
                    ip=settings.rtc_ip,
                    port=port,
                    announced_address=settings.announced_address,
                    send_buffer_size=SOCKET_BUFFER if protocol == "udp" else 0,
                    recv_buffer_size=SOCKET_BUFFER if protocol == "udp" else 0,
                )
                for protocol in ("udp", "tcp")
            ]
        )

    async def _offer(self, attached: AttachedWorker, server: WebRtcServer) -> None:
        """Let rooms have the worker until it closes."""
        slot, worker = attached.slot, attached.worker
        pooled = PooledWorker(slot, attached.incarnation, worker, server)
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def forget() -> None:
            # At once, not when the keeper runs again: nobody may choose a worker that is gone.
            del self._workers[slot]
            self._changed.emit()
            if not ended.done():
                ended.set_result(None)

        worker.on_died.add(lambda reason: self._died(pooled, reason))
        worker.on_close.add(forget)
        self._workers[slot] = pooled
        if self.heir is not None:
            self.heir.settle(pooled)
        self._problems.pop(slot, None)
        logger.info("worker {} is ready (pid {})", slot, worker.pid)
        self._changed.emit()
        await ended

    def _died(self, pooled: PooledWorker, reason: str) -> None:
        logger.error("worker {} (pid {}) is lost: {}", pooled.slot, pooled.worker.pid, reason)
        self._problems[pooled.slot] = reason
