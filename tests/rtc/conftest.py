"""Fixtures of the domain's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.auth.grants import Grants
from app.config import Settings
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from tests.redis_server import RedisServer

from .nodes import Nodes
from .parameters import give_transports
from .people import ANYBODY, Arrive, Person, enter, join
from .room_fixtures import pool, rooms, settings, worker, workers

__all__ = ["arrive", "pool", "room", "rooms", "settings", "worker", "workers"]


@pytest.fixture
async def room(rooms: RoomManager) -> Room:
    return await rooms.get_or_create(RoomConfig(id="kitchen"))


@pytest.fixture
def arrive(room: Room) -> Arrive:
    """Let somebody in, with transports, and join."""

    async def arrive(name: str, /, grants: Grants = ANYBODY, *, dynacast: bool = False, **admission: Any) -> Person:
        peer, client = enter(room, name, grants, **admission)
        await give_transports(peer, sctp=True)
        join(room, peer, dynacast=dynacast)
        return peer, client

    return arrive


@pytest.fixture
def redis(request: pytest.FixtureRequest) -> RedisServer | None:
    """What connects nodes: none for what is in this process; ``over_both`` makes it both, one after the other."""
    if getattr(request, "param", None) != "redis":
        return None
    server: RedisServer = request.getfixturevalue("redis_server")
    return server


@pytest.fixture
async def nodes(pool: WorkerPool, settings: Settings, redis: RedisServer | None) -> AsyncIterator[Nodes]:
    """Several nodes that share a worker."""
    nodes = Nodes(pool, settings, redis)
    yield nodes
    await nodes.close()
