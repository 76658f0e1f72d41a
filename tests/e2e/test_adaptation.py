"""Cameras are sent and received as large as somebody shows them, and not at all while nobody does."""

from __future__ import annotations

import json
import time

import pytest
from playwright.async_api import Browser, ViewportSize

from .deployment import Deployment
from .participant import LargeParticipant, Participant

LARGE: ViewportSize = {"width": 1920, "height": 1200}
SMALL: ViewportSize = {"width": 280, "height": 400}
SIZES = ("r0", "r1", "r2")
#: Seconds in which a size that somebody wants again is sent again.
BACK_IN = 1.0
#: Gives the sizes of the camera that the browser sends, the smallest first.
SIZES_SENT = """
connect.sendStats().then((all) => [...(all.get("camera")?.values() ?? [])]
    .filter(({ type, active }) => type === "outbound-rtp" && active)
    .map(({ rid }) => rid)
    .sort())
"""
#: Has a page believe that nobody looks at it, or that somebody does.
HIDE = """{
Object.defineProperty(document, "hidden", { configurable: true, value: %s });
document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_a_camera_is_sent_as_large_as_somebody_shows_it(browser: Browser, deployment: Deployment) -> None:
    ada = await LargeParticipant.enter(browser, deployment, "sizes", "Ada")
    await until_sends(ada, *SIZES)
    # Nobody is there who could look.
    await until_sends(ada)
    bob = await LargeParticipant.enter(browser, deployment, "sizes", "Bob")
    await bob.page.set_viewport_size(LARGE)
    await until_receives_layer(bob, ada, 2)

    await bob.page.set_viewport_size(SMALL)
    await until_receives_layer(bob, ada, 0)
    await until_sends(ada, "r0")
    await bob.sees(ada)
    assert (await bob.received_from(ada, "camera"))["frameHeight"] <= 180

    await bob.page.set_viewport_size(LARGE)
    wanted = time.monotonic()
    await until_sends(ada, *SIZES)
    assert time.monotonic() - wanted < BACK_IN
    await until_receives_layer(bob, ada, 2)
    assert ada.problems + bob.problems == []


async def test_a_camera_that_nobody_looks_at_is_not_sent(browser: Browser, deployment: Deployment) -> None:
    ada = await LargeParticipant.enter(browser, deployment, "looks", "Ada")
    bob = await LargeParticipant.enter(browser, deployment, "looks", "Bob")
    await bob.sees(ada)

    await bob.page.evaluate(HIDE % "true")
    await until_sends(ada)
    # Who does not look still listens.
    await bob.hears(ada)
    await bob.page.evaluate(HIDE % "false")
    await bob.sees(ada)

    tile = await bob.tile_of(ada)
    await tile.evaluate("(tile) => tile.style.translate = '0 5000px'")
    await until_sends(ada)
    await tile.evaluate("(tile) => tile.style.translate = ''")
    await bob.sees(ada)
    assert ada.problems + bob.problems == []


@pytest.mark.parametrize("codec", ["vp9", "av1"])
async def test_a_stream_with_layers_is_received_as_large_as_it_is_shown(
    browser: Browser, deployment: Deployment, codec: str
) -> None:
    token = deployment.sign_up("Olga")[1]
    room = deployment.api("POST", "/rooms", {"name": "Layers", "codecs": ["opus", codec]}, token)["code"]
    ada, bob = [await LargeParticipant.enter(browser, deployment, room, name) for name in ("Ada", "Bob")]
    await bob.page.set_viewport_size(LARGE)
    await until_receives_layer(bob, ada, 2)
    assert len(await ada.page.evaluate(SIZES_SENT)) == 1

    await bob.page.set_viewport_size(SMALL)
    await until_receives_layer(bob, ada, 0)
    await bob.sees(ada)
    assert (await bob.received_from(ada, "camera"))["frameHeight"] <= 180
    await bob.page.set_viewport_size(LARGE)
    # How much more, the bandwidth decides, which a small video says little of.
    await until_receives_layer(bob, ada, 1, 2)
    await bob.until(lambda _: is_larger(bob, ada, 180), "shows a larger size")
    assert ada.problems + bob.problems == []


async def is_larger(person: Participant, other: Participant, lines: int) -> bool:
    return bool((await person.received_from(other, "camera"))["frameHeight"] > lines)


async def until_sends(person: Participant, *sizes: str) -> None:
    async def does(_: Participant) -> bool:
        return bool(await person.page.evaluate(SIZES_SENT) == list(sizes))

    await person.until(does, f"sends just {sizes}")


async def until_receives_layer(person: Participant, other: Participant, *layers: int) -> None:
    """Wait until the server sends one of these layers of the other's camera."""
    camera = (
        f"connect.state.get().peers.find(({{ id }}) => id === {json.dumps(await other.peer_id())})?.media"
        ".find(({ source }) => source === 'camera')?.layers?.spatialLayer"
    )

    async def does(_: Participant) -> bool:
        return await person.page.evaluate(camera) in layers

    await person.until(does, f"gets one of the layers {layers}")
