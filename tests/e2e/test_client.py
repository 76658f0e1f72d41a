"""@connect/client by itself, without Connect's page: two of them in a room of a whole server."""

from __future__ import annotations

import asyncio
import functools
import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from .deployment import Deployment
from .network import watch

HERE = Path(__file__).parent
#: An address of the server where nothing is going on.
QUIET_PLACE = "/health/live"
#: Seconds: dynacast waits for five before it tells that less is wanted, and other tests may need the machine.
PATIENCE = 60.0


@functools.cache
def script() -> str:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "client.bundle.js"
        subprocess.run(["node", HERE / "bundle.mjs", HERE / "client.js", output], check=True, timeout=60)
        return output.read_text()


async def come(browser: Browser, deployment: Deployment, room: str, name: str, **options: Any) -> Page:
    """Have somebody join the room; ``options`` are the call's."""
    context = await browser.new_context(permissions=["camera", "microphone"], bypass_csp=True)
    await watch(context)
    page = await context.new_page()
    await page.goto(f"{deployment.url}{QUIET_PLACE}")
    await page.add_script_tag(content=script(), type="module")
    # Modules run some time after they are there.
    await page.wait_for_function("'join' in window")
    settings = {"roomId": room, "displayName": name, **options}
    assert await page.evaluate(f"join({json.dumps(settings)})") == "joined"
    return page


async def until(page: Page, expression: str, holds: Callable[[Any], bool]) -> Any:
    """Wait until what the page says of ``expression`` is what it should be; give that."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not holds(value := await page.evaluate(expression)):
        assert asyncio.get_running_loop().time() < deadline, f"{expression} is still {value}"
        await asyncio.sleep(0.1)
    return value


async def until_equal(page: Page, expression: str, expected: Any) -> None:
    await until(page, expression, lambda value: bool(value == expected))


async def until_decodes(page: Page, peer: str, source: str = "camera") -> None:
    """Wait until frames of the peer have come since now."""
    frames = (
        f"call.receiveStats().then(all => all.find(one => one.peerId === '{peer}' && one.source === '{source}')"
        "?.framesDecoded ?? 0)"
    )
    before = await page.evaluate(frames)
    await until(page, frames, lambda decoded: bool(decoded > before + 5))


async def test_they_talk(browser: Browser, deployment: Deployment) -> None:
    ada = await come(browser, deployment, "talk", "Ada")
    await ada.evaluate("call.meeting.say('Hello')")
    await ada.evaluate("call.meeting.raiseHand()")
    grace = await come(browser, deployment, "talk", "Grace")
    await until_equal(grace, "call.state.get().chat.map(({ text }) => text)", ["Hello"])
    await until_equal(grace, "call.state.get().hands.map(({ peerId }) => peerId)", ["Ada"])

    await grace.evaluate("call.meeting.say('Hi')")
    await until_equal(ada, "call.state.get().chat.map(({ displayName }) => displayName)", ["Ada", "Grace"])
    await ada.evaluate("call.meeting.lowerHand()")
    await until_equal(grace, "call.state.get().hands", [])
    await grace.evaluate("call.meeting.react('👏')")
    await until_equal(ada, "heard", [{"peerId": "Grace", "reaction": "👏"}])
    await ada.evaluate("call.meeting.sendData('cursor', '1,2', { to: ['Grace'] })")
    await until(grace, "heard", lambda heard: {"topic": "cursor", "payload": "1,2", "from": "Ada"} in heard)
    await grace.evaluate("call.meeting.describe({ attributes: { seat: '3' } })")
    await until_equal(ada, "call.state.get().peers[0]?.attributes", {"seat": "3"})


@pytest.mark.parametrize("lossy", ["true", "false"])
async def test_data_channels_reach_whom_they_are_for(browser: Browser, deployment: Deployment, lossy: str) -> None:
    ada, grace, eve = [await come(browser, deployment, f"channels-{lossy}", name) for name in ("Ada", "Grace", "Eve")]
    await ada.evaluate(
        f"call.openChannel('cursor', {{ lossy: {lossy}, to: ['Grace'] }})"
        # Again and again: what is sent before Grace listens is not for her.
        ".then(channel => { setInterval(() => channel.send('1,2'), 100) })"
    )
    message = {"label": "cursor", "message": "1,2", "peerId": "Ada"}
    await until(grace, "heard", lambda heard: message in heard)
    assert await eve.evaluate("heard") == []


async def test_a_camera_sends_only_what_the_others_show(browser: Browser, deployment: Deployment) -> None:
    ada = await come(browser, deployment, "sizes", "Ada")
    grace = await come(browser, deployment, "sizes", "Grace")
    await until(grace, "cameraOf('Ada')?.spatialLayers", lambda layers: bool(layers == 3))

    await grace.evaluate("show('Ada', 100)")
    await until_equal(ada, "sizesSent()", ["r0"])
    await grace.evaluate("show('Ada', 0)")
    await until_equal(ada, "sizesSent()", [])
    await grace.evaluate("show('Ada', 700)")
    await until_equal(ada, "sizesSent()", ["r0", "r1", "r2"])
    await until_decodes(grace, "Ada")


async def test_a_camera_in_one_stream_is_as_large_as_the_others_show_it(
    browser: Browser, deployment: Deployment
) -> None:
    ada = await come(browser, deployment, "layers", "Ada", videoCodec="VP9")
    grace = await come(browser, deployment, "layers", "Grace")
    await until(grace, "cameraOf('Ada')?.spatialLayers", lambda layers: bool(layers == 3))
    full = await ada.evaluate("call.media.state.get().camera.track.getSettings().height")
    await until_equal(ada, "heightSent()", full)

    await grace.evaluate("show('Ada', 100)")
    await until_equal(ada, "heightSent()", full / 4)
    await until_decodes(grace, "Ada")
    await grace.evaluate("show('Ada', 0)")
    await until_equal(ada, "heightSent()", 0)
    await grace.evaluate("show('Ada', 700)")
    await until_equal(ada, "heightSent()", full)
    height = "call.receiveStats().then(all => Math.max(...all.map(({ frameHeight }) => frameHeight)))"
    await until_equal(grace, height, full)
    await until_decodes(grace, "Ada")


async def test_a_hand_and_what_one_says_of_oneself_outlive_a_connection(
    browser: Browser, deployment: Deployment
) -> None:
    ada = await come(browser, deployment, "hand", "Ada")
    grace = await come(browser, deployment, "hand", "Grace")
    await ada.evaluate("call.meeting.raiseHand()")
    await ada.evaluate("call.meeting.describe({ attributes: { seat: '3' } })")
    hands = "call.state.get().hands.map(({ peerId }) => peerId)"
    await until_equal(grace, hands, ["Ada"])

    await ada.evaluate("disconnect()")
    await until_equal(ada, "asked.filter(method => method === 'join').length", 2)
    await until_equal(ada, "call.state.get().status", "joined")
    for page in (ada, grace):
        await until_equal(page, hands, ["Ada"])
    await until_equal(grace, "call.state.get().peers.map(({ attributes }) => attributes)", [{"seat": "3"}])
    await until_decodes(grace, "Ada")


async def test_media_goes_on_over_another_network(browser: Browser, deployment: Deployment) -> None:
    # A busy machine is no dead server.
    repair = {"patience": 1_000, "firstWait": 20_000, "attempts": 3}
    ada = await come(browser, deployment, "networks", "Ada", repairOptions=repair)
    grace = await come(browser, deployment, "networks", "Grace", repairOptions=repair)
    await until_decodes(grace, "Ada")
    for page in (ada, grace):
        await page.evaluate("dispatchEvent(new Event('online'))")
        await until_equal(page, "asked.filter(method => method === 'restartIce').length", 2)
        await until_decodes(grace, "Ada")
        await until_equal(page, "call.state.get().problem", None)
        assert await page.evaluate("asked.filter(method => method === 'join').length") == 1


@pytest.mark.parametrize("codec", ["VP8", "VP9"])
async def test_a_screen_is_sent_sharp_and_in_one_size(browser: Browser, deployment: Deployment, codec: str) -> None:
    ada = await come(browser, deployment, f"screen-{codec}", "Ada", videoCodec=codec)
    grace = await come(browser, deployment, f"screen-{codec}", "Grace")
    await ada.evaluate("call.media.startScreen()")
    assert await ada.evaluate("call.media.state.get().screen.track.contentHint") == "detail"
    await until_decodes(grace, "Ada", "screen_share")
    modes = (
        "call.sendStats().then(all => [...all.get('screen_share').values()]"
        ".flatMap(({ scalabilityMode }) => scalabilityMode ?? []))"
    )
    await until_equal(ada, modes, ["L1T3"])


@pytest.mark.parametrize("codec", ["VP9", "H264"])
async def test_a_camera_with_another_codec(browser: Browser, deployment: Deployment, codec: str) -> None:
    await come(browser, deployment, codec, "Ada", videoCodec=codec)
    grace = await come(browser, deployment, codec, "Grace")
    await until_decodes(grace, "Ada")
    totals = "call.totals().then(({ received }) => Object.values(received).map(({ codec }) => codec))"
    await until(grace, totals, lambda codecs: codec in codecs)
