"""People arrange what they see of a call: views, pins, screens, windows, devices, colours, keys."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, Locator, ViewportSize

from .deployment import Deployment
from .participant import LargeParticipant, Participant

REFUSE = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
NARROW: ViewportSize = {"width": 360, "height": 740}


async def test_a_narrow_window_has_one_row_of_buttons_and_a_menu_with_the_rest(
    browser: Browser, deployment: Deployment
) -> None:
    ada = await Participant.enter(browser, deployment, "narrow", "Ada")
    assert await ada.page.get_by_test_id("toggle-people").count() == 1, "in a wide window it is in the bar"
    await ada.page.set_viewport_size(NARROW)
    await ada.page.get_by_test_id("toggle-people").wait_for(state="detached")
    tops = set()
    for name in ("toggle-mic", "toggle-camera", "toggle-chat", "more-menu", "leave-button"):
        place = await box_of(ada.page.get_by_test_id(name))
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= NARROW["width"]
        tops.add(round(place["y"] + place["height"] / 2))
    assert len(tops) == 1

    await ada.click("more-menu")
    await ada.toggle("people")
    await ada.page.locator("[data-testid=people-panel]:focus").wait_for()
    await ada.page.keyboard.press("Escape")
    await ada.page.locator("[data-testid=more-menu]:focus").wait_for()
    assert ada.problems == []


async def test_the_speaker_view_shows_who_spoke_last_large_and_in_more_detail(
    browser: Browser, deployment: Deployment
) -> None:
    ada, bob, cleo = await three(browser, deployment, "speaker")
    for person in (ada, bob, cleo):
        await person.toggle("mic")
    await bob.toggle("mic")
    await ada.until_tile(bob, "speaking", "true")
    await ada.page.keyboard.press("g")
    await until_large(ada, bob)

    await bob.toggle("mic")
    await cleo.toggle("mic")
    await until_large(ada, cleo)
    await ada.until(lambda _: receives_more_of(ada, cleo, bob), "Cleo comes larger than Bob")
    # In a pause nothing changes; nor when one speaks oneself.
    await cleo.toggle("mic")
    await ada.toggle("mic")
    await ada.until_tile(ada, "speaking", "true")
    await until_large(ada, cleo)

    await (await ada.tile_of(bob)).get_by_test_id("pin-button").click()
    await until_large(ada, bob)
    await ada.toggle("view")
    await until_large(ada, bob)
    await (await ada.tile_of(bob)).get_by_test_id("pin-button").press("Enter")
    await until_large(ada, None)

    await ada.toggle("view")
    await ada.page.reload()
    await ada.join()
    await until_large(ada, bob)
    assert ada.problems + bob.problems + cleo.problems == []


async def test_a_screen_is_large_in_each_view_and_one_of_several_is_chosen(
    browser: Browser, deployment: Deployment
) -> None:
    ada, bob, cleo = await three(browser, deployment, "screens")
    await bob.toggle("screen")
    await until_screen_large(ada, bob)
    await ada.sees(bob, "screen_share")
    await cleo.toggle("screen")
    await until_screen_large(cleo, bob)
    await (await screen_of(ada, cleo)).get_by_test_id("pin-button").click()
    await until_screen_large(ada, cleo)

    await cleo.toggle("screen")
    await until_screen_large(ada, bob)
    await bob.toggle("screen")
    await until_large(ada, None)
    assert ada.problems + bob.problems + cleo.problems == []


async def test_devices_and_the_number_of_videos_change_at_once(browser: Browser, deployment: Deployment) -> None:
    ada, bob = [await Participant.enter(browser, deployment, "settings", name) for name in ("Ada", "Bob")]
    await bob.hears(ada)
    await ada.click("more-menu")
    await ada.click("settings-button")
    dialog = ada.page.get_by_test_id("settings-dialog")
    level = dialog.get_by_test_id("level")
    await ada.until(lambda _: is_moving(level), "the meter moves with the voice")

    microphone = dialog.get_by_test_id("device-microphone")
    other = await microphone.locator("option").last.get_attribute("value")
    assert await device_of(ada, "microphone") != other
    await microphone.select_option(other)
    await ada.until(lambda _: uses(ada, "microphone", other), "the other microphone is in use")
    await bob.hears(ada)
    speaker = dialog.get_by_test_id("device-speaker")
    await speaker.select_option(await speaker.locator("option").last.get_attribute("value"))
    await ada.until(lambda _: plays_at(ada, speaker), "Bob is heard from the other speaker")

    await ada.sees(bob)
    await dialog.get_by_test_id("last-n-select").select_option("0")
    await ada.until_tile(bob, "suspended", "true")
    await dialog.get_by_test_id("last-n-select").select_option("all")
    await ada.until_tile(bob, "suspended", "false")
    await ada.page.keyboard.press("Escape")
    await dialog.wait_for(state="detached")
    await ada.page.locator("[data-testid=more-menu]:focus").wait_for()
    assert ada.problems + bob.problems == []


async def test_the_chosen_colours_are_remembered(browser: Browser, deployment: Deployment) -> None:
    ada = await Participant.enter(browser, deployment, "colours", "Ada")
    await ada.page.emulate_media(color_scheme="dark")
    dark = await ground_of(ada)
    await ada.page.emulate_media(color_scheme="light")
    light = await ground_of(ada)
    assert light != dark
    await ada.click("more-menu")
    await ada.click("settings-button")
    await ada.page.get_by_test_id("theme-select").select_option("dark")
    assert await ground_of(ada) == dark
    await ada.page.reload()
    await ada.page.get_by_test_id("join-button").wait_for()
    assert await ground_of(ada) == dark
    assert ada.problems == []


async def test_the_help_lists_the_keys_which_do_nothing_while_it_is_open(
    browser: Browser, deployment: Deployment
) -> None:
    ada = await Participant.enter(browser, deployment, "help", "Ada")
    await ada.page.keyboard.press("?")
    dialog = ada.page.get_by_test_id("help-dialog")
    assert await dialog.locator("kbd").all_inner_texts() == ["M", "V", "H", "C", "P", "G", "?", "Esc"]
    await ada.page.keyboard.press("c")
    await ada.page.keyboard.press("Escape")
    await dialog.wait_for(state="detached")
    assert await ada.page.get_by_test_id("chat-panel").count() == 0
    await ada.click("more-menu")
    await ada.click("help-button")
    await dialog.wait_for()
    assert ada.problems == []


async def test_a_video_goes_into_a_window_of_its_own_and_comes_back(browser: Browser, deployment: Deployment) -> None:
    ada, bob = [await Participant.enter(browser, deployment, "window", name) for name in ("Ada", "Bob")]
    await ada.sees(bob)
    tile = await ada.tile_of(bob)
    button = tile.get_by_test_id("pip-button")
    await button.click()
    await tile.locator("[data-testid=pip-button][aria-pressed=true]").wait_for()
    assert await tile.locator("video").evaluate("video => document.pictureInPictureElement === video")
    # Another view does not close it.
    await ada.toggle("view")
    await until_large(ada, bob)
    assert await tile.locator("video").evaluate("video => document.pictureInPictureElement === video")
    await button.click()
    await tile.locator("[data-testid=pip-button][aria-pressed=false]").wait_for()
    assert not await tile.locator("video").evaluate("video => video.paused")
    await ada.sees(bob)
    assert ada.problems + bob.problems == []


async def test_the_page_says_what_became_of_a_device_that_disappears(browser: Browser, deployment: Deployment) -> None:
    ada = await Participant.enter(browser, deployment, "unplugged", "Ada")
    # Nobody unplugs a device that is none: the browser tells of it by this event.
    await ada.page.evaluate("connect.media.state.get().camera.track.dispatchEvent(new Event('ended'))")
    banner = ada.page.get_by_test_id("banner")
    await ada.page.locator("[data-testid=banner][data-problem=device_replaced]").wait_for()
    assert "is used instead" in await banner.inner_text()
    await ada.until_tile(ada, "camera", "on")
    assert ada.problems == []


async def test_who_refused_the_camera_is_told_how_to_allow_it(browser: Browser, deployment: Deployment) -> None:
    ada = Participant(await browser.new_page(), "Ada")
    # The browser of these tests asks nobody, and allows everything.
    await ada.page.add_init_script(REFUSE)
    await ada.page.goto(f"{deployment.url}/r/refused")
    problem = ada.page.get_by_test_id("error-message")
    await problem.wait_for()
    assert "Allow it in the browser's address bar" in await problem.inner_text()
    await ada.join()
    await ada.until_tile(ada, "camera", "off")
    assert "Allow it in the browser's address bar" in await ada.page.get_by_test_id("banner").inner_text()
    assert ada.problems == []


async def three(browser: Browser, deployment: Deployment, room: str) -> list[LargeParticipant]:
    return [await LargeParticipant.enter(browser, deployment, room, name) for name in ("Ada", "Bob", "Cleo")]


async def box_of(element: Locator) -> Any:
    box = await element.bounding_box()
    assert box is not None, "it can be seen"
    return box


async def until_large(person: Participant, other: Participant | None) -> None:
    """Wait until the tile of ``other``, and nothing else, is large; with ``None``, until all have the same size."""
    expected = [] if other is None else [await other.peer_id()]

    async def shown(_: Participant) -> bool:
        large = person.page.locator("[data-testid=stage] [data-large=true]")
        ids = [await tile.get_attribute("data-peer-id") for tile in await large.all()]
        return ids == expected and await large.and_(person.page.get_by_test_id("tile")).count() == len(ids)

    await person.until(shown, f"{other.name if other else 'nobody'} is large")


async def screen_of(person: Participant, other: Participant) -> Locator:
    return person.page.locator(f'[data-testid=screen-tile][data-peer-id="{await other.peer_id()}"]')


async def until_screen_large(person: Participant, other: Participant) -> None:
    await (await screen_of(person, other)).and_(person.page.locator("[data-large=true]")).wait_for()


async def receives_more_of(person: Participant, one: Participant, other: Participant) -> bool:
    """Tell whether frames of ``one`` that arrive have at least twice the lines of those of ``other``."""
    large, small = [(await person.received_from(each, "camera")).get("frameHeight", 0) for each in (one, other)]
    return bool(0 < small * 2 <= large)


async def is_moving(level: Locator) -> bool:
    return await level.get_attribute("aria-valuenow") not in (None, "0")


async def device_of(person: Participant, source: str) -> str | None:
    device: str | None = await person.page.evaluate(
        "source => connect.media.state.get()[source].track?.getSettings().deviceId", source
    )
    return device


async def uses(person: Participant, source: str, device: str | None) -> bool:
    return await device_of(person, source) == device


async def plays_at(person: Participant, speaker: Locator) -> bool:
    sinks: list[str] = await person.page.locator("audio").evaluate_all("all => all.map(audio => audio.sinkId)")
    return sinks == [await speaker.input_value()]


async def ground_of(person: Participant) -> str:
    colour: str = await person.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return colour
