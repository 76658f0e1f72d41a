"""The app, and the listener, are killed and restarted while people connect without a pause: nobody is sent away."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.rtc.fakes import until

from .supervised import Supervised

CLIENTS = 50
#: Seconds that a client waits for an answer: longer than any restart takes.
PATIENCE = 30.0
#: Seconds between two visits of a client; the machine has other things to do.
PAUSE = 0.05

LIVE = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
SOCKET = (
    "GET /ws?roomId=door-{0}&peerId=visitor-{0} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Protocol: protoo\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class Crowd:
    """Clients that connect, ask for something, and go, again and again; ``outcomes`` counts what became of that."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._leaving = False
        self.outcomes: Counter[str] = Counter()

    @property
    def served(self) -> int:
        """How often somebody got what they came for."""
        return self.outcomes["200"] + self.outcomes["101"]

    @asynccontextmanager
    async def about(self) -> AsyncIterator[None]:
        """Have them come and go for as long as this lasts, and a while before and after."""
        clients = [asyncio.create_task(self._come_and_go(number)) for number in range(CLIENTS)]
        try:
            await self.is_served()
            yield
            await self.is_served()
        finally:
            self._leaving = True
            await asyncio.gather(*clients)
            print(dict(self.outcomes))

    async def is_served(self) -> None:
        """Wait until all of them could have been served anew."""
        enough = self.served + 2 * CLIENTS
        await until(lambda: self.served >= enough, seconds=60)

    async def _come_and_go(self, number: int) -> None:
        request = LIVE if number % 2 else SOCKET.format(number)
        while not self._leaving:
            self.outcomes[await self._visit(request.encode())] += 1
            await asyncio.sleep(PAUSE)

    async def _visit(self, request: bytes) -> str:
        """Give the status of the answer, or what happened instead."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError as error:
            return f"sent away: {error!r}"
        try:
            async with asyncio.timeout(PATIENCE):
                writer.write(request)
                answer = await reader.readline()
        except TimeoutError:
            return "not answered"
        except OSError:
            answer = b""
        finally:
            # At once: what is written to one who does not listen any more would be an error.
            writer.transport.abort()
        return answer.split()[1].decode() if answer else "cut off"


@pytest.fixture(scope="module")
def connect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    with Supervised(tmp_path_factory.mktemp("connect"), CONNECT_LOG_LEVEL="info") as connect:
        yield connect


@pytest.fixture
def crowd(connect: Supervised) -> Crowd:
    return Crowd(connect.port)


async def happens(connect: Supervised, name: str, deed: Callable[[], object]) -> None:
    """Do something to a program; wait until another process runs in its place, and all is well."""
    before = await asyncio.to_thread(connect.pid, name)
    await asyncio.to_thread(deed)
    async with asyncio.timeout(30):
        while await asyncio.to_thread(connect.pid, name) in (0, before):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await asyncio.to_thread(connect.wait_ready)


def kill(connect: Supervised, name: str) -> None:
    os.kill(connect.pid(name), signal.SIGKILL)


async def test_the_app_is_killed(connect: Supervised, crowd: Crowd) -> None:
    async with crowd.about():
        await happens(connect, "app", lambda: kill(connect, "app"))
    # Cut off is who was just being answered, at most; who comes while the worker is taken over waits for it.
    assert crowd.outcomes.keys() <= {"200", "101", "cut off"}, crowd.outcomes
    assert crowd.outcomes["cut off"] <= CLIENTS


async def test_the_app_is_restarted(connect: Supervised, crowd: Crowd) -> None:
    async with crowd.about():
        await happens(connect, "app", lambda: connect.control("restart", "app"))
    assert crowd.outcomes.keys() <= {"200", "101", "503"}, crowd.outcomes


async def test_the_listener_is_killed_and_then_the_app_restarted(connect: Supervised, crowd: Crowd) -> None:
    taken_over = connect.said("with the sockets of the app that runs")
    async with crowd.about():
        await happens(connect, "listener", lambda: kill(connect, "listener"))
        await until(lambda: connect.said("with the sockets of the app that runs") > taken_over)
        await happens(connect, "app", lambda: connect.control("restart", "app"))
    assert crowd.outcomes.keys() <= {"200", "101", "503"}, crowd.outcomes


async def test_the_listener_answers_its_own_user_alone(connect: Supervised) -> None:
    assert stat.S_IMODE((connect.run_dir / "listener.sock").stat().st_mode) == 0o600
