"""
Nodes of a cluster that have nothing but the bus: one process of those that :mod:`bench.bus` starts.

It opens the rooms of its nodes, says ``open``; then for each line ``<changes a second> <seconds>`` that it reads, its
parts change so many facts, and it tells what became of those of all processes that it was told of.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import uvloop
from loguru import logger

from app.bus.redis_bus import RedisBus
from app.rtc.bus import Board, BusUnavailable, Node, PartId

#: How many rooms are opened at a time.
AT_A_TIME = 20
#: How often a second what is due is changed.
TICKS = 100
#: Seconds until all changes must have come through.
DRAIN = 2.0
#: What a part says of a person: as long as what Connect says of one with camera and microphone.
PERSON = b"x" * 700


@dataclass(frozen=True, slots=True)
class Cluster:
    """How many nodes and rooms there are; every room has parts on some of the nodes."""

    nodes: int
    rooms: int
    parts: int

    def nodes_of(self, room: int) -> set[int]:
        return set(random.Random(room).sample(range(self.nodes), self.parts))


class Part:
    """A part of a room with three people; counts how long ago was said what it hears."""

    board: Board

    def __init__(self, room: str, id: PartId, delays: list[float]) -> None:
        self.room, self.id = room, id
        #: When it changed something last, and when the others did as far as it knows.
        self.changed: float | None = None
        self.seen: dict[PartId, float] = {}
        self._delays = delays
        self._facts = {f"peer:{number}": PERSON for number in range(3)}

    def change(self, since: float) -> None:
        """Have one of the people do something that was due at a time."""
        self.changed = round(since, 6)
        self._facts["peer:0"] = b"%.6f " % since + PERSON
        self.board.touch()

    def facts(self) -> Mapping[str, bytes]:
        return self._facts

    def noted(self, part: PartId, key: str, value: bytes | None) -> None:
        if key == "peer:0" and value is not None and value != PERSON:
            # One clock for all processes of the machine.
            self.seen[part] = float(value[: value.index(b" ")])
            self._delays.append(time.monotonic() - self.seen[part])

    def agreed(self, key: str, value: bytes) -> None: ...

    def heard(self, part: PartId, word: bytes) -> None: ...


async def main(url: str, cluster: Cluster, mine: range) -> None:
    """Be some of the nodes of a cluster."""
    delays: list[float] = []
    buses = {number: make_bus(url, number) for number in mine}
    for bus in buses.values():
        await bus.start()
    parts = await open_rooms(buses, cluster, delays)
    gc.collect()
    gc.freeze()
    print("open", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        rate, seconds = map(float, line.split())
        delays.clear()
        cpu = time.process_time()
        changes = await change_facts(parts, rate, seconds)
        result = {"changes": changes, "delays": delays, "cpu": time.process_time() - cpu}
        result["changed"] = {f"{part.room} {part.id}": part.changed for part in parts if part.changed is not None}
        result["seen"] = {f"{part.room} {id}": since for part in parts for id, since in part.seen.items()}
        result["problems"] = [bus.problem for bus in buses.values() if bus.problem]
        print(json.dumps(result), flush=True)
    for bus in buses.values():
        await bus.close()


def make_bus(url: str, number: int) -> RedisBus:
    node = Node(id=f"node-{number}", epoch=0, region="", url=None, media_ip="127.0.0.1", version="1")
    return RedisBus(url, node.id, lambda: node)


async def open_rooms(buses: Mapping[int, RedisBus], cluster: Cluster, delays: list[float]) -> list[Part]:
    """Open all rooms of some nodes."""
    parts: list[Part] = []
    wanted = [(bus, room) for room in range(cluster.rooms) for id in cluster.nodes_of(room) if (bus := buses.get(id))]
    free = asyncio.Semaphore(AT_A_TIME)

    async def open_one(bus: RedisBus, room: int) -> None:
        async with free:
            part = Part(f"room-{room}", f"{bus.node_id}/0", delays)
            # So many nodes share a processor here that some find Redis too slow.
            while not await is_opened(bus, part):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            parts.append(part)

    await asyncio.gather(*(open_one(bus, room) for bus, room in wanted))
    return parts


async def is_opened(bus: RedisBus, part: Part) -> bool:
    try:
        part.board = await bus.open(part.room, 0, part)
    except BusUnavailable:
        return False
    part.board.touch()
    return True


async def change_facts(parts: list[Part], rate: float, seconds: float) -> int:
    """Change facts at random, so many a second; those that are late all the same, and counted as late."""
    began, changes = time.monotonic(), 0
    while (now := time.monotonic()) < began + seconds:
        while changes < (now - began) * rate:
            random.choice(parts).change(began + changes / rate)
            changes += 1
        await asyncio.sleep(1 / TICKS)
    await asyncio.sleep(DRAIN)
    return changes


if __name__ == "__main__":
    url, nodes, rooms, parts, first, after = sys.argv[1], *map(int, sys.argv[2:])
    logger.remove()
    gc.set_threshold(50_000, 25, 25)
    uvloop.run(main(url, Cluster(nodes, rooms, parts), range(first, after)))
