"""Clients of mediasoup-demo's kind and Connect's own page in one room: neither notices that the other is different."""

from __future__ import annotations

from playwright.async_api import Browser

from .demo_client import DemoParticipant
from .deployment import Deployment
from .participant import Participant, they_hear_each_other, they_see_each_other


async def test_both_see_and_hear_each_other(browser: Browser, deployment: Deployment) -> None:
    ada = await Participant.enter(browser, deployment, "demo", "Ada")
    demi = await DemoParticipant.come(browser, deployment, "demo", "Demi")
    await they_see_each_other(ada, demi)
    await they_hear_each_other(ada, demi)
    assert ada.problems + demi.problems == []


async def test_both_notice_what_the_other_does(browser: Browser, deployment: Deployment) -> None:
    demi = await DemoParticipant.come(browser, deployment, "demo-controls", "Demi")
    ada = await Participant.enter(browser, deployment, "demo-controls", "Ada")
    await ada.sees(demi)
    await demi.until_receives(ada, "audio", "video")

    await demi.do("setMuted(true)")
    await ada.until_tile(demi, "muted", "true")
    await demi.do("setMuted(false)")
    await ada.until_tile(demi, "muted", "false")
    await ada.hears(demi)
    await demi.do("stopCamera()")
    await ada.until_tile(demi, "camera", "off")
    await demi.do("changeDisplayName('Demeter')")
    await (await ada.tile_of(demi)).get_by_text("Demeter").wait_for()
    await ada.page.evaluate("connect.meeting.rename('Ada L.')")
    await demi.until(lambda person: person.page.evaluate("[...demo.peers.values()][0].displayName === 'Ada L.'"))

    await ada.toggle("mic")
    await demi.until_receives(ada, "video")
    await ada.toggle("mic")
    await demi.until_receives(ada, "audio", "video")
    await ada.toggle("camera")
    await demi.until_receives(ada, "audio")
    await ada.toggle("camera")
    await demi.sees(ada)

    await ada.leave()
    await demi.until(no_peers, "is alone")
    assert ada.problems + demi.problems == []


async def test_the_chat_of_the_demo_reaches_its_own_kind_past_one_of_ours(
    browser: Browser, deployment: Deployment
) -> None:
    ada = await Participant.enter(browser, deployment, "demo-chat", "Ada")
    demi, dora = [await DemoParticipant.come(browser, deployment, "demo-chat", name) for name in ("Demi", "Dora")]
    await demi.until_can_chat_with(dora)
    await dora.until_can_chat_with(demi)
    for one, other in ((demi, dora), (dora, demi)):
        await one.do(f"say('Hello from {one.name}')")
        await other.until(heard, f"hears {one.name}")
    assert await demi.page.evaluate("demo.messages") == [said_by(dora)]
    assert await dora.page.evaluate("demo.messages") == [said_by(demi)]
    assert ada.problems + demi.problems + dora.problems == []


async def test_data_channels_reach_the_other_kind(browser: Browser, deployment: Deployment) -> None:
    ada = await Participant.enter(browser, deployment, "demo-data", "Ada")
    # Not to be returned: Playwright would call what ends the listening.
    await ada.page.evaluate(
        "window.told = []; void connect.on('data', ({ label, message }) => told.push([label, message]))"
    )
    demi = await DemoParticipant.come(browser, deployment, "demo-data", "Demi")
    await demi.until(can_speak, "can speak")
    # Again and again: what is sent before the other one's end is there is not for it.
    await demi.page.evaluate("setInterval(() => demo.say('Hello'), 100)")
    await ada.page.evaluate(
        "connect.openChannel('cursor', { lossy: true })"
        ".then((channel) => { setInterval(() => channel.send('1,2'), 100) })"
    )
    await ada.until(lambda person: person.page.evaluate("told.length > 0"), "is told something")
    await demi.until(heard, "hears something")
    assert (await ada.page.evaluate("told"))[0] == ["chat", "Hello"]
    assert (await demi.page.evaluate("demo.messages"))[0] == {
        "peerId": await ada.peer_id(),
        "label": "cursor",
        "text": "1,2",
    }
    assert ada.problems + demi.problems == []


async def can_speak(person: DemoParticipant) -> bool:
    return bool(await person.do("canSay()"))


async def heard(person: DemoParticipant) -> bool:
    return bool(await person.page.evaluate("demo.messages.length > 0"))


def said_by(person: DemoParticipant) -> dict[str, str]:
    return {"peerId": person.name, "label": "chat", "text": f"Hello from {person.name}"}


async def no_peers(person: DemoParticipant) -> bool:
    return bool(await person.page.evaluate("demo.peers.size === 0"))
