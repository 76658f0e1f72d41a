"""The database goes away in the middle of calls: they go on, and nothing hangs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser

from tests.databases import PostgresServer

from .bot import Bot
from .deployment import Deployment
from .participant import PATIENCE, Participant, they_see_each_other

#: Seconds without a database. What is promised holds for any time; a minute was tried, too.
OUTAGE = float(os.environ.get("OUTAGE_SECONDS", "10"))
#: Seconds within which the API answers, database or not, and works again after the database does.
ANSWERS_IN, BACK_IN = 2.0, 5.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A database server of these tests alone: other tests need theirs."""
    server = PostgresServer()
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, server: PostgresServer) -> Iterator[Deployment]:
    url = server.url("postgres")
    with Deployment(tmp_path_factory.mktemp("outage"), workers=1, CONNECT_DATABASE_URL=url) as deployment:
        yield deployment


@pytest.mark.parametrize(
    ("gone", "back"),
    [(PostgresServer.stop, PostgresServer.start), (PostgresServer.freeze, PostgresServer.thaw)],
    ids=["stopped", "frozen"],
)
async def test_calls_go_on_without_the_database_and_are_remembered_after_it(
    browser: Browser,
    deployment: Deployment,
    server: PostgresServer,
    gone: Callable[[PostgresServer], None],
    back: Callable[[PostgresServer], None],
) -> None:
    _, owner = deployment.sign_up(f"owner-{gone.__name__}")
    room = deployment.api("POST", "/rooms", {"name": "All goes on"}, owner)["code"]
    ada, bob = [await Participant.enter(browser, deployment, room, name) for name in ("Ada", "Bob")]
    await ada.sees(bob)
    ticket = deployment.api("POST", f"/rooms/{room}/join", {"displayName": "Cleo"})
    await (await come(deployment, room, ticket)).leave()

    # Not from a thread that ends: the server would end with the thread that started it.
    gone(server)
    try:
        async with polled(deployment, f"/api/rooms/{room}", owner) as polls:
            await asyncio.gather(carry_on(deployment, room, ticket, ada, bob), asyncio.sleep(OUTAGE))
    finally:
        back(server)
    assert {poll.status for poll in polls} == {503}
    assert max(poll.seconds for poll in polls) < ANSWERS_IN

    returned = time.monotonic()
    while (await ask(deployment, f"/api/rooms/{room}", owner)).status != 200:
        assert time.monotonic() - returned < BACK_IN
    await they_see_each_other(ada, bob)
    assert ada.problems + bob.problems == []
    await ada.leave()
    await bob.leave()
    assert await remembered(deployment, room, owner) == ["Ada", "Bob", "Cleo", "Cleo"]


async def carry_on(
    deployment: Deployment, room: str, ticket: dict[str, str], ada: Participant, bob: Participant
) -> None:
    """Do in the call what needs signaling: mute, unmute, come back with the token one has."""
    await ada.toggle("mic")
    await bob.until_tile(ada, "muted", "true")
    await ada.toggle("mic")
    await bob.until_tile(ada, "muted", "false")
    await bob.hears(ada)
    cleo = await come(deployment, room, ticket)
    await ada.until_tiles(3)
    await cleo.leave()
    await ada.until_tiles(2)
    await bob.sees(ada)


async def come(deployment: Deployment, room: str, ticket: dict[str, str]) -> Bot:
    """Enter with a room token that was got before."""
    return await Bot.enter(deployment, room, ticket["peerId"], [], token=ticket["token"], name="Cleo")


@dataclass(frozen=True, slots=True)
class Poll:
    """One answer of the API: its status, and how long it took."""

    status: int
    seconds: float = field(compare=False)


async def ask(deployment: Deployment, path: str, token: str) -> Poll:
    start = time.monotonic()
    status, _ = await asyncio.to_thread(deployment.get, path, token)
    return Poll(status, time.monotonic() - start)


@asynccontextmanager
async def polled(deployment: Deployment, path: str, token: str) -> AsyncIterator[list[Poll]]:
    """Go on asking, a few times a second, until the end of the block."""
    polls: list[Poll] = []

    async def poll() -> None:
        while True:
            polls.append(await ask(deployment, path, token))
            await asyncio.sleep(0.2)

    task = asyncio.create_task(poll())
    try:
        yield polls
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def remembered(deployment: Deployment, room: str, token: str) -> list[str]:
    """Wait until history has nobody left in the room; give the names of those who were."""
    async with asyncio.timeout(PATIENCE):
        while True:
            sessions = deployment.api("GET", f"/rooms/{room}/sessions", None, token)["items"]
            people = [
                person
                for session in sessions
                for person in deployment.api(
                    "GET", f"/rooms/{room}/sessions/{session['id']}/participants", None, token
                )["items"]
            ]
            if people and all(person["leftAt"] for person in people):
                return sorted(person["displayName"] for person in people)
            await asyncio.sleep(0.1)
