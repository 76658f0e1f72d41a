"""
The library against mediasoup's own for Node: both drive the same worker binary, and take turns in one run.

Each side is a process of its own (:mod:`bench.side`, ``bench/node/side.mjs``) which tells how much processor time it
took. Two more are ours again: on asyncio's own loop, and with the worker behind a sidecar's socket.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.mediasoup.channel.frames import encode_frame
from app.mediasoup.channel.requests import MESSAGE
from app.mediasoup.worker_binary import WorkerBinary, find_worker_binary
from bench import side_codec
from bench.measure import Side, cpu_seconds
from bench.sidecar import RunningSidecar, running_sidecar
from tests.mediasoup.channel.oracle import Oracle

ROUNDS: Final = 9
#: Rounds before those that count: Node compiles what it runs often only then.
WARM_UP: Final = 3
HEADING: Final = (
    "The library against Node's: µs an operation, median (min to max), and how many times Node's CPU ours takes."
)
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    """
    What is measured: its name on the sides, how many operations a round has, and what to call it.

    ``target`` is how many times Node's processor time ours may take at most, ``limit`` the microseconds.
    """

    name: str
    operations: int
    title: str
    target: float | None = None
    limit: float | None = None


CODEC_CASES: Final = (
    Case("consume_encode", 4_000, "encode a consume request", target=1.0),
    Case("consume_encode_first", 2_000, "encode the first of a producer's", target=1.0),
    Case("pause_encode", 20_000, "encode a pause request"),
    Case("score_decode", 10_000, "decode scores of three streams", limit=5.0),
    Case("stats_decode", 2_000, "decode stats of three streams"),
)
WORKER_CASES: Final = (
    Case("request", 1_000, "a request, one at a time", target=1.0),
    Case("requests", 6_400, "a request, 64 in flight", target=1.0),
    Case("pause", 1_000, "pause or resume a consumer"),
    Case("create_transport", 100, "create a transport"),
    Case("produce_video", 100, "produce"),
    Case("consume_video", 200, "consume"),
    Case("join", 8, "join: 2 transports, 2 producers, 20 consumers", target=0.8),
    Case("fan_out", 3, "a new producer to 100 consumers", target=0.5),
)
STORM: Final = Case("storm", 20_000, "take in scores of three streams")


@dataclass(frozen=True, slots=True)
class Result:
    """What a case took on each side, in microseconds an operation: of the processor and of the clock."""

    case: Case
    cpu: dict[str, Side] = field(default_factory=dict)
    wall: dict[str, Side] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """How many times Node's processor time ours takes; of the medians."""
        return self.cpu["ours"].median / self.cpu["node"].median

    @property
    def met(self) -> bool:
        """Whether the targets, if there are any, are met."""
        case = self.case
        return (case.target is None or self.ratio <= case.target) and (
            case.limit is None or self.cpu["ours"].median < case.limit
        )

    @property
    def failed(self) -> bool:
        """Whether that has to be an error: no."""
        return False

    def lines(self) -> list[str]:
        """Give the lines of the table: the processor's time, and the clock's."""
        ratio = f"{self.ratio:.2f}x"
        if self.case.target is not None:
            ratio += f" (at most {self.case.target:g}x)"
        if self.case.limit is not None:
            ratio += f" (below {self.case.limit:g} µs)"
        return [
            f"{self.case.title}: {ratio}{'' if self.met else ' MISSED'}",
            *(
                f"  {clock:6}" + "".join(f"{f'{name} {side}':>44}" for name, side in sides.items())
                for clock, sides in (("cpu", self.cpu), ("clock", self.wall))
            ),
        ]

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "name": self.case.title,
            "unit": "microseconds an operation",
            "operations": self.case.operations,
            "cpu": {name: side.to_json() for name, side in self.cpu.items()},
            "wall": {name: side.to_json() for name, side in self.wall.items()},
            "ratio": round(self.ratio, 3),
            "target": self.case.target,
            "limit": self.case.limit,
            "met": self.met,
        }


class SideProcess:
    """One side's process; a context that ends it."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=_HERE.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, case: Case, message: bytes) -> tuple[float, float]:
        """Have it run a round of a case; gives the microseconds of the processor and of the clock that it took."""
        task = {
            "case": case.name,
            "operations": case.operations,
            "message": base64.b64encode(message).decode(),
            "producer_id": side_codec.PRODUCER_ID,
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(task), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended in {case.name}; what it printed says why")
        result = json.loads(line)
        return result["cpu"], result["wall"]

    def __enter__(self) -> SideProcess:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def run() -> Iterator[Result]:
    """Measure, and give each result as it is done."""
    binary = find_worker_binary()
    messages = _messages(binary)
    with _sides(binary) as (sides, sidecar):
        node_and_ours = sides[:2]
        for case in CODEC_CASES:
            yield _measure(case, node_and_ours, messages.get(case.name, b""))
        for case in WORKER_CASES:
            yield _measure(case, sides, b"", sidecar)
        yield _measure(STORM, node_and_ours, encode_frame(messages["score_decode"]))


@contextmanager
def _sides(binary: WorkerBinary) -> Iterator[tuple[list[SideProcess], RunningSidecar]]:
    """Start all sides: Node's first, then ours, and last the one that uses the sidecar."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sidecar = stack.enter_context(running_sidecar(folder / "run"))
        node = ["node", "--expose-gc", str(_HERE / "node/side.mjs")]
        ours = [sys.executable, "-m", "bench.side"]
        attached = [*ours, "--socket", str(sidecar.worker_socket), "--pid", str(sidecar.worker_pid)]

        commands = {
            "node": node,
            "ours": ours,
            "on asyncio's loop": [*ours, "--loop", "asyncio"],
            "by sidecar": attached,
        }
        sides: list[SideProcess] = []
        for name, command in commands.items():
            storm_socket = folder / f"storm-{len(sides)}.sock"
            environment = {"BENCH_WORKER_BIN": str(binary.path), "BENCH_STORM_SOCKET": str(storm_socket)}
            sides.append(stack.enter_context(SideProcess(name, command, environment)))
        yield sides, sidecar


def _measure(case: Case, sides: list[SideProcess], message: bytes, sidecar: RunningSidecar | None = None) -> Result:
    result = Result(case)
    for side in sides:
        for _ in range(WARM_UP):
            side.run(case, message)
    for _ in range(ROUNDS):
        for side in sides:
            before = cpu_seconds(sidecar.pid) if sidecar else 0.0
            cpu, wall = side.run(case, message)
            _add(result.cpu, side.name, cpu / case.operations)
            _add(result.wall, side.name, wall / case.operations)
            if sidecar and side is sides[-1]:
                _add(result.cpu, "sidecar", (cpu_seconds(sidecar.pid) - before) * 1e6 / case.operations)
    return result


def _add(rounds: dict[str, Side], name: str, microseconds: float) -> None:
    rounds.setdefault(name, Side(name)).rounds.append(microseconds)


def _messages(binary: WorkerBinary) -> dict[str, bytes]:
    """Make the messages to be decoded with the official code, whose layout is the worker's."""
    table = side_codec.schema().table(MESSAGE)
    with tempfile.TemporaryDirectory() as generated, Oracle(binary.schemas, Path(generated)) as oracle:
        return {
            "score_decode": oracle.encode(table, side_codec.score_message()),
            "stats_decode": oracle.encode(table, side_codec.stats_message()),
        }
