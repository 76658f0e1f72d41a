"""
What it costs the control plane when the same 60 people in 6 rooms are on 1, 2 or 3 nodes.

Either each room is on all nodes, which is the dearest that can be, or on one of them, as far as clients go where they
are led.

All of a cluster is on this machine: nodes with one worker each, Redis, PostgreSQL. The clients are those of
:mod:`bench.joins`, and have no media, but everything that leads to it: with several nodes, pipes too.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.stores import migrating
from bench.joins import side_text
from bench.loads import answer_of, joining_clients, tell
from bench.measure import Side, cpu_seconds
from tests.databases import PostgresServer, in_thread
from tests.e2e.cluster import Cluster
from tests.e2e.test_nodes import of_rooms

HEADING: Final = "60 people in 6 rooms on 1 to 3 nodes: CPU seconds, median (min to max)."
#: How many nodes, and whether each room is on all of them.
CASES: Final = ((1, True), (2, True), (3, True), (3, False))
ROOMS: Final = 6
IN_A_ROOM: Final = 10
#: Seconds over which they come, that belong to their coming after all are there, and that they stay.
ARRIVALS, SETTLING, STAYING = 3.0, 1.0, 10.0
ROUNDS: Final = 2
#: Rounds before those that count, for what is made only once. Nobody stays in them.
WARM_UP: Final = 1
LOADS: Final = 2
#: Seconds from telling the clients to their start, and within which nothing is left of their rooms.
NOTICE, PATIENCE = 0.25, 20.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    All rounds of one case: seconds of processors, by phase and by process; seconds of the clock.

    ``spread`` is whether each room is on all nodes.
    """

    nodes: int
    spread: bool
    cpu: dict[str, dict[str, Side]] = field(default_factory=dict)
    clock: dict[str, Side] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anybody could not join, or was not told of everybody."""
        return bool(self.errors)

    def lines(self) -> list[str]:
        """Give the lines of the table."""
        errors = "".join(f"; {error}" for error in self.errors[:3])
        where = "" if self.nodes == 1 else " each room on all," if self.spread else " each room on one,"
        return [
            f"{self.nodes} node{'s' * (self.nodes > 1)},{where} {len(self.errors)} errors{errors}",
            *(_line(title, sides) for title, sides in (*self.cpu.items(), ("by the clock", self.clock))),
        ]

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "nodes": self.nodes,
            "spread": self.spread,
            "people": ROOMS * IN_A_ROOM,
            "rooms": ROOMS,
            "unit": "seconds",
            "cpu": {title: _to_json(sides) for title, sides in self.cpu.items()},
            "clock": _to_json(self.clock),
            "errors": self.errors,
        }


def _line(title: str, sides: dict[str, Side]) -> str:
    return f"  {title:13}" + ", ".join(f"{what} {side_text(side)}" for what, side in sides.items())


def _to_json(sides: dict[str, Side]) -> dict[str, Any]:
    return {what: side.to_json() for what, side in sides.items()}


def run() -> Iterator[Outcome]:
    """Measure each number of nodes."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(_database())
        loads = [stack.enter_context(joining_clients()) for _ in range(LOADS)]
        for number, (count, spread) in enumerate(CASES):
            outcome = Outcome(count, spread)
            directory = folder / str(number)
            directory.mkdir()
            with _cluster(directory, database, count) as cluster:
                for warm_up in range(WARM_UP):
                    _round(cluster, loads, f"warm-up-{warm_up}", Outcome(count, spread), 0.0)
                for counted in range(ROUNDS):
                    _round(cluster, loads, f"round-{counted}", outcome, STAYING)
            yield outcome


def _cluster(directory: Path, database: str, count: int) -> Cluster:
    # Those of a test are in a hurry.
    return Cluster(directory, database, count, CONNECT_NODE_LEASE_SECONDS="4", CONNECT_LOG_LEVEL="info")


@contextmanager
def _database() -> Iterator[str]:
    server = PostgresServer()
    try:
        server.create()
        server.start()
        server.execute("CREATE DATABASE bench")
        in_thread(migrating.upgrade, server.url("bench"))
        yield server.url("bench")
    finally:
        server.remove()


def _round(
    cluster: Cluster, loads: Sequence[subprocess.Popen[str]], prefix: str, outcome: Outcome, staying: float
) -> None:
    before, start = _cpu(cluster), time.monotonic() + NOTICE
    clients = _clients([node.port for node in cluster.nodes], prefix, spread=outcome.spread)
    for index, load in enumerate(loads):
        tell(load, {"start": start, "expects": 2 * (IN_A_ROOM - 1), "clients": clients[index::LOADS]})
    answers = [answer_of(load) for load in loads]
    outcome.errors.extend(error for answer in answers for error in answer["errors"])
    joins = [seconds for answer in answers for seconds in answer["joins"]]
    if not joins:
        raise RuntimeError(f"nobody could join: {outcome.errors[0]}")
    time.sleep(SETTLING)
    joined = _cpu(cluster)
    _add(outcome.cpu.setdefault("joining", {}), _difference(before, joined))
    time.sleep(staying)
    _add(outcome.cpu.setdefault("staying", {}), _difference(joined, _cpu(cluster)))
    clock = {"all there": max(answer["end"] for answer in answers) - start, "a join": statistics.median(joins)}
    _add(outcome.clock, clock)
    _have_them_leave(cluster, loads)


def _clients(ports: Sequence[int], prefix: str, *, spread: bool) -> list[tuple[int, str, str, float]]:
    """Say who comes where, to which room and when; each node gets as many as any other, as far as can be."""
    clients = []
    for number in range(ROOMS * IN_A_ROOM):
        place, room = divmod(number, ROOMS)
        port = ports[(place if spread else room) % len(ports)]
        second = number * ARRIVALS / (ROOMS * IN_A_ROOM)
        clients.append((port, f"{prefix}-{room}", f"peer-{number}", second))
    return clients


def _cpu(cluster: Cluster) -> dict[str, float]:
    """Tell how much processor time each has taken, and all of a kind together."""
    nodes = cluster.nodes
    apps = {f"app {node.id}": cpu_seconds(node.pid("app")) for node in nodes}
    return {
        "all apps": sum(apps.values()),
        **apps,
        "sidecars": sum(cpu_seconds(node.pid("sidecar")) for node in nodes),
        "workers": sum(cpu_seconds(worker["pid"]) for node in nodes for worker in node.workers()),
        "Redis": cpu_seconds(cluster.redis.pid),
    }


def _difference(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {what: seconds - before[what] for what, seconds in after.items()}


def _add(rounds: dict[str, Side], numbers: dict[str, float]) -> None:
    for name, number in numbers.items():
        rounds.setdefault(name, Side(name)).rounds.append(number)


def _have_them_leave(cluster: Cluster, loads: Sequence[subprocess.Popen[str]]) -> None:
    """What it takes is not to disturb the next round."""
    for load in loads:
        tell(load, {})
    for load in loads:
        answer_of(load)
    end = time.monotonic() + PATIENCE
    while left := of_rooms(cluster.keys()):
        if time.monotonic() > end:
            raise RuntimeError(f"Redis still has {sorted(left)}")
        time.sleep(0.1)
