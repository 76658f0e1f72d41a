"""Whatever parts do, in any order and with anything going wrong: in the end all know the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

import pytest

from app.bus.redis_bus import RedisBus
from app.rtc.bus import BusUnavailable
from tests.bus.people import Nodes, NodesOnRedis, Somebody, agree_on_all
from tests.rtc.fakes import until

STEPS = 400
SEEDS = 2
ROOMS = ("r", "s")
KEYS = ("name", "hand", "role", "track")


class Crowd:
    """People who come, say things and go, as a random generator has it."""

    def __init__(self, nodes: Nodes, seed: int) -> None:
        self.random = random.Random(seed)
        self.nodes = nodes
        self.present: dict[tuple[str, str], Somebody] = {}
        self.words = 0

    async def step(self) -> None:
        """Have one of them do something."""
        doing = self.random.choices(
            (self.come, self.set, self.agree, self.say, self.go, self.hand_over, self.wait), (8, 20, 8, 20, 3, 1, 10)
        )[0]
        await doing()

    async def come(self) -> None:
        bus = self.random.choice(self.nodes.all)
        room, slot = self.random.choice(ROOMS), self.random.randrange(2)
        if (room, f"{bus.node_id}/{slot}") in self.present:
            return
        try:
            somebody = await Somebody(f"{self.words}").enter(bus, room, slot)
        except BusUnavailable:
            return
        self.present[room, somebody.id] = somebody

    async def set(self) -> None:
        if somebody := self.anybody():
            value = self.random.choice((None, b"%d" % self.words, bytes(range(124, 132)), b""))
            somebody.set(**{self.random.choice(KEYS): value})

    async def agree(self) -> None:
        if somebody := self.anybody():
            self.words += 1
            somebody.board.agree(self.random.choice(KEYS), b"%d" % self.words)

    async def say(self) -> None:
        if somebody := self.anybody():
            to = self.random.choice((None, None, *(id for room, id in self.present)))
            for _ in range(self.random.randrange(1, 4)):
                self.words += 1
                somebody.board.say(b"%d" % self.words, to)

    async def go(self) -> None:
        if somebody := self.anybody():
            del self.present[somebody.room_id, somebody.id]
            await somebody.board.close()

    async def hand_over(self) -> None:
        if somebody := self.anybody():
            before = somebody.board
            before.let_go()
            heir = Somebody("heir")
            heir.own = dict(somebody.own)
            bus = next(bus for bus in self.nodes.all if bus.node_id == somebody.id[0])
            try:
                await heir.enter(bus, somebody.room_id, int(somebody.id[-1]))
            except BusUnavailable:
                del self.present[somebody.room_id, somebody.id]
                return
            heir.board.touch()
            self.present[somebody.room_id, heir.id] = heir

    async def wait(self) -> None:
        await asyncio.sleep(self.random.choice((0, 0, 0.001, 0.005)))

    def anybody(self) -> Somebody | None:
        return self.random.choice(list(self.present.values())) if self.present else None

    async def agree_on_all(self) -> None:
        """Wait until those of each room know the same, and nobody heard anything twice or out of order."""
        for bus in self.nodes.all:
            bus.settle()
        for room in ROOMS:
            people = [somebody for (of, _), somebody in self.present.items() if of == room]
            if people:
                await agree_on_all(*people)
        for somebody in self.present.values():
            for part in {part for part, _ in somebody.words}:
                check_order(int(word) for of, word in somebody.words if of == part)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_all_know_the_same_whatever_they_do(nodes: Nodes, seed: int) -> None:
    for id in "abc":
        await nodes.start(id)
    crowd = Crowd(nodes, seed)
    for _ in range(STEPS):
        await crowd.step()
    await crowd.agree_on_all()


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_all_know_the_same_whatever_goes_wrong(redis_nodes: NodesOnRedis, seed: int) -> None:
    for id in "abc":
        await redis_nodes.start(id)
    crowd, server = Crowd(redis_nodes, seed), redis_nodes.server
    faults = (
        ("CLIENT", "KILL", "TYPE", "pubsub"),
        ("CLIENT", "KILL", "TYPE", "normal"),
        ("FLUSHALL",),
        ("SCRIPT", "FLUSH"),
        ("DEL", "connect:room:r"),
        ("DEL", "connect:tail:r"),
        ("DEL", "connect:node:b"),
    )
    for step in range(STEPS // 2):
        await crowd.step()
        if step % 40 == 20:
            await server.ask(*crowd.random.choice(faults))
        if step % 40 == 10 and crowd.random.random() < 0.7:
            await until(lambda: all(bus.problem is None for bus in redis_nodes.all), seconds=5)
    await until(lambda: all(bus.problem is None for bus in redis_nodes.all), seconds=5)
    for bus in redis_nodes.all:
        assert isinstance(bus, RedisBus)
        bus._refresh_now.set()
    await crowd.agree_on_all()


def check_order(numbers: Iterable[int]) -> None:
    seen = list(numbers)
    assert seen == sorted(set(seen))
