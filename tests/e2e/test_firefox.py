"""Firefox and Chromium in one room."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.async_api import Browser

from .deployment import Deployment
from .display import HEIGHT, WIDTH, virtual_display
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


async def test_a_screen_is_shared_from_firefox_to_chromium_and_back(browser: Browser, deployment: Deployment) -> None:
    async with virtual_display() as display, launch_firefox(display) as firefox:
        olga = await moderator(browser, deployment, "Olga")
        room = olga.page.url.rsplit("/", 1)[1]
        foxy = await Participant.enter(firefox, deployment, room, "Foxy")
        bob = await Participant.enter(browser, deployment, room, "Bob")
        everybody = (olga, foxy, bob)

        await foxy.toggle("screen")
        for person in (olga, bob):
            await person.sees(foxy, "screen_share")
            await person.until(shows_a_window, "shows what is on Foxy's display")
        await foxy.toggle("screen")
        await until_no_screen(everybody)

        await olga.toggle("screen")
        for person in (foxy, bob):
            await person.sees(olga, "screen_share")
        await olga.toggle("screen")
        await until_no_screen(everybody)

        await foxy.toggle("screen")
        await olga.sees(foxy, "screen_share")
        await olga.toggle("people")
        await olga.page.get_by_test_id("person").filter(has_text="Foxy").get_by_test_id("person-menu").click()
        await olga.click("moderate-stop-screen")
        await until_no_screen(everybody)
        await until_text(foxy, foxy.page.get_by_test_id("notice"), "Olga stopped your screen share")
        assert foxy.problems + olga.problems + bob.problems == []


#: Width and height of the shared screen, and how many colours are to be seen in it; ``null`` before its first frame.
SHARED = """(() => {
    const video = document.querySelector("[data-testid=screen-tile] video");
    if (!video?.videoWidth) return null;
    const { videoWidth: width, videoHeight: height } = video;
    const painter = new OffscreenCanvas(width, height).getContext("2d");
    painter.drawImage(video, 0, 0);
    const { data } = painter.getImageData(0, 0, width, height);
    return { width, height, colours: new Set(new Uint32Array(data.buffer)).size };
})()"""


async def shows_a_window(person: Participant) -> bool:
    shared = await person.page.evaluate(SHARED)
    # An empty display has one colour.
    return shared is not None and (shared["width"], shared["height"]) == (WIDTH, HEIGHT) and shared["colours"] > 100


async def until_no_screen(people: Iterable[Participant]) -> None:
    async def is_gone(person: Participant) -> bool:
        return await person.page.get_by_test_id("screen-tile").count() == 0

    for person in people:
        await person.until(is_gone, "no screen is shared")


async def reads_both(person: Participant) -> bool:
    messages = await person.page.evaluate(
        "[...document.querySelectorAll('[data-testid=chat-message]')].map(({ innerText }) => innerText).join()"
    )
    return "Hello from Firefox" in messages and "Hello from Chromium" in messages
