"""People on three nodes are in one call, and nobody notices."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser

from tests.services.waiting import eventually

from .cluster import Cluster, routers_left
from .deployment import PASSWORD, Deployment
from .participant import Participant, they_hear_each_other, they_see_each_other
from .same_views import Rooms, same_views
from .small import SmallParticipant, slow_browser
from .test_meeting import until_text, write


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


async def test_people_on_three_nodes_are_in_one_call(browser: Browser, cluster: Cluster) -> None:
    first, second, third = cluster.nodes
    email, token = first.sign_up("Olga")
    room = first.api("POST", "/rooms", {"name": "Everywhere"}, token)["code"]
    olga = await signed_in(browser, first, room, "Olga", email)
    bob = await SmallParticipant.enter(browser, second, room, "Bob")
    cleo = await SmallParticipant.enter(browser, third, room, "Cleo")
    people = olga, bob, cleo
    for person in people:
        await person.until_tiles(3)
    await they_see_each_other(*people)
    rooms = Rooms(token, {room: ""})
    await same_views(cluster, rooms, {room: [await person.peer_id() for person in people]})
    await they_speak(people)
    await they_write_and_wave(people)
    await they_share_a_screen_and_data(people)
    await olga_moderates(people)
    await same_views(cluster, rooms, {room: [await olga.peer_id(), await cleo.peer_id()]})
    assert [person.problems for person in people] == [[], [], []]
    for person in (olga, cleo):
        await person.leave()


async def test_nothing_is_left_of_a_call_that_is_over(cluster: Cluster) -> None:
    async def no_keys() -> bool:
        return not of_rooms(await asyncio.to_thread(cluster.keys))

    try:
        await eventually(no_keys)
    except TimeoutError:
        raise AssertionError(f"Redis still has {cluster.keys()}") from None
    assert await routers_left(cluster.nodes) == {}


async def they_speak(people: tuple[Participant, ...]) -> None:
    """Everybody hears who turns the microphone on, and sees it."""
    for speaker in people:
        await speaker.toggle("mic")
    for listener, speaker in itertools.permutations(people, 2):
        await listener.until_tile(speaker, "muted", "false")
    await they_hear_each_other(*people)


async def they_write_and_wave(people: tuple[Participant, ...]) -> None:
    """What one writes all read, and who raises a hand or reacts is seen by all."""
    for person in people:
        await person.toggle("chat")
    for writer in people:
        await write(writer, f"{writer.name} was here.")
        for reader in people:
            await until_text(reader, reader.page.get_by_test_id("chat-message").last, f"{writer.name} was here.")
    for person in people:
        await person.toggle("chat")
    _, bob, _ = people
    await bob.toggle("hand")
    for person in people:
        if person is not bob:
            await (await person.tile_of(bob)).get_by_test_id("hand-badge").wait_for()
    seen = [(await person.tile_of(bob)).get_by_test_id("reaction") for person in people if person is not bob]
    await bob.click("reaction-menu")
    await bob.page.get_by_test_id("reaction-button").first.click()
    await asyncio.gather(*(reaction.wait_for() for reaction in seen))


async def they_share_a_screen_and_data(people: tuple[Participant, ...]) -> None:
    olga, bob, cleo = people
    await cleo.toggle("screen")
    for person in (olga, bob):
        await person.sees(cleo, "screen_share")
    await cleo.toggle("screen")
    for person in (olga, bob):
        await person.page.get_by_test_id("screen-tile").wait_for(state="detached")
    for person in people:
        await person.page.evaluate(
            "window.data = []; void connect.meeting.on('data', (message) => data.push(message.payload))"
        )
    await olga.page.evaluate("connect.meeting.sendData('test', 'for all')")
    await olga.page.evaluate("(id) => connect.meeting.sendData('test', 'for one', { to: [id] })", await cleo.peer_id())
    for person, expected in ((bob, ["for all"]), (cleo, ["for all", "for one"])):
        await person.until(has_data(expected), f"{expected} arrives")
    assert await olga.page.evaluate("data") == []


def has_data(expected: list[str]) -> Callable[[Participant], Awaitable[bool]]:
    """Give the condition that just this has arrived."""

    async def has(person: Participant) -> bool:
        return bool(await person.page.evaluate("data") == expected)

    return has


async def olga_moderates(people: tuple[Participant, ...]) -> None:
    """She mutes and removes one who is on another node."""
    olga, bob, cleo = people
    await olga.toggle("people")
    menu = olga.page.get_by_test_id("person").filter(has_text="Bob").get_by_test_id("person-menu")
    await menu.click()
    await olga.click("moderate-mute")
    for person in (olga, cleo):
        await person.until_tile(bob, "muted", "true")
    await until_text(bob, bob.page.get_by_test_id("notice"), "Olga muted you")
    await olga.click("moderate-lower-hand")
    await until_text(bob, bob.page.get_by_test_id("notice"), "Olga lowered your hand")
    await olga.click("moderate-remove")
    await until_text(bob, bob.page.get_by_test_id("left-screen"), "Olga removed you")
    for person in (olga, cleo):
        await person.until_tiles(2)


async def signed_in(browser: Browser, deployment: Deployment, room: str, name: str, email: str) -> SmallParticipant:
    """Let somebody with an account join a room."""
    person = await SmallParticipant.arrive(browser, f"{deployment.url}/signin?next=/r/{room}", name)
    await person.fill("signin-email", email)
    await person.fill("signin-password", PASSWORD)
    await person.click("signin-button")
    await person.join()
    return person


def of_rooms(keys: set[str]) -> set[str]:
    """Give those of Redis' keys that are not of nodes, or of their rate limits, which go by themselves."""
    return {key for key in keys if not key.startswith(("connect:node", "LIMITS:"))} - {"connect:run"}
