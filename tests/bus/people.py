"""Parts that write down what they are told, and nodes on either kind of bus."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from app.bus.in_process import InProcessBus, InProcessHub
from app.bus.redis_bus import RedisBus
from app.rtc.bus import Board, Node, PartId
from tests.redis_server import RedisServer
from tests.rtc.fakes import until

#: Seconds of a lease in tests.
LEASE = 1.0


class Somebody:
    """A part of a room. What it is told of others adds up to ``seen`` and ``agreed_on``."""

    board: Board

    def __init__(self, name: str) -> None:
        self.name = name
        self.own: dict[str, bytes] = {}
        self.told: list[tuple[Any, ...]] = []
        self.words: list[tuple[PartId, bytes]] = []
        self.asked = 0

    async def enter(self, bus: InProcessBus | RedisBus, room_id: str, slot: int = 0) -> Somebody:
        self.room_id, self.id = room_id, f"{bus.node_id}/{slot}"
        self.board = await bus.open(room_id, slot, self)
        return self

    def set(self, **facts: bytes | None) -> None:
        """Change facts; None takes one away."""
        self.own = {key: value for key, value in (self.own | facts).items() if value is not None}
        self.board.touch()

    async def change(self, **facts: bytes | None) -> None:
        """Change facts, and wait until they are written."""
        self.set(**facts)
        await self.board.flush()

    def facts(self) -> Mapping[str, bytes]:
        self.asked += 1
        return self.own

    def noted(self, part: PartId, key: str, value: bytes | None) -> None:
        self.told.append((part, key, value))

    def agreed(self, key: str, value: bytes) -> None:
        self.told.append((key, value))

    def heard(self, part: PartId, word: bytes) -> None:
        self.words.append((part, word))

    def sees(self) -> dict[PartId, dict[str, bytes]]:
        """Give what it knows of the others that said something."""
        return {part: dict(facts) for part, facts in self.board.others.items() if facts}


class Nodes:
    """Nodes of one bus."""

    def __init__(self) -> None:
        self.all: list[InProcessBus | RedisBus] = []

    async def start(self, node_id: str) -> InProcessBus | RedisBus:
        bus = self.make(node_id)
        self.all.append(bus)
        await bus.start()
        return bus

    def make(self, node_id: str) -> InProcessBus | RedisBus:
        raise NotImplementedError

    async def close(self) -> None:
        for bus in self.all:
            await bus.close()


class NodesInProcess(Nodes):
    """Nodes that share a process."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = InProcessHub()

    def make(self, node_id: str) -> InProcessBus:
        return InProcessBus(node_id, lambda: describe(node_id), self.hub)


class NodesOnRedis(Nodes):
    """Nodes that have a Redis in common."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__()
        self.server = server

    async def start(self, node_id: str) -> RedisBus:
        bus = await super().start(node_id)
        assert isinstance(bus, RedisBus)
        return bus

    def make(self, node_id: str) -> RedisBus:
        return RedisBus(self.server.url, node_id, lambda: describe(node_id), LEASE)

    async def kill(self, bus: RedisBus) -> None:
        """Have a node's process end without a word."""
        self.all.remove(bus)
        assert bus._running is not None
        bus._is_ending = True
        bus._running.cancel()
        with contextlib.suppress(BaseException):
            await bus._running

    async def see_each_other(self) -> None:
        """Wait until all nodes know all."""
        ids = {bus.node_id for bus in self.all}
        await until(lambda: all(bus.nodes.keys() == ids for bus in self.all))


def describe(node_id: str) -> Node:
    return Node(id=node_id, epoch=0, region="", url=None, media_ip="127.0.0.1", version="1")


async def agree_on_all(*people: Somebody, seconds: float = 5.0) -> None:
    """Wait until everybody knows of everybody else what that has to say, and all agree on what is common."""

    def do() -> bool:
        facts = {somebody.id: somebody.own for somebody in people if somebody.own}
        return all(
            somebody.sees() == {id: own for id, own in facts.items() if id != somebody.id}
            and somebody.board.common == people[0].board.common
            for somebody in people
        )

    try:
        await until(do, seconds=seconds)
    except TimeoutError:
        views = {somebody.id: (somebody.own, somebody.sees(), somebody.board.common) for somebody in people}
        raise AssertionError(f"they do not agree: {views}") from None
