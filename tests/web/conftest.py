"""Fixtures of the HTTP edge's tests: the application over workers that the tests start themselves."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from app.config import Settings
from app.rtc.worker_pool import WorkerPool
from app.web.application import make_application
from tests.ports import free_port
from tests.rtc.fakes import SpawnedWorkers

Client = TestClient[web.Request, web.Application]
#: ``async with serve(settings, resources=[…], authenticate=…) as client:``
Serve = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def web_dir(tmp_path: Path) -> Path:
    """Where a built page would be."""
    return tmp_path / "dist"


@pytest.fixture
def web_settings(web_dir: Path) -> Settings:
    """Settings of the application; a test may want others."""
    return dataclasses.replace(Settings(), web_dir=web_dir)


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
def serve(pool: WorkerPool) -> Serve:
    """Serve an application; its websockets say what they are told, in capitals."""

    async def shout(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    @contextlib.asynccontextmanager
    async def serve(settings: Settings, **more: Any) -> AsyncIterator[Client]:
        async with TestClient(TestServer(make_application(pool, shout, settings, **more))) as client:
            yield client

    return serve


@pytest.fixture
async def client(serve: Serve, web_settings: Settings) -> AsyncIterator[Client]:
    """A client of the application with nothing special."""
    async with serve(web_settings) as client:
        yield client


@pytest.fixture
def build(web_dir: Path) -> Callable[[], None]:
    """Build a page."""

    def build() -> None:
        (web_dir / "assets").mkdir(parents=True)
        (web_dir / "docs").mkdir()
        (web_dir / "index.html").write_text("<!doctype html><title>Connect</title>")
        (web_dir / "assets/index-4f2a.js").write_text("join()")
        (web_dir / "docs/index.html").write_text("<!doctype html><title>Connect's API</title>")
        (web_dir / "docs/initializer.js").write_text("show()")
        (web_dir / "secret.txt").write_text("not for you")

    return build


async def error_in(answer: ClientResponse) -> dict[str, Any]:
    """Read an answer that is an error, in the one shape that all have."""
    body = await answer.json()
    error: dict[str, Any] = body["error"]
    assert set(error) == {"name", "message", "fields"}
    return error
