"""People write, raise hands, react and moderate on the real page."""

from __future__ import annotations

from playwright.async_api import Browser, Locator

from .deployment import PASSWORD, Deployment
from .line import Line
from .participant import Participant

MANY_LINES = "This goes on.\n" * 100
#: Scrolls up to what was said first, and waits until the page has noticed.
READ_OLD = """(list) => new Promise((resolve) => {
    list.addEventListener("scroll", resolve, { once: true });
    list.scrollTop = 0;
})"""
IS_AT_END = "(list) => list.scrollHeight - list.scrollTop - list.clientHeight < 2"


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


async def test_who_reads_what_was_said_before_is_left_in_peace(browser: Browser, deployment: Deployment) -> None:
    ada, bob = [await Participant.enter(browser, deployment, "reading", name) for name in ("Ada", "Bob")]
    await ada.toggle("chat")
    messages = ada.page.get_by_role("log")
    await say(bob, MANY_LINES)
    await until_text(ada, messages, "This goes on.")
    await ada.until(lambda _: messages.evaluate(IS_AT_END), "shows the newest")

    await messages.evaluate(READ_OLD)
    await say(bob, "שלום")
    newest = ada.page.locator(".message-text").last
    await until_text(ada, newest, "שלום")
    assert await messages.evaluate("(list) => list.scrollTop") == 0
    assert await newest.evaluate("(text) => getComputedStyle(text).direction") == "rtl"

    # What one says oneself, and what is said while one is there, is seen.
    await write(ada, "I was reading.")
    await ada.until(lambda _: messages.evaluate(IS_AT_END), "shows her own")
    await say(bob, "Take your time.")
    await until_text(ada, newest, "Take your time.")
    assert await messages.evaluate(IS_AT_END)

    await ada.fill("chat-input", "Another mo")
    await ada.toggle("people")
    await ada.toggle("chat")
    assert await ada.page.get_by_test_id("chat-input").input_value() == "Another mo"
    assert ada.problems + bob.problems == []


async def test_that_the_connection_was_lost_is_told_until_it_is_back(browser: Browser, deployment: Deployment) -> None:
    async with Line(deployment.port) as line:
        ada = await Participant.arrive(browser, f"{line.url}/r/lost", "Ada")
        await ada.join()
        bob = await Participant.enter(browser, deployment, "lost", "Bob")
        await ada.toggle("chat")
        line.cut()
        await write(ada, "Are you there?")
        await ada.toggle("hand")
        panel, toolbar = ada.page.get_by_test_id("chat-panel"), ada.page.locator(".toolbar-box")
        for place in (panel, toolbar):
            await until_text(ada, place, "The connection to the server was lost.")

        await line.mend()
        for place in (panel, toolbar):
            await place.get_by_test_id("error-message").wait_for(state="detached")
        await ada.until_joined()
        # What did not get through was not lost.
        await ada.page.get_by_test_id("chat-input").press("Enter")
        await bob.toggle("chat")
        await until_text(bob, bob.page.get_by_test_id("chat-message"), "Are you there?")
        assert bob.problems == []


async def test_hands_and_reactions_are_seen_by_the_others(browser: Browser, deployment: Deployment) -> None:
    ada, bob = [await Participant.enter(browser, deployment, "hands", name) for name in ("Ada", "Bob")]
    await until_text(ada, ada.page.get_by_test_id("news"), "Bob came in.")
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

    # The same once more is said aloud once more: by another element, since its words are no others.
    said = await ada.page.get_by_test_id("news").locator("span").element_handle()
    assert said is not None
    assert await said.inner_text() == "Bob reacts with 👍"
    await bob.click("reaction-menu")
    await bob.page.get_by_test_id("reaction-button").first.click()
    await said.wait_for_element_state("hidden")
    await until_text(ada, ada.page.get_by_test_id("news"), "Bob reacts with 👍")
    assert ada.problems + bob.problems == []


async def test_a_name_changed_in_the_call_is_what_the_others_see(browser: Browser, deployment: Deployment) -> None:
    ada, bob = [await Participant.enter(browser, deployment, "names", name) for name in ("Ada", "Bob")]
    await bob.toggle("people")
    name_of_ada = (await bob.tile_of(ada)).get_by_test_id("tile-name")
    await until_text(bob, name_of_ada, "Ada")
    await ada.click("more-menu")
    await ada.click("settings-button")
    await ada.fill("call-name", " ")
    await ada.click("call-name-button")
    await ada.page.locator("[data-testid=call-name][aria-invalid=true]:focus").wait_for()
    await ada.fill("call-name", "Countess")
    await ada.page.keyboard.press("Enter")
    await until_text(ada, ada.page.get_by_test_id("settings-dialog").get_by_role("status"), "Everybody sees it")
    await until_text(bob, name_of_ada, "Countess")
    await bob.page.get_by_test_id("person").filter(has_text="Countess").wait_for()

    # It is hers in this call when she comes back to it, and the next time that she is asked.
    await ada.page.keyboard.press("Escape")
    await ada.leave()
    await bob.until_tiles(1)
    await ada.click("rejoin-button")
    await bob.until_tiles(2)
    await until_text(bob, bob.page.get_by_test_id("tile-name").last, "Countess")
    await ada.page.reload()
    await ada.page.locator("[data-testid=name-input][value=Countess]").wait_for()
    assert ada.problems + bob.problems == []


async def test_a_room_that_is_changed_meanwhile_is_so_for_all_in_it(browser: Browser, deployment: Deployment) -> None:
    email, owner = deployment.sign_up("Vera")
    room = deployment.api("POST", "/rooms", {"name": "Monday meeting"}, owner)["code"]
    vera = await signed_in(browser, deployment, room, "Vera", email)
    bob = await Participant.enter(browser, deployment, room, "Bob")
    deployment.api("PATCH", f"/rooms/{room}", {"name": "Tuesday meeting", "metadata": "maps"}, owner)
    for person in (vera, bob):
        await until_text(person, person.page.get_by_role("heading", level=1), "Tuesday meeting")
        await until_metadata(person, "maps")

    # No button is for what means something to programs only.
    await vera.page.evaluate("connect.moderation.updateRoom({ metadata: 'globes' })")
    for person in (vera, bob):
        await until_metadata(person, "globes")
    assert deployment.api("GET", f"/rooms/{room}", token=owner)["metadata"] == "globes"
    assert vera.problems + bob.problems == []


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


async def test_who_was_muted_for_good_is_told_why_until_let_speak(browser: Browser, deployment: Deployment) -> None:
    petra = await moderator(browser, deployment, "Petra")
    bob = await Participant.enter(browser, deployment, petra.page.url.rsplit("/", 1)[1], "Bob")
    await petra.hears(bob)
    await petra.toggle("people")
    await petra.click("room-settings")
    await petra.click("unmute-allowed")
    await petra.page.locator("[data-testid=unmute-allowed]:not(:checked)").wait_for()
    await petra.click("person-menu")
    await petra.click("moderate-mute")
    await until_text(bob, bob.page.get_by_test_id("notice"), "Petra muted you, and only they can let you speak again")

    await bob.toggle("mic")
    await until_text(bob, bob.page.get_by_test_id("banner"), "a moderator muted your microphone")
    await bob.page.locator("[data-testid=toggle-mic][aria-pressed=false]").wait_for()
    assert await (await petra.tile_of(bob)).get_attribute("data-muted") == "true"

    await bob.page.get_by_test_id("banner").get_by_role("button").click()
    await petra.click("moderate-unmute")
    await until_text(bob, bob.page.get_by_test_id("notice"), "Petra lets you turn your microphone on again")
    await bob.toggle("mic")
    await petra.until_tile(bob, "muted", "false")
    await petra.hears(bob)


async def test_a_moderator_lowers_hands_stops_a_screen_and_limits_videos(
    browser: Browser, deployment: Deployment
) -> None:
    rosa = await moderator(browser, deployment, "Rosa")
    bob = await Participant.enter(browser, deployment, rosa.page.url.rsplit("/", 1)[1], "Bob")
    await bob.toggle("hand")
    await bob.toggle("screen")
    await rosa.sees(bob, "screen_share")
    await rosa.toggle("people")
    await rosa.page.locator("[data-testid=lower-all-hands][aria-disabled=false]").click()
    await until_text(bob, bob.page.get_by_test_id("notice"), "Rosa lowered your hand")
    await bob.page.locator("[data-testid=toggle-hand][aria-pressed=false]").wait_for()

    await rosa.click("person-menu")
    await rosa.click("moderate-stop-screen")
    await rosa.page.get_by_test_id("screen-tile").wait_for(state="detached")
    await until_text(bob, bob.page.get_by_test_id("notice"), "Rosa stopped your screen share")
    await bob.page.locator("[data-testid=toggle-screen][aria-pressed=false]").wait_for()

    await rosa.click("room-settings")
    await rosa.page.get_by_test_id("room-last-n").select_option("0")
    await rosa.until_tile(bob, "suspended", "true")
    await bob.until_tile(rosa, "suspended", "true")
    await rosa.page.get_by_test_id("room-last-n").select_option("null")
    await bob.until_tile(rosa, "suspended", "false")
    await bob.sees(rosa)
    assert rosa.problems + bob.problems == []


async def test_who_is_banned_reads_by_whom_and_does_not_come_back(browser: Browser, deployment: Deployment) -> None:
    sara = await moderator(browser, deployment, "Sara")
    room = sara.page.url.rsplit("/", 1)[1]
    email, _ = deployment.sign_up("Bob")
    bob = await signed_in(browser, deployment, room, "Bob", email)
    await sara.toggle("people")
    await sara.click("person-menu")
    await sara.click("moderate-ban")
    # Who thinks better of it is where the question came from, with the panel still open.
    await sara.page.keyboard.press("Escape")
    await sara.page.locator("[data-testid=moderate-ban]:focus").click()
    await sara.click("confirm-button")
    left = bob.page.get_by_test_id("left-screen")
    await until_text(bob, left, "Sara removed you from this call, and you can't come back")
    assert await bob.page.get_by_test_id("rejoin-button").count() == 0
    await sara.until_tiles(1)

    await bob.page.reload()
    await bob.ask_to_join()
    await until_text(bob, left, "You can't come back")


async def test_an_owner_gives_the_room_away_and_its_heir_ends_the_call(
    browser: Browser, deployment: Deployment
) -> None:
    email, owner = deployment.sign_up("Tina")
    room = deployment.api("POST", "/rooms", {"name": "To give away"}, owner)["code"]
    invitation = deployment.api("POST", f"/rooms/{room}/invitations", {"role": "member"}, owner)
    tina = await signed_in(browser, deployment, room, "Tina", email)
    email, member = deployment.sign_up("Mia")
    deployment.api("POST", "/invitations/accept", {"token": invitation["token"]}, member)
    mia = await signed_in(browser, deployment, room, "Mia", email)
    await mia.toggle("people")
    assert await mia.page.get_by_test_id("room-settings").count() == 0

    await tina.toggle("people")
    await tina.click("person-menu")
    await tina.click("moderate-transfer")
    await tina.click("confirm-button")
    await until_text(mia, mia.page.get_by_test_id("notice"), "Tina made you the owner of this room")
    # Only the owner gives it away, and nobody but an owner sends an owner away.
    await tina.page.get_by_test_id("moderate-transfer").wait_for(state="detached")

    await mia.click("room-settings")
    await mia.click("close-room")
    await mia.click("confirm-button")
    for person in (tina, mia):
        await until_text(person, person.page.get_by_test_id("left-screen"), "Mia ended this call for everybody")
    assert tina.problems + mia.problems == []


async def test_all_who_wait_are_rejected_at_once(browser: Browser, deployment: Deployment) -> None:
    uma = await moderator(browser, deployment, "Uma", lobby=True)
    guests = [await Participant.arrive(browser, uma.page.url, name) for name in ("Eve", "Mallory")]
    for guest in guests:
        await guest.ask_to_join()
        await uma.page.get_by_test_id("lobby-entry").filter(has_text=guest.name).wait_for()
    await uma.click("reject-all-button")
    await uma.click("confirm-button")
    for guest in guests:
        await until_text(guest, guest.page.get_by_test_id("left-screen"), "Uma did not let you in")
    await uma.page.get_by_test_id("lobby").wait_for(state="detached")
    assert uma.problems == []


async def moderator(browser: Browser, deployment: Deployment, name: str, *, lobby: bool = False) -> Participant:
    """Let somebody sign in and join a new room of their own."""
    email, token = deployment.sign_up(name)
    room = deployment.api("POST", "/rooms", {"name": "Moderated", "lobby": lobby}, token)["code"]
    return await signed_in(browser, deployment, room, name, email)


async def signed_in(browser: Browser, deployment: Deployment, room: str, name: str, email: str) -> Participant:
    """Let somebody with an account join a room."""
    person = await Participant.arrive(browser, f"{deployment.url}/signin?next=/r/{room}", name)
    await person.fill("signin-email", email)
    await person.fill("signin-password", PASSWORD)
    await person.click("signin-button")
    await person.join()
    return person


async def write(person: Participant, text: str) -> None:
    await person.fill("chat-input", text)
    await person.page.keyboard.press("Enter")


async def say(person: Participant, text: str) -> None:
    """Say something that nobody types."""
    await person.page.evaluate("(text) => connect.meeting.say(text)", text)


async def until_text(person: Participant, place: Locator, text: str) -> None:
    """Wait until ``text`` is part of what is shown at ``place``."""

    async def shown(_: Participant) -> bool:
        return await place.count() > 0 and text in await place.inner_text()

    await person.until(shown, f"{text!r} is shown")


async def until_metadata(person: Participant, metadata: str) -> None:
    """Wait until the page knows these texts of the room for programs."""

    async def known(_: Participant) -> bool:
        return bool(await person.page.evaluate("connect.state.get().settings.metadata") == metadata)

    await person.until(known, f"the room's metadata are {metadata!r}")
