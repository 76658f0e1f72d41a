"""Several nodes in one process, on one worker: each has its own parts of rooms."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth.grants import Grants
from app.bus.in_process import InProcessBus, InProcessHub
from app.bus.redis_bus import RedisBus
from app.config import Settings
from app.rtc.bus import Node
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from tests.redis_server import RedisServer

from .fakes import FakeClient, until
from .parameters import give_transports
from .people import ANYBODY, Person, anybody, join

KITCHEN = RoomConfig(id="kitchen")
#: Marks tests that run in one process, and then over Redis.
OVER_BOTH = pytest.mark.parametrize("redis", ["process", "redis"], indirect=True)
#: Seconds of a lease.
LEASE = 1.0


class TestNode:
    """A node: its bus, and its rooms."""

    __test__ = False

    def __init__(
        self, name: str, hub: InProcessHub, pool: WorkerPool, settings: Settings, redis: RedisServer | None = None
    ) -> None:
        self.name = name
        self.bus: InProcessBus | RedisBus = InProcessBus(name, self._describe, hub)
        if redis is not None:
            self.bus = RedisBus(redis.url, name, self._describe, LEASE)
        self.rooms = RoomManager(pool, settings, bus=self.bus)

    def _describe(self) -> Node:
        return Node(id=self.name, epoch=0, region="", url=None, media_ip="127.0.0.1", version="test")

    async def room(self, config: RoomConfig = KITCHEN) -> Room:
        """Give the part of a room that newcomers go to here."""
        return await self.rooms.get_or_create(config)

    async def enter(
        self,
        name: str,
        /,
        grants: Grants = ANYBODY,
        *,
        config: RoomConfig = KITCHEN,
        id: str | None = None,
        **more: Any,
    ) -> Person:
        """Let somebody in here who has not joined yet."""
        client = FakeClient()
        room = await self.room(config)
        return room.enter(id or name, client, anybody(name, grants, **more)), client

    async def arrive(self, name: str, /, grants: Grants = ANYBODY, **more: Any) -> Person:
        """Let somebody in here, with transports, and join."""
        peer, client = await self.enter(name, grants, **more)
        await give_transports(peer, sctp=True)
        join(await self.room(), peer)
        return peer, client


class Nodes:
    """All nodes of a test: connected by ``hub`` in this process, or over Redis."""

    def __init__(self, pool: WorkerPool, settings: Settings, redis: RedisServer | None = None) -> None:
        self.hub = InProcessHub()
        self._redis = redis
        self._pool = pool
        self._settings = settings
        self._nodes: dict[str, TestNode] = {}

    async def start(self, *names: str) -> list[TestNode]:
        """Start nodes with these names."""
        started = [TestNode(name, self.hub, self._pool, self._settings, self._redis) for name in names]
        for node in started:
            await node.bus.start()
            self._nodes[node.name] = node
        await until(lambda: all(node.bus.nodes.keys() == self._nodes.keys() for node in self._nodes.values()))
        return started

    async def left_on_the_bus(self) -> list[str]:
        """Give what there is of rooms."""
        if self._redis is None:
            return list(self.hub.rooms)
        return [key for key in await self._redis.keys() if key.startswith(("connect:room:", "connect:tail:"))]

    def all_know(self, count: int) -> bool:
        """Whether all parts of all rooms know of so many people, joined or not."""
        parts = [part for node in self._nodes.values() for part in node.rooms.rooms]
        return all(len(part.connected) + len(part.elsewhere) == count for part in parts)

    def all_see(self, count: int) -> bool:
        """Whether so many people are in the call for all parts of all rooms."""
        parts = [part for node in self._nodes.values() for part in node.rooms.rooms]
        return all(len(part.peers) + sum(1 for _ in part.elsewhere.joined) == count for part in parts)

    async def close(self) -> None:
        """End all of them."""
        for node in self._nodes.values():
            await node.rooms.close()
            await node.bus.close()
