"""People write, raise hands, react and moderate on the real page."""

from __future__ import annotations

from playwright.async_api import Browser, Locator

from .deployment import PASSWORD, Deployment
from .participant import Participant


async def test_a_late_joiner_reads_what_was_written_and_answers(browser: Browser, deployment: Deployment) -> None:
    ada = await Participant.enter(browser, deployment, "chat", "Ada")
    await ada.toggle("chat")
    await write(ada, "Hello, is anybody there?")
    await until_text(ada, ada.page.get_by_test_id("chat-message"), "Hello, is anybody there?")
    await ada.page.keyboard.press("Escape")
    await ada.page.get_by_test_id("chat-panel").wait_for(state="detached")
    await ada.page.locator("[data-testid=toggle-chat]:focus").wait_for()

    bob = await Participant.enter(browser, deployment, "chat", "Bob")
    assert await bob.page.get_by_test_id("chat-unread").count() == 0
    await bob.page.keyboard.press("c")
    await until_text(bob, bob.page.get_by_test_id("chat-message"), "Hello, is anybody there?")
    assert await bob.page.get_by_test_id("chat-input").input_value() == ""
    await write(bob, "I am <b>here</b>.")

    await until_text(ada, ada.page.get_by_test_id("chat-unread"), "1")
    await ada.toggle("chat")
    await until_text(ada, ada.page.get_by_test_id("chat-message").last, "I am <b>here</b>.")
    await ada.page.get_by_test_id("chat-unread").wait_for(state="detached")
    assert ada.problems + bob.problems == []


async def test_hands_and_reactions_are_seen_by_the_others(browser: Browser, deployment: Deployment) -> None:
    ada, bob = [await Participant.enter(browser, deployment, "hands", name) for name in ("Ada", "Bob")]
    await bob.page.keyboard.press("h")
    badge = (await ada.tile_of(bob)).get_by_test_id("hand-badge")
    await badge.wait_for()
    await ada.toggle("hand")
    await (await bob.tile_of(ada)).get_by_test_id("hand-badge").wait_for()
    await ada.toggle("people")
    await until_text(ada, ada.page.get_by_test_id("person").first, "Bob")
    await bob.toggle("hand")
    await badge.wait_for(state="detached")
    await until_text(ada, ada.page.get_by_test_id("person").first, "Ada")

    await bob.click("reaction-menu")
    await bob.page.get_by_test_id("reaction-button").first.click()
    reaction = (await ada.tile_of(bob)).get_by_test_id("reaction")
    await until_text(ada, reaction, "👍")
    await reaction.wait_for(state="detached")
    assert ada.problems + bob.problems == []


async def test_a_moderator_mutes_lowers_hands_and_removes_in_the_panel(
    browser: Browser, deployment: Deployment
) -> None:
    olga = await moderator(browser, deployment, "Olga")
    room = olga.page.url.rsplit("/", 1)[1]
    bob = await Participant.enter(browser, deployment, room, "Bob")
    await olga.hears(bob)
    await bob.toggle("people")
    assert await bob.page.get_by_test_id("person-menu").count() == 0
    await bob.toggle("hand")

    await olga.toggle("people")
    await olga.click("person-menu")
    await olga.click("moderate-mute")
    await olga.until_tile(bob, "muted", "true")
    await until_text(bob, bob.page.get_by_test_id("notice"), "Olga muted you")
    await olga.click("moderate-stop-video")
    await olga.until_tile(bob, "camera", "off")
    await olga.click("moderate-lower-hand")
    await until_text(bob, bob.page.get_by_test_id("notice"), "Olga lowered your hand")

    await olga.click("lock-room")
    await olga.page.locator("[data-testid=lock-room][aria-pressed=true]").wait_for()
    await olga.click("moderate-remove")
    await until_text(bob, bob.page.get_by_test_id("left-screen"), "Olga removed you")
    await olga.until_tiles(1)
    # Where the button was that removed him, there is nothing any more.
    await olga.page.locator("[data-testid=people-panel]:focus").wait_for()
    assert olga.problems == []


async def moderator(browser: Browser, deployment: Deployment, name: str) -> Participant:
    """Let somebody sign in and join a new room of their own."""
    email, token = deployment.sign_up(name)
    room = deployment.api("POST", "/rooms", {"name": "Moderated"}, token)["code"]
    person = await Participant.arrive(browser, f"{deployment.url}/signin?next=/r/{room}", name)
    await person.fill("signin-email", email)
    await person.fill("signin-password", PASSWORD)
    await person.click("signin-button")
    await person.join()
    return person


async def write(person: Participant, text: str) -> None:
    await person.fill("chat-input", text)
    await person.page.keyboard.press("Enter")


async def until_text(person: Participant, place: Locator, text: str) -> None:
    """Wait until ``text`` is part of what is shown at ``place``."""

    async def shown(_: Participant) -> bool:
        return await place.count() > 0 and text in await place.inner_text()

    await person.until(shown, f"{text!r} is shown")
