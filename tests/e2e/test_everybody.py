"""A moderator does something to all at once: mutes them, lets them in, lets nobody else in."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser

from .deployment import Deployment
from .participant import Participant
from .test_meeting import moderator, until_text


async def test_all_are_muted_but_who_mutes_them(browser: Browser, deployment: Deployment) -> None:
    vera = await moderator(browser, deployment, "Vera")
    room = vera.page.url.rsplit("/", 1)[1]
    guests = [await Participant.enter(browser, deployment, room, name) for name in ("Bob", "Cleo")]
    await asyncio.gather(*(vera.hears(guest) for guest in guests))
    await vera.toggle("people")
    await vera.click("mute-all")
    for guest in guests:
        await vera.until_tile(guest, "muted", "true")
        await until_text(guest, guest.page.get_by_test_id("notice"), "Vera muted you")
        await guest.page.locator("[data-testid=toggle-mic][aria-pressed=false]").wait_for()
        assert await (await guest.tile_of(vera)).get_attribute("data-muted") == "false"
    bob, cleo = guests
    await bob.hears(vera)
    await bob.toggle("mic")
    await vera.until_tile(bob, "muted", "false")
    await cleo.hears(bob)
    assert vera.problems + bob.problems + cleo.problems == []


async def test_all_who_wait_are_let_in_at_once(browser: Browser, deployment: Deployment) -> None:
    wanda = await moderator(browser, deployment, "Wanda", lobby=True)
    guests = [await Participant.arrive(browser, wanda.page.url, name) for name in ("Bob", "Cleo")]
    for guest in guests:
        await guest.ask_to_join()
        await wanda.page.get_by_test_id("lobby-entry").filter(has_text=guest.name).wait_for()
    await until_text(wanda, wanda.page.get_by_test_id("lobby-count"), "2")
    await wanda.click("admit-all-button")
    people = (wanda, *guests)
    for guest in guests:
        await guest.until_joined()
    for person in people:
        await person.until_tiles(3)
    await guests[0].sees(guests[1])
    await wanda.page.get_by_test_id("lobby").wait_for(state="detached")
    assert [person.problems for person in people] == [[], [], []]


async def test_who_comes_to_a_locked_room_is_told_and_gets_in_when_it_is_not(
    browser: Browser, deployment: Deployment
) -> None:
    xenia = await moderator(browser, deployment, "Xenia")
    bob = await Participant.enter(browser, deployment, xenia.page.url.rsplit("/", 1)[1], "Bob")
    await xenia.toggle("people")
    await xenia.click("lock-room")
    await xenia.page.locator("[data-testid=lock-room][aria-pressed=true]").wait_for()

    cleo = await Participant.arrive(browser, xenia.page.url, "Cleo")
    await cleo.ask_to_join()
    await until_text(cleo, cleo.page.get_by_test_id("left-screen"), "The room is locked")
    # Nobody who is in has to go.
    await xenia.sees(bob)
    assert await xenia.page.get_by_test_id("tile").count() == 2

    await xenia.click("lock-room")
    await xenia.page.locator("[data-testid=lock-room][aria-pressed=false]").wait_for()
    await cleo.click("rejoin-button")
    await cleo.until_joined()
    await xenia.sees(cleo)
    assert xenia.problems + bob.problems == []
