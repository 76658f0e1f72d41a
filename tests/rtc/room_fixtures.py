"""Fixtures of domain and signaling: rooms on a real worker. Both packages' ``conftest`` take them from here."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest

from app.config import Settings
from app.mediasoup.worker import Worker
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from tests.ports import free_ports

from .fakes import SpawnedWorkers


@pytest.fixture
def settings() -> Settings:
    # One worker, and a port for one more slot, which a test may open.
    return dataclasses.replace(Settings(), workers=1, rtc_port=free_ports(2))


@pytest.fixture
async def workers() -> AsyncIterator[SpawnedWorkers]:
    workers = SpawnedWorkers()
    yield workers
    for worker in workers.spawned:
        worker.close()
        await worker.wait_exited()


@pytest.fixture
async def pool(workers: SpawnedWorkers, settings: Settings) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(workers, settings)
    pool.start()
    async with asyncio.timeout(10):
        await pool.wait_ready()
    yield pool
    await pool.close()


@pytest.fixture
def worker(pool: WorkerPool) -> Worker:
    return pool.workers[0].worker


@pytest.fixture
async def rooms(pool: WorkerPool, settings: Settings) -> AsyncIterator[RoomManager]:
    rooms = RoomManager(pool, settings)
    yield rooms
    await rooms.close()
