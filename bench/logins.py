"""
What logins cost those who are in calls: the round trip of signaling, without logins and with 50 a second, in turns.

A whole Connect runs as an operator runs it, sidecar and app as two processes; its clients are processes of their own.
The round trip is that of ``getTransportStats`` over the websocket: to the worker and back, as for most requests.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvloop

from bench.login_load import PASSWORD, USERS, email_of
from bench.measure import Side
from tests.e2e.deployment import Deployment

HEADING: Final = (
    "Signaling while people sign in: ms of a round trip, 99th percentile, median of the rounds (min to max)."
)
LOGINS_A_SECOND: Final = 50
#: By how much the 99th percentile may rise, in milliseconds.
TARGET: Final = 20.0
#: The part of the logins that has to be asked for, whatever becomes of them, for a result to count.
ENOUGH: Final = 0.95
#: What logins may be answered: there was time for it, or there was none.
EXPECTED: Final = {"200", "503"}
ROUNDS: Final = 7
ROUND_SECONDS: Final = 8.0
#: Rounds of each kind before those that count.
WARM_UP: Final = 1
PEERS: Final = 10
#: Seconds from one request of a peer to its next.
PACE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Result:
    """The 99th percentile of each round, in milliseconds, and what became of the logins."""

    database: str
    quiet: Side = field(default_factory=lambda: Side("without logins"))
    busy: Side = field(default_factory=lambda: Side("with logins"))
    logins: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rise(self) -> float:
        """By how much logins raise the 99th percentile: the median of what each round is above the one before it."""
        pairs = zip(self.busy.rounds, self.quiet.rounds, strict=True)
        return statistics.median(busy - quiet for busy, quiet in pairs)

    @property
    def verdict(self) -> str:
        """
        Say "met", "MISSED", or why nothing can be said.

        That a machine has not the time for as many hashes is no reason: then all the time that it has goes into
        hashing, and signaling must not suffer of that either.
        """
        low, _, high = statistics.quantiles(self.quiet.rounds)
        if high - low > TARGET:
            return f"CAN'T TELL: without logins, too, rounds are {high - low:.0f} ms apart; the machine is disturbed"
        if (asked := self._asked_a_second) < ENOUGH * LOGINS_A_SECOND:
            return f"CAN'T TELL: only {asked:.1f} logins a second were asked for"
        return "met" if self.rise <= TARGET else "MISSED"

    @property
    def failed(self) -> bool:
        """Whether that has to be an error: signaling must not suffer."""
        return self.verdict == "MISSED"

    def lines(self) -> list[str]:
        """Give the lines of the table."""
        login = statistics.median(each["median_ms"] for each in self.logins)
        answers = ", ".join(f"{count} times {status}" for status, count in self._answers().items())
        return [
            f"{self.database}: {self.rise:+.1f} ms (at most {TARGET:+g}), {self.verdict}",
            *(f"  {f'{side.name} {side}':>44}" for side in (self.quiet, self.busy)),
            f"  of {self._asked_a_second:.1f} logins a second the machine had time for {self._succeeded_a_second:.1f}, "
            f"{login:.0f} ms each; answered {answers}",
        ]

    @property
    def _asked_a_second(self) -> float:
        return self._a_second(sum(each["asked"] for each in self.logins))

    @property
    def _succeeded_a_second(self) -> float:
        return self._a_second(self._answers()["200"])

    def _a_second(self, logins: int) -> float:
        seconds: float = sum(each["seconds"] for each in self.logins)
        return logins / seconds

    def _answers(self) -> Counter[str]:
        return sum((Counter(each["answers"]) for each in self.logins), Counter())

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "name": f"signaling while people sign in, {self.database}",
            "unit": "milliseconds, 99th percentile of a round",
            "quiet": self.quiet.to_json(),
            "busy": self.busy.to_json(),
            "rise": round(self.rise, 3),
            "logins": self.logins,
            "loginsASecond": round(self._succeeded_a_second, 1),
            "target": TARGET,
            "verdict": self.verdict,
        }


def run() -> Iterator[Result]:
    """Measure, and give the result."""
    settings = {"CONNECT_LOGIN_RATE": "999999/minute", "CONNECT_LOG_LEVEL": "info"}
    with (
        tempfile.TemporaryDirectory() as folder,
        Deployment(Path(folder), workers=1, **settings) as deployment,
    ):
        for number in range(USERS):
            account = {"email": email_of(number), "password": PASSWORD, "displayName": "Bench"}
            deployment.api("POST", "/auth/register", account)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            yield runner.run(_measure(deployment))


async def _measure(deployment: Deployment) -> Result:
    result = Result("SQLite")
    async with _peers(deployment) as peers:
        for number in range(WARM_UP + ROUNDS):
            quiet = await _round_trips(peers)
            async with _load(deployment) as logins:
                busy = await _round_trips(peers)
            if number >= WARM_UP:
                result.quiet.rounds.append(quiet)
                result.busy.rounds.append(busy)
                result.logins.append(logins)
    return result


class Peer:
    """A websocket in a room, with a transport to ask for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._transport_id = ""

    async def make_transport(self) -> None:
        self._transport_id = (await self._request("createWebRtcTransport", {"consuming": True}))["id"]

    async def round_trip(self) -> float:
        """Ask for stats; gives the milliseconds until the answer."""
        start = time.perf_counter()
        await self._request("getTransportStats", {"transportId": self._transport_id})
        return (time.perf_counter() - start) * 1e3

    async def _request(self, method: str, data: dict[str, Any]) -> Any:
        await self._socket.send_json({"request": True, "id": 1, "method": method, "data": data})
        while not (frame := await self._socket.receive_json(timeout=30)).get("response"):
            pass
        if not frame["ok"]:
            raise RuntimeError(f"{method}: {frame}")
        return frame["data"]


@asynccontextmanager
async def _peers(deployment: Deployment) -> AsyncIterator[list[Peer]]:
    async with aiohttp.ClientSession() as session:
        peers = []
        for number in range(PEERS):
            url = f"ws://127.0.0.1:{deployment.port}/ws?roomId=bench&peerId=peer-{number}"
            peer = Peer(await session.ws_connect(url, protocols=["protoo"]))
            await peer.make_transport()
            peers.append(peer)
        yield peers


async def _round_trips(peers: list[Peer]) -> float:
    """Have all peers ask, each at its own times, for one round; gives the 99th percentile."""
    start = time.monotonic()
    rounds = [_ask(peer, start + number * PACE / len(peers)) for number, peer in enumerate(peers)]
    taken = await asyncio.gather(*rounds)
    return statistics.quantiles(chain.from_iterable(taken), n=100)[98]


async def _ask(peer: Peer, start: float) -> list[float]:
    taken = []
    for number in range(int(ROUND_SECONDS / PACE)):
        await asyncio.sleep(start + number * PACE - time.monotonic())
        taken.append(await peer.round_trip())
    return taken


@asynccontextmanager
async def _load(deployment: Deployment) -> AsyncIterator[dict[str, Any]]:
    """Have another process sign in during the block; what became of it is there after the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.login_load", deployment.url, str(LOGINS_A_SECOND)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    # It has begun, and what starting costs is over.
    await process.stdout.readline()
    outcome: dict[str, Any] = {}
    yield outcome
    process.stdin.close()
    outcome.update(json.loads(await process.stdout.read()))
    await process.wait()
    if unexpected := set(outcome["answers"]) - EXPECTED:
        raise RuntimeError(f"logins were answered with {', '.join(unexpected)}")
