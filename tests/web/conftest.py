"""Fixtures of the HTTP edge's tests: the application over workers that the tests start themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from app.config import Settings
from app.rtc.worker_pool import WorkerPool
from app.web.application import make_application
from tests.rtc.fakes import SpawnedWorkers, free_port

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def web_dir(tmp_path: Path) -> Path:
    """Where a built page would be."""
    return tmp_path / "dist"


@pytest.fixture
async def workers() -> AsyncIterator[SpawnedWorkers]:
    """No slots yet: a test that needs workers sets and tells them."""
    workers = SpawnedWorkers()
    workers.release, workers.slots = None, ()
    yield workers
    for worker in workers.spawned:
        worker.close()
        await worker.wait_exited()


@pytest.fixture
async def pool(workers: SpawnedWorkers) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(workers, dataclasses.replace(Settings(), rtc_port=free_port()))
    pool.start()
    yield pool
    await pool.close()


@pytest.fixture
async def client(pool: WorkerPool, web_dir: Path) -> AsyncIterator[Client]:
    """A client of the application; its websockets say what they are told, in capitals."""

    async def shout(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    async with TestClient(TestServer(make_application(pool, shout, web_dir))) as client:
        yield client


@pytest.fixture
def build(web_dir: Path) -> Callable[[], None]:
    """Build a page."""

    def build() -> None:
        (web_dir / "assets").mkdir(parents=True)
        (web_dir / "index.html").write_text("<!doctype html><title>Connect</title>")
        (web_dir / "assets/index-4f2a.js").write_text("join()")
        (web_dir / "secret.txt").write_text("not for you")

    return build
