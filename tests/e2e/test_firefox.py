"""Firefox and Chromium in one room."""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import Deployment
from .firefox import launch_firefox
from .participant import Participant


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
