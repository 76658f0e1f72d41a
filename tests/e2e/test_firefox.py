"""Firefox and Chromium in one room. (A Firefox without a display has no screen to share; Chromium pretends one.)"""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import Deployment
from .firefox import launch_firefox
from .participant import Participant
from .test_meeting import moderator, until_text


async def test_firefox_and_chromium_see_and_hear_each_other(browser: Browser, deployment: Deployment) -> None:
    async with launch_firefox() as firefox:
        foxy = await Participant.enter(firefox, deployment, "two-browsers", "Foxy")
        ada = await Participant.enter(browser, deployment, "two-browsers", "Ada")
        for one, other in ((foxy, ada), (ada, foxy)):
            await one.sees(other)
            await one.hears(other)

        for one, other in ((foxy, ada), (ada, foxy)):
            await one.toggle("mic")
            await other.until_tile(one, "muted", "true")
            await one.toggle("mic")
            await other.until_tile(one, "muted", "false")
            await other.hears(one)

        for one, other in ((foxy, ada), (ada, foxy)):
            await one.toggle("camera")
            await other.until_tile(one, "camera", "off")
            await one.toggle("camera")
            await other.until_tile(one, "camera", "on")
            await other.sees(one)

        await foxy.leave()
        await ada.until_tiles(1)
        assert foxy.problems + ada.problems == []


async def test_firefox_and_chromium_hold_a_meeting(browser: Browser, deployment: Deployment) -> None:
    async with launch_firefox() as firefox:
        olga = await moderator(browser, deployment, "Olga")
        foxy = await Participant.enter(firefox, deployment, olga.page.url.rsplit("/", 1)[1], "Foxy")
        await olga.hears(foxy)

        await foxy.toggle("hand")
        await (await olga.tile_of(foxy)).get_by_test_id("hand-badge").wait_for()
        await foxy.click("reaction-menu")
        await foxy.click("reaction-button")
        await until_text(olga, (await olga.tile_of(foxy)).get_by_test_id("reaction"), "👍")
        await olga.toggle("screen")
        await foxy.sees(olga, "screen_share")

        for person, text in ((foxy, "Hello from Firefox"), (olga, "Hello from Chromium")):
            await person.toggle("chat")
            await person.fill("chat-input", text)
            await person.click("chat-send")
        for person in (foxy, olga):
            await person.until(reads_both, "reads both messages")

        await olga.toggle("people")
        await olga.click("person-menu")
        await olga.click("moderate-mute")
        await until_text(foxy, foxy.page.get_by_test_id("notice"), "Olga muted you")
        await olga.until_tile(foxy, "muted", "true")
        await foxy.toggle("mic")
        await olga.until_tile(foxy, "muted", "false")
        await olga.hears(foxy)
        assert foxy.problems + olga.problems == []


async def reads_both(person: Participant) -> bool:
    messages = await person.page.evaluate(
        "[...document.querySelectorAll('[data-testid=chat-message]')].map(({ innerText }) => innerText).join()"
    )
    return "Hello from Firefox" in messages and "Hello from Chromium" in messages
