"""Before the call people look at themselves, choose devices, and turn off what nobody shall see or hear."""

from __future__ import annotations

from playwright.async_api import Browser, Locator

from .deployment import Deployment
from .participant import Participant
from .test_views import is_moving, uses


async def test_one_sees_and_hears_oneself_and_comes_in_as_one_chose(browser: Browser, deployment: Deployment) -> None:
    bob = await Participant.enter(browser, deployment, "entrance", "Bob")
    ada = await Participant.arrive(browser, f"{deployment.url}/r/entrance", "Ada")
    preview = ada.page.get_by_test_id("preview-video")
    await preview.wait_for()
    started = await seconds_of(preview)
    await ada.until(lambda _: is_later(preview, started), "the preview plays")
    await ada.until(lambda _: is_moving(ada.page.get_by_test_id("level")), "the meter moves with the voice")

    choice = ada.page.get_by_test_id("device-microphone")
    chosen = await choice.locator("option").last.get_attribute("value")
    assert await choice.input_value() != chosen
    await choice.select_option(chosen)
    await ada.toggle("camera")
    await preview.wait_for(state="detached")
    # Nobody in the call knows yet that somebody is at the door.
    assert await bob.page.get_by_test_id("tile").count() == 1

    await ada.join()
    await bob.hears(ada)
    await bob.until_tile(ada, "camera", "off")
    assert await ada.page.locator("[data-testid=toggle-camera][aria-pressed=false]").count() == 1
    await ada.until(lambda _: uses(ada, "microphone", chosen), "uses the microphone that was chosen")
    await ada.toggle("camera")
    await bob.sees(ada)
    assert ada.problems + bob.problems == []


async def test_keys_do_what_the_buttons_do_unless_one_types(browser: Browser, deployment: Deployment) -> None:
    bob = await Participant.enter(browser, deployment, "keys", "Bob")
    ada = await Participant.arrive(browser, f"{deployment.url}/r/keys", "Ada")
    await ada.page.locator("[data-testid=toggle-mic][aria-pressed=true]").wait_for()
    # The name is what one types first.
    await ada.page.get_by_test_id("name-input").press_sequentially("vm")
    assert await ada.page.get_by_test_id("name-input").input_value() == "vm"
    await ada.page.get_by_role("heading", level=1).click()
    await ada.page.keyboard.press("v")
    await ada.page.locator("[data-testid=toggle-camera][aria-pressed=false]").wait_for()
    assert await ada.page.locator("[data-testid=toggle-mic][aria-pressed=true]").count() == 1

    await ada.join()
    await bob.until_tile(ada, "camera", "off")
    await ada.page.keyboard.press("v")
    await bob.until_tile(ada, "camera", "on")
    await ada.page.keyboard.press("m")
    await bob.until_tile(ada, "muted", "true")
    await ada.page.keyboard.press("m")
    await bob.until_tile(ada, "muted", "false")
    await ada.page.keyboard.press("p")
    await ada.page.locator("[data-testid=people-panel]:focus").wait_for()
    await ada.page.keyboard.press("p")
    await ada.page.get_by_test_id("people-panel").wait_for(state="detached")
    assert ada.problems + bob.problems == []


async def seconds_of(video: Locator) -> float:
    seconds: float = await video.evaluate("video => video.currentTime")
    return seconds


async def is_later(video: Locator, than: float) -> bool:
    return await seconds_of(video) > than
