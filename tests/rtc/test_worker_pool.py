from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator

import pytest

from app.config import Settings
from app.errors import Unavailable
from app.mediasoup.worker import Worker
from app.rtc import worker_pool as worker_pool_module
from app.rtc.interfaces import AttachedWorker
from app.rtc.worker_pool import SlotHealth, WorkerPool
from app.sidecar import Sidecar
from tests.conftest import SidecarProcess

from .fakes import SpawnedWorkers, until


@pytest.fixture
async def sidecar(sidecar_process: SidecarProcess) -> AsyncIterator[Sidecar]:
    sidecar = Sidecar(sidecar_process.run_dir)
    sidecar.start()
    yield sidecar
    await sidecar.close()


@pytest.fixture
async def sidecar_pool(sidecar: Sidecar, server_settings: Settings) -> AsyncIterator[WorkerPool]:
    """A pool over the two workers of a real sidecar."""
    pool = WorkerPool(sidecar, server_settings)
    pool.start()
    await ready(pool)
    yield pool
    await pool.close()


async def ready(pool: WorkerPool) -> None:
    async with asyncio.timeout(20):
        await pool.wait_ready()


class Failing(SpawnedWorkers):
    """A source that fails as often as ``failures`` says, by a mistake that nobody expects."""

    failures = 2

    async def attach(self, slot: int) -> AttachedWorker:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("a mistake")
        return await super().attach(slot)


# One slot, filled by the tests themselves.


async def test_each_worker_listens_on_udp_and_tcp_at_the_port_of_its_slot(pool: WorkerPool, settings: Settings) -> None:
    (pooled,) = pool.workers
    dump = await pooled.webrtc_server.dump()
    assert [(each.ip, each.port) for each in dump.udp_sockets] == [("127.0.0.1", settings.rtc_port)]
    assert [(each.ip, each.port) for each in dump.tcp_servers] == [("127.0.0.1", settings.rtc_port)]


async def test_a_worker_is_chosen_by_load_and_only_while_there_is_one(
    pool: WorkerPool, workers: SpawnedWorkers
) -> None:
    chosen = pool.choose()
    assert (chosen.slot, chosen.rooms, chosen.peers) == (0, 0, 0)
    await pool.close()
    with pytest.raises(Unavailable, match="no worker"):
        pool.choose()


async def test_a_worker_that_is_full_takes_no_more_as_long_as_another_can(sidecar_pool: WorkerPool) -> None:
    choose = sidecar_pool.choose
    assert (choose().slot, choose(serving={1}).slot) == (0, 1)
    choose().cpu = 0.9
    assert (choose().slot, choose(serving={0}).slot) == (1, 1)
    choose().cpu = 0.9
    assert (choose().slot, choose(serving={1}).slot) == (0, 1)


async def test_a_worker_that_dies_is_gone_at_once_and_another_follows(
    pool: WorkerPool, workers: SpawnedWorkers
) -> None:
    (first,) = pool.workers
    seen: list[int] = []
    first.worker.on_close.add(lambda: seen.append(len(pool.workers)))
    os.kill(first.worker.pid, signal.SIGKILL)
    await until(lambda: first.worker.died)
    assert seen == [0]
    await ready(pool)
    (second,) = pool.workers
    assert second.worker.pid != first.worker.pid
    assert (second.rooms, second.peers) == (0, 0)


async def test_a_port_that_is_still_taken_is_tried_again(workers: SpawnedWorkers, settings: Settings) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", settings.rtc_port))
        pool = WorkerPool(workers, settings)
        pool.start()
        await until(lambda: len(workers.spawned) > 1)
        assert pool.workers == []
        (slot,) = await pool.check()
        assert not slot.ok
        assert "in use" in str(slot.problem)
    await ready(pool)
    assert await pool.check() == [SlotHealth(0)]
    await pool.close()


async def test_a_mistake_of_ours_does_not_cost_the_slot(settings: Settings) -> None:
    source = Failing()
    pool = WorkerPool(source, settings)
    pool.start()
    await ready(pool)
    await pool.close()
    for worker in source.spawned:
        await worker.wait_exited()


async def test_slots_come_and_go(pool: WorkerPool, workers: SpawnedWorkers) -> None:
    workers.slots = (0, 1)
    workers.on_slots.emit(workers.slots)
    await ready(pool)
    assert sorted(each.slot for each in pool.workers) == [0, 1]
    workers.slots = (1,)
    workers.on_slots.emit(workers.slots)
    await until(lambda: [each.slot for each in pool.workers] == [1])


async def test_a_worker_that_does_not_answer_is_ill(
    pool: WorkerPool, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool_module, "ANSWER_TIMEOUT", 0.1)
    os.kill(worker.pid, signal.SIGSTOP)
    first, second = await asyncio.gather(pool.check(), pool.check())
    assert first == [SlotHealth(0, "no answer in 0.1 s")]
    assert second is first
    os.kill(worker.pid, signal.SIGCONT)
    monkeypatch.undo()
    assert await pool.check() == [SlotHealth(0)]


async def test_a_slot_without_worker_is_ill_and_no_slots_are_no_answer(settings: Settings) -> None:
    class Empty(SpawnedWorkers):
        slots = ()

        async def attach(self, slot: int) -> AttachedWorker:
            await asyncio.Event().wait()
            raise AssertionError

    source = Empty()
    source.slots = ()
    pool = WorkerPool(source, settings)
    pool.start()
    assert await pool.check() == []
    source.on_slots.emit((0,))
    assert await pool.check() == [SlotHealth(0, "no worker runs")]
    await pool.close()


async def test_closing_lets_go_of_workers_and_ends_every_task(workers: SpawnedWorkers, settings: Settings) -> None:
    before = asyncio.all_tasks()
    pool = WorkerPool(workers, settings)
    pool.start()
    await ready(pool)
    await pool.close()
    assert asyncio.all_tasks() == before
    assert [worker.closed for worker in workers.spawned] == [True]
    assert pool.workers == []
    workers.on_slots.emit((0,))
    assert asyncio.all_tasks() == before


# Two slots of a real sidecar.


async def test_a_slot_is_back_within_two_seconds_of_kill_9_and_the_other_notices_nothing(
    sidecar_pool: WorkerPool,
) -> None:
    victim, other = sorted(sidecar_pool.workers, key=lambda each: each.slot)
    router = await other.worker.create_router()
    killed_at = time.monotonic()
    os.kill(victim.worker.pid, signal.SIGKILL)
    await until(lambda: victim not in sidecar_pool.workers)
    await ready(sidecar_pool)
    assert time.monotonic() - killed_at < 2
    assert all(slot.ok for slot in await sidecar_pool.check())
    assert other in sidecar_pool.workers
    assert not router.closed


async def test_what_an_earlier_app_left_in_a_worker_is_closed(
    sidecar: Sidecar, server_settings: Settings, sidecar_process: SidecarProcess
) -> None:
    attached = await sidecar.attach(0)
    await attached.worker.create_router()
    # Whoever held the worker vanishes: another takes over, and the first gets no chance to tidy up.
    successor = await sidecar.attach(0)
    assert len((await successor.worker.dump()).router_ids) == 1

    pool = WorkerPool(sidecar, server_settings)
    pool.start()
    await ready(pool)
    pooled = next(each for each in pool.workers if each.slot == 0)
    dump = await pooled.worker.dump()
    assert dump.router_ids == []
    assert dump.web_rtc_server_ids == [pooled.webrtc_server.id]
    await pool.close()


async def test_closing_leaves_workers_to_the_sidecar_with_nothing_in_them(
    sidecar: Sidecar, sidecar_pool: WorkerPool
) -> None:
    pids = {each.slot: each.worker.pid for each in sidecar_pool.workers}
    await sidecar_pool.choose().worker.create_router()
    await sidecar_pool.close()
    for slot, pid in pids.items():
        attached = await sidecar.attach(slot)
        assert attached.worker.pid == pid
        dump = await attached.worker.dump()
        assert (dump.router_ids, dump.web_rtc_server_ids) == ([], [])
        attached.worker.close()


async def test_the_release_comes_from_the_source(pool: WorkerPool) -> None:
    assert pool.release == "3.27.1"
