"""A call on a phone: narrow, upright or turned, and touched."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, ViewportSize

from .deployment import Deployment
from .participant import CAMERA_OF_SIZE, Participant
from .test_adaptation import until_sends
from .test_meeting import until_text

UPRIGHT = ViewportSize(width=390, height=844)
TURNED = ViewportSize(width=844, height=390)
#: The buttons that are there in each of the two.
ALWAYS = ("toggle-mic", "toggle-camera", "more-menu", "leave-button")


class PhoneParticipant(Participant):
    """One who taps."""

    @classmethod
    async def context(cls, browser: Browser) -> Any:
        context = await browser.new_context(
            permissions=["camera", "microphone"],
            viewport=UPRIGHT,
            has_touch=True,
            is_mobile=True,
            device_scale_factor=2,
        )
        await context.add_init_script(CAMERA_OF_SIZE.format(width=640, height=360))
        return context

    async def click(self, test_id: str) -> None:
        await self.page.get_by_test_id(test_id).tap()


async def test_a_phone_does_in_a_call_what_a_computer_does(browser: Browser, deployment: Deployment) -> None:
    bob = await Participant.enter(browser, deployment, "phone", "Bob")
    ada = await PhoneParticipant.enter(browser, deployment, "phone", "Ada")
    await ada.sees(bob)
    await bob.sees(ada)
    await has_all_in_sight(ada)

    await ada.click("toggle-chat")
    await ada.fill("chat-input", "From the train")
    await ada.click("chat-send")
    await bob.toggle("chat")
    await until_text(bob, bob.page.get_by_test_id("chat-message"), "From the train")
    await has_nothing_beside_the_window(ada)
    # Where it has the place of the videos, none of them comes.
    await until_sends(bob)
    await ada.page.get_by_test_id("chat-panel").get_by_role("button", name="Close").tap()
    await ada.page.get_by_test_id("chat-panel").wait_for(state="detached")
    await ada.sees(bob)

    await ada.click("more-menu")
    await ada.click("toggle-hand")
    await (await bob.tile_of(ada)).get_by_test_id("hand-badge").wait_for()
    await bob.toggle("screen")
    await ada.sees(bob, "screen_share")
    await ada.page.locator("[data-testid=screen-tile][data-large=true]").wait_for()
    await has_all_in_sight(ada)

    await ada.page.set_viewport_size(TURNED)
    await has_all_in_sight(ada)
    await ada.sees(bob, "screen_share")
    await ada.click("toggle-mic")
    await bob.until_tile(ada, "muted", "true")
    await ada.click("leave-button")
    await bob.until_tiles(1)
    assert ada.problems + bob.problems == []


async def has_all_in_sight(person: Participant) -> None:
    """Wait until the buttons, and tiles of any size, are in the window, and nothing goes over its edge."""

    async def has(_: Participant) -> bool:
        window = person.page.viewport_size
        assert window is not None
        buttons = [person.page.get_by_test_id(name) for name in ALWAYS]
        boxes = [await place.bounding_box() for place in (*buttons, person.page.get_by_test_id("tile").first)]
        return all(
            box is not None
            and box["width"] >= 24
            and box["height"] >= 24
            and 0 <= box["x"] <= window["width"] - box["width"]
            and 0 <= box["y"] <= window["height"] - box["height"]
            for box in boxes
        )

    await person.until(has, "has all in sight")
    await has_nothing_beside_the_window(person)


async def has_nothing_beside_the_window(person: Participant) -> None:
    assert await person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
