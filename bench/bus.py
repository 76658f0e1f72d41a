"""
The bus alone, without any media: what things cost in Redis, and a cluster of 100 nodes with 10,000 rooms.

All nodes share this machine with Redis, so the numbers of the cluster are what all of it does together on its
processors.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from loguru import logger

from app.bus.redis_bus import RedisBus
from bench.bus_load import PERSON, Cluster
from bench.measure import cpu_seconds
from tests.bus.people import Somebody, agree_on_all, describe
from tests.redis_server import RedisServer

HEADING: Final = "The bus: what Redis does for rooms of 1 to 3 nodes, and 100 nodes with 10,000 rooms."
#: How often each thing is done.
TIMES: Final = 50
#: Seconds of a lease where no heartbeat may be counted.
LONG_LEASE: Final = 2_000.0
CLUSTER: Final = Cluster(nodes=100, rooms=10_000, parts=2)
PROCESSES: Final = 2
#: Changes a second, of all, and for how many seconds.
RATES, SECONDS = (200, 1_000, 2_000, 4_000), 5.0
#: Seconds to open all rooms.
PATIENCE: Final = 180.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs in Redis, each time it is done: commands from nodes, those that they lead to, bytes."""

    name: str
    nodes: int
    commands: float
    operations: float
    received: float
    sent: float

    failed = False

    def lines(self) -> list[str]:
        what = f"{self.name}, room on {self.nodes}"
        return [
            f"{what:44}{self.commands:6.1f} commands{self.operations:7.1f} operations"
            f"{self.received:8.0f} bytes in{self.sent:8.0f} out"
        ]

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("name", "nodes", "commands", "operations", "received", "sent")}


@dataclass(frozen=True, slots=True)
class Opened:
    """All rooms of the cluster were opened."""

    seconds: float
    parts: int
    bytes_a_room: float
    redis_us: float

    failed = False

    def lines(self) -> list[str]:
        return [
            f"{self.parts} parts of {CLUSTER.rooms} rooms on {CLUSTER.nodes} nodes opened in {self.seconds:.1f} s, "
            f"{self.redis_us:.0f} µs of Redis each; {self.bytes_a_room / 1024:.1f} KiB of Redis' memory a room"
        ]

    def to_json(self) -> dict[str, Any]:
        return {"name": "opened", "seconds": self.seconds, "parts": self.parts, "bytesARoom": self.bytes_a_room}


@dataclass(frozen=True, slots=True)
class Spread:
    """How fast changes came to all others, at some rate; ``missing`` parts are known otherwise than they are."""

    rate: float
    delays: list[float] = field(repr=False)
    missing: int
    redis_us: float
    redis_share: float
    nodes_share: float

    @property
    def failed(self) -> bool:
        return self.missing > 0

    def at(self, share: float) -> float:
        """Give the milliseconds in which such a share of the changes came through."""
        return sorted(self.delays)[int(share * (len(self.delays) - 1))] * 1000

    def lines(self) -> list[str]:
        return [
            f"{self.rate:6.0f} changes a second: known by all after {self.at(0.5):7.1f} ms (p50) {self.at(0.95):8.1f}"
            f" (p95); Redis {self.redis_us:5.0f} µs a change, {self.redis_share:4.0%} of a core, all nodes"
            f" {self.nodes_share:4.0%}{f', {self.missing} LOST' if self.missing else ''}"
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": f"{self.rate:.0f} changes a second",
            "p50": self.at(0.5),
            "p95": self.at(0.95),
            "missing": self.missing,
            "redisMicroseconds": self.redis_us,
            "redisShare": self.redis_share,
            "nodesShare": self.nodes_share,
        }


def run() -> Iterator[Cost | Opened | Spread]:
    """Measure all."""
    logger.disable("app")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            with asyncio.Runner() as runner:
                for nodes in (1, 2, 3):
                    yield from runner.run(measure_costs(server, nodes))
                yield from runner.run(simulate(server))
        finally:
            server.stop()


async def measure_costs(server: RedisServer, count: int) -> list[Cost]:
    """Measure what things cost in rooms on so many nodes."""
    buses = [RedisBus(server.url, f"n{number}", lambda: describe("n"), LONG_LEASE) for number in range(count)]
    for bus in buses:
        await bus.start()
    others = [[await Somebody("").enter(bus, f"r{number}") for bus in buses[1:]] for number in range(TIMES)]
    ours = [Somebody("") for _ in range(TIMES)]
    costs = []

    async def do(name: str, change: Mapping[str, bytes | None]) -> None:
        before = await read(server)
        for one, rest in zip(ours, others, strict=True):
            await one.change(**change)
            await agree_on_all(one, *rest)
        costs.append(cost(name, count, before, await read(server)))

    before = await read(server)
    for number, one in enumerate(ours):
        await one.enter(buses[0], f"r{number}")
    costs.append(cost("a node opens a room", count, before, await read(server)))
    await do("somebody joins (700 bytes)", {"peer": PERSON})
    await do("somebody publishes (1 kB with that)", {"peer": PERSON + b"y" * 300})
    await do("somebody leaves", {"peer": None})
    before = await read(server)
    for one in ours:
        await one.board.close()
    costs.append(cost("a node closes a room", count, before, await read(server)))
    for bus in buses:
        await bus.close()
    return costs


async def read(server: RedisServer) -> dict[str, float]:
    """Read what Redis has counted so far."""
    stats = await server.ask("INFO", "stats")
    calls = {name: values["calls"] for name, values in (await server.ask("INFO", "commandstats")).items()}
    return {
        "commands": calls.get("cmdstat_evalsha", 0),
        "operations": sum(calls.values()) - calls.get("cmdstat_info", 0) - calls.get("cmdstat_client|setinfo", 0),
        "received": stats["total_net_input_bytes"],
        "sent": stats["total_net_output_bytes"],
    }


def cost(name: str, nodes: int, before: Mapping[str, float], after: Mapping[str, float]) -> Cost:
    """Give what one of TIMES did."""
    each = {key: (after[key] - before[key]) / TIMES for key in before}
    return Cost(name, nodes, **{**each, "operations": each["operations"] - each["commands"]})


async def simulate(server: RedisServer) -> list[Opened | Spread]:
    """Have a cluster do what clusters do."""
    before, began, cpu = await used_memory(server), time.monotonic(), cpu_seconds(server.pid)
    rows: list[Opened | Spread] = []
    async with nodes(server) as processes:
        async with asyncio.timeout(PATIENCE):
            for process in processes:
                assert await answer(process) == b"open\n"
        parts = CLUSTER.rooms * CLUSTER.parts
        memory, redis = await used_memory(server) - before, cpu_seconds(server.pid) - cpu
        rows.append(Opened(time.monotonic() - began, parts, memory / CLUSTER.rooms, redis / parts * 1e6))
        for rate in RATES:
            rows.append(await spread(server, processes, rate))
    return rows


async def spread(server: RedisServer, processes: list[asyncio.subprocess.Process], rate: float) -> Spread:
    """Have facts changed at some rate."""
    began, cpu = time.monotonic(), cpu_seconds(server.pid)
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{rate / len(processes)} {SECONDS}\n".encode())
    results = [json.loads(await answer(process)) for process in processes]
    redis, seconds = cpu_seconds(server.pid) - cpu, time.monotonic() - began
    changes = sum(result["changes"] for result in results)
    delays = [delay for result in results for delay in result["delays"]]
    changed = {part: since for result in results for part, since in result["changed"].items()}
    seen = {part: since for result in results for part, since in result["seen"].items()}
    assert not any(result["problems"] for result in results), results[0]["problems"]
    return Spread(
        rate,
        delays,
        missing=sum(seen.get(part) != since for part, since in changed.items()),
        redis_us=redis / changes * 1e6,
        redis_share=redis / seconds,
        nodes_share=sum(result["cpu"] for result in results) / seconds,
    )


@contextlib.asynccontextmanager
async def nodes(server: RedisServer) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """Start processes that are the nodes."""
    each = CLUSTER.nodes // PROCESSES
    processes = []
    try:
        for first in range(0, CLUSTER.nodes, each):
            numbers = map(str, (CLUSTER.nodes, CLUSTER.rooms, CLUSTER.parts, first, first + each))
            pipe = asyncio.subprocess.PIPE
            processes.append(
                await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "bench.bus_load", server.url, *numbers, stdin=pipe, stdout=pipe, limit=2**26
                )
            )
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def answer(process: asyncio.subprocess.Process) -> bytes:
    """Read a line of what a process says."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return await process.stdout.readline()


async def used_memory(server: RedisServer) -> int:
    """Give how many bytes Redis has in use."""
    memory: dict[str, int] = await server.ask("INFO", "memory")
    return memory["used_memory"]
