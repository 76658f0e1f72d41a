"""People talk to each other through the real page, real browsers and real workers."""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import Deployment
from .participant import Participant, they_hear_each_other, they_see_each_other


async def enter_all(browser: Browser, deployment: Deployment, room: str, *names: str) -> list[Participant]:
    return [await Participant.enter(browser, deployment, room, name) for name in names]


async def test_three_people_see_and_hear_each_other(browser: Browser, deployment: Deployment) -> None:
    people = await enter_all(browser, deployment, "three", "Ada", "Bob", "Cleo")
    await they_see_each_other(*people)
    await they_hear_each_other(*people)
    assert [person.problems for person in people] == [[], [], []]


async def test_mute_camera_screen_and_leaving_are_seen_by_the_others(browser: Browser, deployment: Deployment) -> None:
    ada, bob, cleo = await enter_all(browser, deployment, "controls", "Ada", "Bob", "Cleo")
    others = (bob, cleo)
    for other in others:
        await other.sees(ada)

    await ada.toggle("mic")
    for other in others:
        await other.until_tile(ada, "muted", "true")
    await ada.toggle("mic")
    for other in others:
        await other.until_tile(ada, "muted", "false")
        await other.hears(ada)

    await ada.toggle("camera")
    for other in others:
        await other.until_tile(ada, "camera", "off")
    await ada.toggle("camera")
    for other in others:
        await other.until_tile(ada, "camera", "on")
        await other.sees(ada)

    await ada.toggle("screen")
    for other in others:
        await other.sees(ada, "screen_share")
    await ada.toggle("screen")
    for other in others:
        await other.until_tile(ada, "screen", "off")

    await ada.leave()
    for other in others:
        await other.until_tiles(2)
    await bob.sees(cleo)
    assert [person.problems for person in (ada, bob, cleo)] == [[], [], []]
