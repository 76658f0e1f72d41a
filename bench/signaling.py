"""
What a message of signaling costs the server: ours, one on ``ws`` and one on ``protoo-server``, in turns.

All three run as processes of their own, get the same frames from the same program (:mod:`bench.signaling_load`), check
them by the same rules, and answer without asking a worker. Theirs are in ``bench/node/signaling.mjs``.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from app.signaling.connection import METHODS
from bench.measure import Side, await_calm, cpu_seconds
from bench.signaling_load import Client, connect, request
from tests.e2e.deployment import Deployment

HEADING: Final = "Signaling: CPU µs of the server for a request that is checked and answered, median (min to max)."
#: What the others answer, too.
ANSWERED: Final = ("getRouterRtpCapabilities", "join", "changeDisplayName", "produce")
#: How many times the other's processor time ours may take at most.
TARGETS: Final = {"ws": 1.0, "protoo-server": 0.8}
ROUNDS: Final = 5
#: Rounds before those that count: Node compiles what it runs often only then.
WARM_UP: Final = 2
ROUND_SECONDS: Final = 0.75
_HERE: Final = Path(__file__).parent
_SCENARIO: Final = json.loads((_HERE / "scenario.json").read_text())


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked, by how many clients in rooms of how many, and a part of the answer."""

    title: str
    method: str
    data: dict[str, Any]
    answer: bytes = b'"ok":true'
    clients: int = 50
    in_a_room: int = 1


RENAME: Final = ("changeDisplayName", {"displayName": "Grace Hopper"})
CASES: Final = (
    Case("a small request, one client", *RENAME, clients=1),
    Case("a small request, 50 clients", *RENAME),
    Case("a small request that 9 others are told of, 50 clients", *RENAME, in_a_room=10),
    Case("a large answer (the router's capabilities), 50 clients", "getRouterRtpCapabilities", {}),
    Case(
        "a large request (produce, on a transport that is not there), 50 clients",
        "produce",
        {
            "transportId": "ee1b4dd7-6ab1-4b4a-a4f1-2d3c6a3e4f5b",
            "kind": "video",
            "rtpParameters": _SCENARIO["video"],
            "appData": {"source": "camera", "sharing": False},
        },
        answer=b'"errorCode":404',
    ),
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where one of the three is reached, and its process."""

    name: str
    port: int
    pid: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a case took on each side: microseconds of the server's processor a request, and requests a second."""

    case: Case
    cpu: dict[str, Side] = field(default_factory=dict)
    rate: dict[str, Side] = field(default_factory=dict)

    def ratio(self, other: str) -> float:
        """How many times the other's processor time ours takes; of the medians."""
        return self.cpu["ours"].median / self.cpu[other].median

    @property
    def failed(self) -> bool:
        """Whether a missed target has to be an error: no."""
        return False

    def lines(self) -> list[str]:
        """Give the lines of the table."""
        return [
            f"{self.case.title}: {', '.join(self._verdict(other) for other in TARGETS)}",
            *(
                f"  {unit:12}" + "".join(f"{f'{name} {side}':>44}" for name, side in sides.items())
                for unit, sides in (("cpu", self.cpu), ("a second", self.rate))
            ),
        ]

    def _verdict(self, other: str) -> str:
        ratio, target = self.ratio(other), TARGETS[other]
        return f"{ratio:.2f}x {other} (at most {target:g}x{'' if ratio <= target else ', MISSED'})"

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "name": self.case.title,
            "unit": "CPU microseconds of the server a request",
            "cpu": {name: side.to_json() for name, side in self.cpu.items()},
            "requestsASecond": {name: side.to_json() for name, side in self.rate.items()},
            "ratios": {other: round(self.ratio(other), 3) for other in TARGETS},
            "targets": TARGETS,
            "met": all(self.ratio(other) <= target for other, target in TARGETS.items()),
        }


def run() -> Iterator[Result]:
    """Measure, and give each result as it is done."""
    with ExitStack() as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        deployment = stack.enter_context(Deployment(folder, workers=1, CONNECT_LOG_LEVEL="info"))
        ours = Server("ours", deployment.port, deployment.pid("app"))
        config = folder / "config.json"
        config.write_text(json.dumps(runner.run(_config(ours))))
        others = [stack.enter_context(_node_server(name, front, config)) for name, front in _FRONTS.items()]
        for case in CASES:
            yield runner.run(_measure(case, [*others, ours]))


_FRONTS: Final = {"ws": "ws", "protoo-server": "protoo"}


@contextmanager
def _node_server(name: str, front: str, config: Path) -> Iterator[Server]:
    command = ["node", str(_HERE / "node/signaling.mjs"), front, str(config)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        port = process.stdout.readline()
        if not port:
            raise RuntimeError(f"the server on {name} did not start; what it printed says why")
        yield Server(name, int(port), process.pid)
        process.stdin.close()


async def _config(ours: Server) -> dict[str, Any]:
    """Say by which rules requests are checked: our own; and what is answered to the one that only asks."""
    client = await connect(ours.port, "config", "peer")
    capabilities = await client.ask("getRouterRtpCapabilities", {})
    client.close()
    return {
        "rtpCapabilities": capabilities,
        "schemas": {name: msgspec.json.schema(METHODS[name].schema) for name in ANSWERED},
    }


async def _measure(case: Case, servers: list[Server]) -> Result:
    result = Result(case)
    frame = request(case.method, case.data)
    for number in range(WARM_UP + ROUNDS):
        for server in servers:
            async with _clients(case, server) as clients:
                # Ours writes into the history who came and went.
                await asyncio.to_thread(await_calm, (server.pid,))
                cpu, rate = await _round(case, server, clients, frame)
            if number >= WARM_UP:
                result.cpu.setdefault(server.name, Side(server.name)).rounds.append(cpu)
                result.rate.setdefault(server.name, Side(server.name)).rounds.append(rate)
    return result


@asynccontextmanager
async def _clients(case: Case, server: Server) -> AsyncIterator[list[Client]]:
    clients = []
    for number in range(case.clients):
        clients.append(await connect(server.port, f"room-{number // case.in_a_room}", f"peer-{number}"))
    yield clients
    for client in clients:
        client.close()


async def _round(case: Case, server: Server, clients: list[Client], frame: bytes) -> tuple[float, float]:
    """Give the microseconds of the server's processor a request, and the requests a second."""
    before, start = cpu_seconds(server.pid), time.perf_counter()
    answered = sum(client.answers for client in clients)
    for client in clients:
        client.begin(frame, case.answer)
    await asyncio.sleep(ROUND_SECONDS)
    await asyncio.gather(*(client.stop() for client in clients))
    answered = sum(client.answers for client in clients) - answered
    seconds, cpu = time.perf_counter() - start, cpu_seconds(server.pid) - before
    return cpu / answered * 1e6, answered / seconds
