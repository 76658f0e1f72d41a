"""Firefox sends its camera as large as somebody shows it, and not at all while nobody does, and tells it in numbers."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser

from .deployment import Deployment
from .firefox import launch_firefox
from .participant import LargeParticipant, Participant
from .test_adaptation import HIDE, LARGE, SMALL, until_sends
from .test_details import track, until_measured

#: Lines of the camera's smallest size, at most.
SMALLEST = 180
#: The sizes of the camera that are sent. Firefox does not tell which ones are active, but how many frames leave.
SIZES_SENT = """
connect.sendStats().then((all) => [...(all.get("camera")?.values() ?? [])]
    .filter(({ type, framesPerSecond }) => type === "outbound-rtp" && framesPerSecond > 0)
    .map(({ rid }) => rid)
    .sort())
"""


async def test_a_camera_of_firefox_is_sent_as_large_as_somebody_shows_it(
    browser: Browser, deployment: Deployment
) -> None:
    async with launch_firefox() as firefox:
        foxy = await LargeParticipant.enter(firefox, deployment, "firefox-sizes", "Foxy")
        ada = await LargeParticipant.enter(browser, deployment, "firefox-sizes", "Ada")
        await ada.page.set_viewport_size(LARGE)
        # How much more than the smallest one, Firefox decides by what time and bandwidth it has.
        await foxy.until(lambda _: sends_several(foxy), "sends several sizes")
        await ada.until(lambda _: receives(ada, foxy, small=False), "receives more than the smallest one")

        await ada.page.set_viewport_size(SMALL)
        await until_firefox_sends(foxy, "r0")
        await ada.until(lambda _: receives(ada, foxy, small=True), "receives the smallest one")
        await foxy.click("more-menu")
        await foxy.click("toggle-details")
        camera = track(foxy, "sent", "camera")
        await until_measured(foxy, camera, "bitrate", at_least=10_000)
        await until_measured(foxy, camera, "round-trip", at_least=0)
        assert [await camera.get_attribute(f"data-{what}") for what in ("codec", "layer", "layers")] == [
            "VP8",
            "1",
            "3",
        ]

        for person in (ada, foxy):
            await person.page.evaluate(HIDE % "true")
        await asyncio.gather(until_firefox_sends(foxy), until_sends(ada))
        for person in (ada, foxy):
            await person.page.evaluate(HIDE % "false")
        await asyncio.gather(ada.sees(foxy), foxy.sees(ada))
        assert foxy.problems + ada.problems == []


async def until_firefox_sends(person: Participant, *sizes: str) -> None:
    async def does(_: Participant) -> bool:
        return bool(await person.page.evaluate(SIZES_SENT) == list(sizes))

    await person.until(does, f"sends just {sizes}")


async def sends_several(person: Participant) -> bool:
    return len(await person.page.evaluate(SIZES_SENT)) > 1


async def receives(person: Participant, other: Participant, *, small: bool) -> bool:
    """Tell whether frames of the camera arrive in its smallest size, or in a larger one."""
    height = (await person.received_from(other, "camera")).get("frameHeight", 0)
    return bool(height > 0 and (height <= SMALLEST) == small)
