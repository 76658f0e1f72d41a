"""Devices that are chosen, and that end by themselves: a shared screen, in the browser's own bar; the only camera."""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import Deployment
from .participant import Participant
from .test_meeting import until_text

#: Nobody pulls out a device that is none: the browser tells of it by these events.
END = "connect.media.state.get().%s.track.dispatchEvent(new Event('ended'))"
NO_CAMERA = """(({ enumerateDevices, getUserMedia }) => {
    let there = true;
    window.plug = (plugged) => {
        there = plugged;
        navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    };
    MediaDevices.prototype.enumerateDevices = async function () {
        const devices = await enumerateDevices.call(this);
        return there ? devices : devices.filter(({ kind }) => kind !== "videoinput");
    };
    MediaDevices.prototype.getUserMedia = async function (constraints) {
        if (constraints.video && !there) throw new DOMException("", "NotFoundError");
        return getUserMedia.call(this, constraints);
    };
})(MediaDevices.prototype);"""


async def test_a_microphone_that_was_chosen_is_used_again_after_coming_back(
    browser: Browser, deployment: Deployment
) -> None:
    ada = await Participant.arrive(browser, f"{deployment.url}/r/chosen", "Ada")
    microphones = ada.page.get_by_test_id("device-microphone")
    await microphones.locator("option").nth(2).wait_for(state="attached")
    chosen = await microphones.locator("option").last.get_attribute("value")

    async def uses_it(_: Participant) -> bool:
        used = "connect.media.state.get().microphone.track?.getSettings().deviceId"
        return bool(await ada.page.evaluate(used) == chosen)

    await microphones.select_option(chosen)
    await ada.join()
    await ada.until(uses_it, "uses the one that she chose")
    await ada.leave()
    await ada.click("rejoin-button")
    await ada.until_joined()
    await ada.until(uses_it, "uses it again")
    assert ada.problems == []


async def test_a_screen_that_the_browser_stops_sharing_is_gone_for_all(
    browser: Browser, deployment: Deployment
) -> None:
    ada, bob = [await Participant.enter(browser, deployment, "own-bar", name) for name in ("Ada", "Bob")]
    for _ in range(2):
        await ada.toggle("screen")
        await bob.sees(ada, "screen_share")
        await ada.page.locator("[data-testid=toggle-screen][aria-pressed=true]").wait_for()
        await ada.page.evaluate(END % "screen")
        await ada.page.locator("[data-testid=toggle-screen][aria-pressed=false]").wait_for()
        for person in (ada, bob):
            await person.page.get_by_test_id("screen-tile").wait_for(state="detached")
    await bob.sees(ada)
    assert ada.problems + bob.problems == []


async def test_who_pulls_out_the_only_camera_is_told_and_is_seen_again_with_it(
    browser: Browser, deployment: Deployment
) -> None:
    bob = await Participant.enter(browser, deployment, "only-camera", "Bob")
    context = await Participant.context(browser)
    await context.add_init_script(NO_CAMERA)
    ada = Participant(await context.new_page(), "Ada")
    await ada.page.goto(f"{deployment.url}/r/only-camera")
    await ada.join()
    await bob.sees(ada)

    await ada.page.evaluate("plug(false)")
    await ada.page.evaluate(END % "camera")
    await ada.page.locator("[data-testid=banner][data-problem=device_lost]").wait_for()
    await until_text(ada, ada.page.get_by_test_id("banner"), "Your camera was disconnected")
    await bob.until_tile(ada, "camera", "off")
    # The call goes on without it.
    await bob.hears(ada)
    await ada.toggle("camera")
    await ada.page.locator("[data-testid=banner][data-problem=device_missing]").wait_for()

    await ada.page.evaluate("plug(true)")
    await ada.toggle("camera")
    await bob.sees(ada)
    await ada.page.get_by_test_id("banner").wait_for(state="detached")
    assert ada.problems + bob.problems == []
