"""
What it costs the control plane when 200 clients join 20 rooms: ours, and one as mediasoup-demo's on Node, in turns.

Both have one worker of the same binary. The clients (:mod:`bench.light_client`) run as processes of their own and are
the same for both. What counts is the processor time of the control plane alone; ours has its sidecar beside it.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.mediasoup.worker_binary import find_worker_binary
from bench.loads import answer_of, joining_clients, running, tell
from bench.measure import Side, await_calm, cpu_seconds
from tests.e2e.deployment import Deployment

HEADING: Final = "200 clients join 20 rooms: CPU seconds of the control plane, median (min to max)."
ROOMS: Final = 20
IN_A_ROOM: Final = 10
#: Seconds over which they come, and within which all have to be there.
ARRIVALS: Final = 4.0
LIMIT: Final = 5.0
#: How many times Node's processor time ours may take at most.
TARGET: Final = 0.8
ROUNDS: Final = 3
#: Rounds before those that count: Node compiles what it runs often only then.
WARM_UP: Final = 1
LOADS: Final = 2
#: Seconds from telling the clients to their start.
NOTICE: Final = 0.25
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Server:
    """Where one of the two is reached, and its processes by what they are."""

    name: str
    port: int
    pids: dict[str, int]

    def cpu(self) -> dict[str, float]:
        """Tell how much processor time each process has taken."""
        return {what: cpu_seconds(pid) for what, pid in self.pids.items()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """All rounds of one server: seconds of each process's processor, of joining, and until all was there."""

    cpu: dict[str, Side] = field(default_factory=dict)
    clock: dict[str, Side] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def in_time(self) -> bool:
        """Whether all were there in time, in the middle one of the rounds."""
        return self.clock["all there"].median <= LIMIT

    def lines(self, name: str) -> list[str]:
        """Give the lines of the table."""
        # Whoever is late may have waited for one who could not come.
        errors = sorted(self.errors, key=lambda error: "too late" in error)[:3]
        late = "" if self.in_time else f" LATE (at most {LIMIT:g})"
        return [
            f"  {name}: {len(self.errors)} errors{''.join(f'; {error}' for error in errors)}{late}",
            *(
                f"    {title:8}" + "".join(f"{f'{what} {side_text(side)}':>36}" for what, side in sides.items())
                for title, sides in (("cpu", self.cpu), ("seconds", self.clock))
            ),
        ]

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "cpu": {what: side.to_json() for what, side in self.cpu.items()},
            "clock": {what: side.to_json() for what, side in self.clock.items()},
            "errors": self.errors,
            "inTime": self.in_time,
        }


def side_text(side: Side) -> str:
    """Word a side whose numbers are small."""
    return f"{side.median:.2f} ({min(side.rounds):.2f} to {max(side.rounds):.2f})"


@dataclass(frozen=True, slots=True)
class Result:
    """What joining took on both sides."""

    node: Outcome = field(default_factory=Outcome)
    ours: Outcome = field(default_factory=Outcome)

    @property
    def ratio(self) -> float:
        """How many times Node's processor time ours takes; of the medians."""
        return self.ours.cpu["control plane"].median / self.node.cpu["control plane"].median

    @property
    def failed(self) -> bool:
        """Whether that has to be an error: if anybody could not join us."""
        return bool(self.ours.errors)

    def lines(self) -> list[str]:
        """Give the lines of the table."""
        missed = "" if self.ratio <= TARGET else " MISSED"
        return [
            f"{ROOMS * IN_A_ROOM} clients within {ARRIVALS:g} s: {self.ratio:.2f}x (at most {TARGET:g}x){missed}",
            *self.node.lines("node"),
            *self.ours.lines("ours"),
        ]

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "name": f"{ROOMS * IN_A_ROOM} clients join {ROOMS} rooms",
            "unit": "seconds",
            "arrivals": ARRIVALS,
            "limit": LIMIT,
            "node": self.node.to_json(),
            "ours": self.ours.to_json(),
            "ratio": round(self.ratio, 3),
            "target": TARGET,
            "met": self.ratio <= TARGET and self.ours.in_time and not self.ours.errors,
        }


def run() -> Iterator[Result]:
    """Measure, and give the result."""
    result = Result()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        node = stack.enter_context(_node())
        deployment = stack.enter_context(Deployment(folder, workers=1, CONNECT_LOG_LEVEL="info"))
        ours = _ours(deployment)
        loads = [stack.enter_context(joining_clients()) for _ in range(LOADS)]
        for number in range(WARM_UP + ROUNDS):
            for server, outcome in ((node, result.node), (ours, result.ours)):
                _round(server, loads, f"{server.name}-{number}", outcome if number >= WARM_UP else Outcome())
    yield result


def _ours(deployment: Deployment) -> Server:
    pids = {
        "control plane": deployment.pid("app"),
        "sidecar": deployment.pid("sidecar"),
        "worker": deployment.workers()[0]["pid"],
    }
    return Server("ours", deployment.port, pids)


@contextmanager
def _node() -> Iterator[Server]:
    with running("node", str(_HERE / "node/joins.mjs"), str(find_worker_binary().path)) as process:
        address = answer_of(process)
        yield Server("node", address["port"], {"control plane": process.pid, "worker": address["workerPid"]})


def _round(server: Server, loads: list[subprocess.Popen[str]], prefix: str, outcome: Outcome) -> None:
    before, start = server.cpu(), time.monotonic() + NOTICE
    clients = [
        (server.port, f"{prefix}-{number % ROOMS}", f"peer-{number}", number * ARRIVALS / (ROOMS * IN_A_ROOM))
        for number in range(ROOMS * IN_A_ROOM)
    ]
    for index, load in enumerate(loads):
        job = {"start": start, "expects": 2 * (IN_A_ROOM - 1), "clients": clients[index::LOADS]}
        tell(load, job)
    answers = [answer_of(load) for load in loads]
    cpu = {what: seconds - before[what] for what, seconds in server.cpu().items()}
    outcome.errors.extend(error for answer in answers for error in answer["errors"])
    joins = [seconds for answer in answers for seconds in answer["joins"]]
    if len(joins) < 2:
        raise RuntimeError(f"nobody could join {server.name}: {outcome.errors[0]}")
    _add(outcome.cpu, {**cpu, "clients": sum(answer["cpu"] for answer in answers)})
    clock = {"all there": max(answer["end"] for answer in answers) - start, "a join, median": statistics.median(joins)}
    _add(outcome.clock, {**clock, "95 %": statistics.quantiles(joins, n=20)[-1]})
    _have_them_leave(server, loads)


def _have_them_leave(server: Server, loads: list[subprocess.Popen[str]]) -> None:
    for load in loads:
        tell(load, {})
    for load in loads:
        answer_of(load)
    # What their leaving takes is not to disturb the other server.
    await_calm(server.pids.values())


def _add(rounds: dict[str, Side], numbers: dict[str, float]) -> None:
    for name, number in numbers.items():
        rounds.setdefault(name, Side(name)).rounds.append(number)
