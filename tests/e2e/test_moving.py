"""A node is switched off while people are in calls: they move to another one, and hardly notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, WebSocket

from tests.databases import PostgresServer
from tests.services.waiting import eventually

from .cluster import Cluster, Node
from .deployment import PASSWORD
from .participant import they_see_each_other
from .small import SmallParticipant, slow_browser
from .watching import longest_freeze, watch, watched

#: Seconds without media that a move may cost.
GAP = 2.0


@pytest.fixture
def cluster(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: PostgresServer,
    postgresql_template: str,
    database_names: Iterator[str],
) -> Iterator[Cluster]:
    name = next(database_names)
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    directory = tmp_path_factory.mktemp("cluster")
    with Cluster(directory, postgres_server.url(name), 2, have_urls=True) as cluster:
        yield cluster


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


class Mover(SmallParticipant):
    """One of whom it is known to which node it is connected."""

    def __init__(self, page: Page, name: str) -> None:
        super().__init__(page, name)
        self._sockets: list[WebSocket] = []
        page.on("websocket", lambda socket: self._sockets.append(socket))

    def is_at(self, node: Node) -> bool:
        """Whether it is connected to that node."""
        return [f":{node.port}/" in socket.url for socket in self._sockets if not socket.is_closed()] == [True]

    async def until_at(self, node: Node) -> None:
        """Wait until it is in the call, by that node."""

        async def at(_: object) -> bool:
            return self.is_at(node) and await self.joined()

        await self.until(at, f"is at {node.id}")


async def test_people_move_to_another_node_with_all_that_they_have(
    browser: Browser, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = cluster.nodes
    email, token = first.sign_up("Olga")
    room = first.api("POST", "/rooms", {"name": "On the move"}, token)["code"]
    olga = await signed_in(browser, first, room, "Olga", email)
    bob = await Mover.enter(browser, second, room, "Bob")
    people = olga, bob
    at, other = (first, second) if olga.is_at(first) else (second, first)
    # Wherever one asks, the way leads to the node that has the call.
    for person in people:
        await person.until_at(at)
    await both_are_there(people)
    await bob.toggle("hand")
    await (await olga.tile_of(bob)).get_by_test_id("hand-badge").wait_for()
    for person in people:
        await watch(person)

    assert await drain(at) == "draining; people still here: 2, calls: 1\n"
    for person in people:
        await person.until_at(other)
    await both_are_there(people)
    await eventually(lambda: drained(at))

    gaps = [longest_freeze(await watched(one), await seen.peer_id()) for one, seen in (people, people[::-1])]
    with capsys.disabled():
        print("\nlongest freeze of those who move, in seconds:", *(f"{gap:.1f}" for gap in gaps))
    assert max(gaps) < GAP
    await (await olga.tile_of(bob)).get_by_test_id("hand-badge").wait_for()
    assert await olga.page.evaluate("connect.state.get().role") == "owner"
    assert [person.problems for person in people] == [[], []]
    for person in people:
        await person.leave()


async def signed_in(browser: Browser, node: Node, room: str, name: str, email: str) -> Mover:
    """Let somebody with an account join a room."""
    person = await Mover.arrive(browser, f"{node.url}/signin?next=/r/{room}", name)
    await person.fill("signin-email", email)
    await person.fill("signin-password", PASSWORD)
    await person.click("signin-button")
    await person.join()
    return person


async def both_are_there(people: tuple[Mover, Mover]) -> None:
    for person in people:
        await person.until_tiles(2)
    await they_see_each_other(*people)


async def drain(node: Node) -> str:
    return await asyncio.to_thread(node.manage, "drain")


async def drained(node: Node) -> bool:
    return "people still here: 0" in await drain(node)
