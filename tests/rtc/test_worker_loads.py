from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from app.mediasoup.worker import Worker
from app.rtc import worker_loads
from app.rtc.worker_loads import WorkerLoads
from app.rtc.worker_pool import WorkerPool

from .fakes import SpawnedWorkers, until
from .parameters import produce_audio
from .people import Arrive


@pytest.fixture
async def loads(pool: WorkerPool) -> AsyncIterator[WorkerLoads]:
    loads = WorkerLoads(pool)
    yield loads
    loads.close()


async def keep_busy(worker: Worker, used: float) -> None:
    """Have a worker compute for so many seconds."""

    async def total() -> float:
        usage = await worker.get_resource_usage()
        return (usage.ru_utime + usage.ru_stime) / 1_000

    begun = await total()
    async with asyncio.timeout(20):
        while await total() < begun + used:
            await asyncio.gather(*(worker.dump() for _ in range(100)))


async def test_the_load_of_a_worker_is_its_share_of_a_core_since_the_last_look(
    loads: WorkerLoads, worker: Worker
) -> None:
    await keep_busy(worker, 0.05)
    await loads.look()
    assert loads.current()[0].cpu == 0
    before = asyncio.get_running_loop().time()
    await keep_busy(worker, 0.1)
    await loads.look()
    lasted = asyncio.get_running_loop().time() - before
    assert 0.05 / lasted < loads.current()[0].cpu <= 1


async def test_a_worker_that_does_not_answer_has_all_to_do(
    loads: WorkerLoads, pool: WorkerPool, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_loads, "ANSWER_TIMEOUT", 0.1)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        await loads.look()
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    assert pool.workers[0].cpu == 1


async def test_a_worker_that_is_lost_is_passed_over(
    loads: WorkerLoads, pool: WorkerPool, workers: SpawnedWorkers, worker: Worker
) -> None:
    await loads.look()
    worker.close()
    await loads.look()
    assert worker not in [pooled.worker for pooled in pool.workers]
    async with asyncio.timeout(10):
        await pool.wait_ready()
    await loads.look()
    assert [load.cpu for load in loads.current()] == [0]


async def test_it_tells_who_is_there_and_what_is_sent(loads: WorkerLoads, arrive: Arrive) -> None:
    ada, _ = await arrive("ada")
    await produce_audio(ada)
    await arrive("bob")
    await until(lambda: loads.current()[0].consumers)
    (load,) = loads.current()
    assert (load.slot, load.rooms, load.peers, load.consumers) == (0, 1, 2, 1)


async def test_it_looks_by_itself(loads: WorkerLoads, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_loads, "LOOK_EVERY", 0.01)
    loads.start()
    busy = asyncio.create_task(keep_busy(worker, 0.3))
    await until(lambda: loads.current()[0].cpu > 0)
    await busy
