"""What a client chooses to receive, and what others let it send."""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import PASSWORD, Deployment
from .participant import Participant
from .test_client import come, until, until_decodes, until_equal
from .test_meeting import moderator, until_text, write

#: The sources of which something arrives, by the names of those who send.
ARRIVES = "call.state.get().peers.map(({ id, media }) => [id, ...media.map(({ source }) => source).sort()]).sort()"
CAMERA = "cameraOf('Ada').producerId"


async def test_who_chooses_receives_that_and_nothing_else(browser: Browser, deployment: Deployment) -> None:
    ada = await come(browser, deployment, "choices", "Ada")
    grace = await come(browser, deployment, "choices", "Grace")
    await until_equal(grace, ARRIVES, [["Ada", "camera", "microphone"]])
    await grace.evaluate(f"window.camera = {CAMERA}; call.subscriptions.choose(camera, {{ subscribed: false }})")
    await until_equal(grace, ARRIVES, [["Ada", "microphone"]])
    # Nobody else looks: she sends it no more.
    await until_equal(ada, "sizesSent()", [])

    await grace.evaluate("call.subscriptions.setAuto(false)")
    await until_equal(grace, ARRIVES, [["Ada"]])
    await grace.evaluate("call.subscriptions.choose(camera, { subscribed: true, priority: 9 })")
    await until_equal(grace, ARRIVES, [["Ada", "camera"]])
    await until_decodes(grace, "Ada")
    # It holds for what comes later, and outlives the connection.
    await come(browser, deployment, "choices", "Eve")
    await until_equal(grace, ARRIVES, [["Ada", "camera"], ["Eve"]])
    await grace.evaluate("disconnect()")
    await until(grace, "asked.filter(method => method === 'join').length", lambda joins: bool(joins == 2))
    await until_equal(grace, "call.state.get().status", "joined")
    await until_equal(grace, ARRIVES, [["Ada", "camera"], ["Eve"]])
    await until_decodes(grace, "Ada")
    await grace.evaluate("call.subscriptions.setAuto(true)")
    await until_equal(grace, ARRIVES, [["Ada", "camera", "microphone"], ["Eve", "camera", "microphone"]])


async def test_what_one_may_not_send_any_more_is_not_offered(browser: Browser, deployment: Deployment) -> None:
    yara = await moderator(browser, deployment, "Yara")
    room = yara.page.url.rsplit("/", 1)[1]
    bob = await Participant.enter(browser, deployment, room, "Bob")
    await yara.sees(bob)
    owner = deployment.api("POST", "/auth/login", {"email": "yara@example.org", "password": PASSWORD})["accessToken"]
    grants = f"/rooms/{room}/participants/{await bob.peer_id()}"

    deployment.api("PATCH", grants, {"permissions": {"canPublishSources": ["microphone"]}}, owner)
    for button in ("toggle-camera", "toggle-screen"):
        await bob.page.get_by_test_id(button).wait_for(state="detached")
    await yara.until_tile(bob, "camera", "off")
    await yara.hears(bob)
    deployment.api("PATCH", grants, {"permissions": {"canPublishSources": ["microphone", "camera"]}}, owner)
    await bob.toggle("camera")
    await yara.sees(bob)

    deployment.api("PATCH", grants, {"permissions": {"canPublishData": False}}, owner)
    await bob.page.get_by_test_id("reaction-menu").wait_for(state="detached")
    await yara.toggle("chat")
    await write(yara, "Only I may write.")
    await bob.toggle("chat")
    await until_text(bob, bob.page.get_by_test_id("chat-message"), "Only I may write.")
    assert await bob.page.get_by_test_id("chat-input").count() == 0
    assert yara.problems + bob.problems == []
