"""People with accounts and rooms of their own, and guests who come by a link."""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import PASSWORD, Deployment
from .participant import Participant, they_hear_each_other, they_see_each_other


async def test_two_who_never_met_find_each_other_by_a_link_and_through_a_lobby(
    browser: Browser, deployment: Deployment
) -> None:
    ada = await sign_up(browser, deployment, "Ada")
    link = await make_room(ada, "First meeting", lobby=True)
    await ada.click("open-room")
    await ada.join()

    bob = await Participant.arrive(browser, link, "Bob")
    await bob.ask_to_join()
    await bob.page.get_by_test_id("waiting-screen").wait_for()
    await until_in_lobby(ada, bob)
    assert await ada.page.get_by_test_id("tile").count() == 1

    await ada.click("admit-button")
    await bob.until_joined()
    await they_see_each_other(ada, bob)
    await they_hear_each_other(ada, bob)
    assert await ada.page.get_by_test_id("lobby-entry").count() == 0
    assert ada.problems + bob.problems == []


async def test_one_who_is_not_let_in_is_told_who_said_so(browser: Browser, deployment: Deployment) -> None:
    olga = await sign_up(browser, deployment, "Olga")
    link = await make_room(olga, "Not for everybody", lobby=True)
    await olga.click("open-room")
    await olga.join()

    eve = await Participant.arrive(browser, link, "Eve")
    await eve.ask_to_join()
    await until_in_lobby(olga, eve)
    await olga.click("reject-button")
    await until_told(eve, "Olga did not let you in")
    await olga.page.get_by_test_id("lobby-entry").wait_for(state="detached")
    assert await olga.page.get_by_test_id("tile").count() == 1


async def test_a_member_who_is_removed_is_out_of_the_call_at_once(browser: Browser, deployment: Deployment) -> None:
    _, owner = deployment.sign_up("Pia")
    room = deployment.api("POST", "/rooms", {"name": "Members", "access": "members"}, owner)["code"]
    invitation = deployment.api("POST", f"/rooms/{room}/invitations", {"role": "member"}, owner)
    email, member = deployment.sign_up("Quentin")
    deployment.api("POST", "/invitations/accept", {"token": invitation["token"]}, member)

    quentin = await Participant.arrive(browser, f"{deployment.url}/signin", "Quentin")
    await sign_in(quentin, email)
    await quentin.page.goto(f"{deployment.url}/r/{room}")
    await quentin.join()

    me = deployment.api("GET", "/auth/me", None, member)["id"]
    deployment.api("DELETE", f"/rooms/{room}/members/{me}", None, owner)
    await until_told(quentin, "Pia removed you from this call")
    await quentin.click("rejoin-button")
    await until_told(quentin, "you are no member of this room any more")


async def test_deleting_a_room_ends_its_call_for_everybody(browser: Browser, deployment: Deployment) -> None:
    _, owner = deployment.sign_up("Rita")
    room = deployment.api("POST", "/rooms", {"name": "For a moment"}, owner)["code"]
    people = [await Participant.enter(browser, deployment, room, name) for name in ("Sam", "Tom")]
    await they_see_each_other(*people)

    deployment.api("DELETE", f"/rooms/{room}", None, owner)
    for person in people:
        await until_told(person, "Rita ended this call for everybody")


async def sign_up(browser: Browser, deployment: Deployment, name: str) -> Participant:
    """Make an account on the page, as a person does."""
    person = await Participant.arrive(browser, f"{deployment.url}/signup", name)
    await person.fill("signup-name", name)
    await person.fill("signup-email", f"{name.lower()}@example.org")
    await person.fill("signup-password", PASSWORD)
    await person.click("signup-button")
    await person.page.get_by_test_id("create-room-button").wait_for()
    return person


async def sign_in(person: Participant, email: str) -> None:
    await person.fill("signin-email", email)
    await person.fill("signin-password", PASSWORD)
    await person.click("signin-button")
    await person.page.get_by_test_id("create-room-button").wait_for()


async def make_room(person: Participant, name: str, *, lobby: bool) -> str:
    """Make a room on the page; give the link that its button copies."""
    await person.fill("create-room-name", name)
    await person.page.get_by_test_id("create-room-lobby").set_checked(lobby)
    await person.click("create-room-button")
    await person.page.get_by_test_id("room-card").wait_for()
    await person.click("copy-link")
    link: str = await person.page.evaluate("navigator.clipboard.readText()")
    return link


async def until_in_lobby(moderator: Participant, guest: Participant) -> None:
    await moderator.page.get_by_test_id("lobby-entry").filter(has_text=guest.name).wait_for()


async def until_told(person: Participant, text: str) -> None:
    """Wait until somebody is out of the call, and the page says why."""
    await person.page.get_by_test_id("left-screen").filter(has_text=text).wait_for()
