"""People look at how their connections do: numbers, and a plot over time."""

from __future__ import annotations

from playwright.async_api import Browser, Locator

from .deployment import Deployment
from .participant import Participant


async def test_ones_own_connection_is_told_in_numbers(browser: Browser, deployment: Deployment) -> None:
    ada, bob = [await Participant.enter(browser, deployment, "numbers", name) for name in ("Ada", "Bob")]
    await bob.sees(ada)
    await ada.click("more-menu")
    await ada.click("toggle-details")
    assert await ada.page.get_by_test_id("details-person").input_value() == await ada.peer_id()

    camera = track(ada, "sent", "camera")
    await until_measured(ada, camera, "bitrate", at_least=10_000)
    await until_measured(ada, camera, "round-trip", at_least=0)
    await until_measured(ada, camera, "jitter", at_least=0)
    assert await camera.get_attribute("data-codec") == "VP8"
    assert int(await camera.get_attribute("data-width") or 0) > 0
    assert int(await camera.get_attribute("data-layers") or 0) > 1
    assert 0 <= float(await camera.get_attribute("data-loss") or -1) <= 1
    await until_measured(ada, track(ada, "sent", "microphone"), "bitrate", at_least=1)
    # What may come to her is told by the server.
    await until_measured(ada, ada.page.get_by_test_id("details-downlink"), "bitrate", at_least=10_000)

    plot = camera.get_by_test_id("details-plot")
    await until_measured(ada, plot, "points", at_least=3)
    assert "The last two minutes: now " in (await plot.get_attribute("aria-label") or "")
    assert ada.problems + bob.problems == []


async def test_the_bars_on_a_tile_lead_to_what_arrives_of_that_person(browser: Browser, deployment: Deployment) -> None:
    ada, bob = [await Participant.enter(browser, deployment, "bars", name) for name in ("Ada", "Bob")]
    await ada.sees(bob)
    await (await ada.tile_of(bob)).get_by_test_id("quality").click()
    chosen = ada.page.get_by_test_id("details-person")
    assert await chosen.input_value() == await bob.peer_id()

    camera = track(ada, "received", "camera")
    await until_measured(ada, camera, "bitrate", at_least=10_000)
    await until_measured(ada, camera, "round-trip", at_least=0)
    await until_measured(ada, camera, "layer", at_least=1)
    assert "kbit/s" in await camera.inner_text()
    await bob.toggle("mic")
    await track(ada, "received", "microphone").filter(has_text="(off)").wait_for()
    # A camera that is off is not sent any more.
    await bob.toggle("camera")
    await camera.wait_for(state="detached")

    await chosen.select_option(await ada.peer_id())
    await track(ada, "sent", "camera").wait_for()
    assert await track(ada, "received", "microphone").count() == 0
    await chosen.select_option(await bob.peer_id())
    # Of somebody who leaves there is nothing to show: it is one's own connection again.
    await bob.leave()
    await track(ada, "sent", "camera").wait_for()
    await ada.page.keyboard.press("Escape")
    await ada.page.get_by_test_id("details-panel").wait_for(state="detached")
    assert ada.problems + bob.problems == []


def track(person: Participant, direction: str, source: str) -> Locator:
    return person.page.locator(f'[data-testid=details-track][data-direction={direction}][data-source="{source}"]')


async def until_measured(person: Participant, place: Locator, what: str, *, at_least: float) -> None:
    """Wait until the number in a ``data-`` attribute is there, and not less."""

    async def measured(_: Participant) -> bool:
        value = await place.get_attribute(f"data-{what}") if await place.count() else None
        return value is not None and float(value) >= at_least

    await person.until(measured, f"{what} is at least {at_least}")
