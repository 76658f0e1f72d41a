"""Fixtures of the signaling tests: a real HTTP server, with rooms on a real worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from app.config import Settings
from app.rtc import sessions
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from app.signaling.endpoint import Signaling
from app.web.application import make_application
from tests.rtc.room_fixtures import pool, rooms, settings, worker, workers

from .client import ProtooClient
from .gates import TestGate, everybody

__all__ = ["pool", "rooms", "settings", "worker", "workers"]

Connect = Callable[..., Awaitable[ProtooClient]]


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def gate() -> TestGate:
    """Open to everybody, with rooms and tokens that a test may add."""
    return TestGate()


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those whose socket and media are gone leave at once."""
    monkeypatch.setattr(sessions, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(sessions, "GHOST_AFTER", 0.1)


@pytest.fixture
async def signaling(rooms: RoomManager, gate: TestGate, settings: Settings) -> AsyncIterator[Signaling]:
    signaling = Signaling(rooms, gate, settings, everybody)
    yield signaling
    await signaling.close()


@pytest.fixture
async def url(signaling: Signaling, pool: WorkerPool, settings: Settings) -> AsyncIterator[str]:
    """Where the server's websocket is."""
    async with TestServer(make_application(pool, signaling.handle, settings)) as server:
        yield str(server.make_url("/ws"))
        await signaling.close()


@pytest.fixture
async def connect(http: ClientSession, url: str) -> AsyncIterator[Connect]:
    """Connect a client: ``await connect("ada")``, with secrets ``await connect("ada", token=…, resume=…)``."""
    clients: list[ProtooClient] = []

    async def connect(
        peer: str, room: str = "kitchen", token: str | None = None, resume: str | None = None
    ) -> ProtooClient:
        clients.append(await ProtooClient.connect(http, url, room, peer, token, resume))
        return clients[-1]

    yield connect
    for client in clients:
        await client.close()
