"""How busy the workers are, measured from time to time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from app.mediasoup.errors import MediasoupError

from .bus import WorkerLoad
from .tasks import TaskSet
from .worker_pool import ANSWER_TIMEOUT, PooledWorker, WorkerPool

#: Seconds between two looks: the share of a core is that of this time.
LOOK_EVERY = 2.0


@dataclass(frozen=True, slots=True)
class Usage:
    """How long a worker had computed, in seconds, at a time of the loop."""

    seconds: float
    at: float


class WorkerLoads:
    """Keeps the ``cpu`` of the workers in ``pool`` right, from :meth:`start` to :meth:`close`."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._usages: dict[PooledWorker, Usage] = {}
        self._tasks = TaskSet()

    def current(self) -> tuple[WorkerLoad, ...]:
        """Give those of all workers, by their slots."""
        workers = sorted(self._pool.workers, key=lambda worker: worker.slot)
        return tuple(
            WorkerLoad(
                slot=worker.slot,
                cpu=round(worker.cpu, 3),
                consumers=worker.consumers,
                rooms=worker.rooms,
                peers=worker.peers,
            )
            for worker in workers
        )

    def start(self) -> None:
        self._tasks.start(self._watch(), name="measuring workers")

    def close(self) -> None:
        self._tasks.cancel()

    async def look(self) -> None:
        """Measure each worker since the last look."""
        workers = self._pool.workers
        self._usages = {worker: usage for worker, usage in self._usages.items() if worker in workers}
        await asyncio.gather(*map(self._look_at, workers))

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def _look_at(self, worker: PooledWorker) -> None:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                used = await worker.worker.get_resource_usage()
        except TimeoutError:
            # It has no time even for this.
            worker.cpu = 1.0
            return
        except MediasoupError:
            # It is gone, or about to be: the pool hears of that by itself.
            return
        now = Usage((used.ru_utime + used.ru_stime) / 1_000, asyncio.get_running_loop().time())
        before = self._usages.get(worker)
        self._usages[worker] = now
        if before is not None and now.at > before.at:
            worker.cpu = min(1.0, (now.seconds - before.seconds) / (now.at - before.at))
