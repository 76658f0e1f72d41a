"""Every view of the page, looked at by axe, and whether it fits: dark and light, wide, narrow, and the narrowest."""

from __future__ import annotations

from collections.abc import Sequence

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ViewportSize

from .deployment import PASSWORD, Deployment
from .participant import Participant

WIDE = ViewportSize(width=1280, height=800)
NARROW = ViewportSize(width=360, height=740)
NARROWEST = ViewportSize(width=320, height=740)
#: Adds what is neither accessible nor fits.
WRONG = """const button = document.createElement("button");
button.style.width = "2000px";
document.querySelector("main").append(button);"""
#: How many pixels of the page are beside the window.
BESIDE = "document.documentElement.scrollWidth - innerWidth"
#: Waits until a window of another size was drawn, in which the toolbar puts away what has no room.
DRAWN = "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))"


class Look:
    """Looks at what a person sees, and notes what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    async def at(self, person: Participant, view: str, sizes: Sequence[ViewportSize] = (NARROW, WIDE)) -> None:
        """Look at the page as it is; leaves it dark, and of the last size."""
        if NARROW in sizes:
            await person.page.set_viewport_size(NARROWEST)
            await person.page.evaluate(DRAWN)
            await self._measure(person, f"{view}, {NARROWEST['width']} wide")
        for scheme in ("light", "dark"):
            for size in sizes:
                await self._appear(person, scheme, size)
                await self._judge(person, f"{view}, {scheme}, {size['width']} wide")

    async def _appear(self, person: Participant, scheme: str, size: ViewportSize) -> None:
        # What is on its way from one colour to another has neither.
        await person.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        await person.page.set_viewport_size(size)

    async def _judge(self, person: Participant, view: str) -> None:
        results = await Axe().run(person.page)
        for violation in results.response["violations"]:
            places = [node["html"][:200] for node in violation["nodes"]]
            self.problems.append(f"{view}: {violation['id']}: {violation['help']}: {places}")
        # Last, since the toolbar puts away what has no room only once it was drawn in another window.
        await self._measure(person, view)

    async def _measure(self, person: Participant, view: str) -> None:
        if beside := await person.page.evaluate(BESIDE):
            self.problems.append(f"{view}: {beside} pixels wider than the window")


async def test_what_is_wrong_is_found(browser: Browser, deployment: Deployment) -> None:
    look = Look()
    guest = await Participant.arrive(browser, deployment.url, "Guest")
    await guest.page.get_by_test_id("room-input").wait_for()
    await guest.page.evaluate(WRONG)
    await look.at(guest, "a wide button that says nothing")
    for what, count in (("button-name", 4), ("wider than the window", 5)):
        assert sum(what in problem for problem in look.problems) == count


async def test_pages_of_those_who_are_not_signed_in(browser: Browser, deployment: Deployment) -> None:
    look = Look()
    guest = await Participant.arrive(browser, deployment.url, "Guest")
    await guest.page.get_by_test_id("room-input").wait_for()
    await look.at(guest, "landing")
    await guest.fill("room-input", "no such room")
    await guest.page.keyboard.press("Enter")
    await guest.page.get_by_test_id("error-message").wait_for()
    await look.at(guest, "landing with a problem")
    await guest.page.goto(f"{deployment.url}/signin")
    await guest.click("signin-button")
    await guest.page.get_by_test_id("field-problem").first.wait_for()
    await look.at(guest, "sign in")
    await guest.page.goto(f"{deployment.url}/signup")
    await guest.page.get_by_test_id("signup-name").wait_for()
    await look.at(guest, "sign up")
    await guest.page.goto(f"{deployment.url}/invite#secret")
    await guest.page.get_by_role("heading", level=1).wait_for()
    await look.at(guest, "invitation")
    await guest.page.goto(f"{deployment.url}/r/looks")
    await guest.click("join-button")
    await guest.page.get_by_role("alert").wait_for()
    await look.at(guest, "entrance")
    assert look.problems == []


async def test_pages_of_those_who_are(browser: Browser, deployment: Deployment) -> None:
    look = Look()
    email, token = deployment.sign_up("Olga")
    deployment.api("POST", "/rooms", {"name": "Monday meeting", "lobby": True}, token)
    olga = await sign_in(browser, deployment, "Olga", email)
    await olga.click("invite-button")
    await olga.page.get_by_test_id("invite-link").wait_for()
    await olga.click("delete-room")
    await olga.page.get_by_test_id("confirm-button").wait_for()
    await look.at(olga, "my rooms")
    await olga.click("account-menu")
    await look.at(olga, "my rooms with the account's menu")
    await olga.click("account-link")
    await olga.click("rename-button")
    await olga.page.get_by_role("status").filter(has_text="changed").wait_for()
    await look.at(olga, "account")
    await olga.page.goto(f"{deployment.url}/invite#secret")
    await olga.click("accept-button")
    await olga.page.get_by_test_id("error-message").wait_for()
    await look.at(olga, "invitation that is not good")
    assert look.problems == []


async def test_the_lobby_from_both_sides(browser: Browser, deployment: Deployment) -> None:
    look = Look()
    email, token = deployment.sign_up("Petra")
    room = deployment.api("POST", "/rooms", {"name": "With a lobby", "lobby": True}, token)["code"]
    petra = await sign_in(browser, deployment, "Petra", email)
    await petra.page.goto(f"{deployment.url}/r/{room}")
    await petra.join()
    guests = [await Participant.arrive(browser, f"{deployment.url}/r/{room}", name) for name in ("Eve", "Frank")]
    for guest in guests:
        await guest.ask_to_join()
        await petra.page.get_by_test_id("lobby-entry").filter(has_text=guest.name).wait_for()
    await look.at(guests[0], "waiting")
    await look.at(petra, "call with people in the lobby")
    await petra.page.get_by_test_id("reject-button").first.click()
    await guests[0].page.get_by_test_id("left-screen").wait_for()
    await look.at(guests[0], "not let in")
    assert look.problems == []


async def test_the_call_and_all_that_opens_in_it(browser: Browser, deployment: Deployment) -> None:
    look = Look()
    email, token = deployment.sign_up("Rosa")
    room = deployment.api("POST", "/rooms", {"name": "Looked at by everybody in all of our offices"}, token)["code"]
    rosa = await sign_in(browser, deployment, "Rosa", email)
    await rosa.page.goto(f"{deployment.url}/r/{room}")
    await rosa.join()
    await look.at(rosa, "call, alone")
    bob = await Participant.enter(browser, deployment, room, "Bob")
    await bob.toggle("hand")
    await bob.toggle("camera")
    await rosa.until_tile(bob, "camera", "off")
    await rosa.page.get_by_test_id("hand-badge").wait_for()
    await rosa.page.get_by_test_id("quality").first.wait_for()
    await look.at(rosa, "grid")

    await rosa.toggle("chat")
    await rosa.fill("chat-input", "Hello, is anybody there?")
    await rosa.page.keyboard.press("Enter")
    await rosa.page.get_by_test_id("chat-message").wait_for()
    await look.at(rosa, "chat")
    await rosa.toggle("people")
    await rosa.click("person-menu")
    await rosa.click("moderate-ban")
    await rosa.click("room-settings")
    await look.at(rosa, "people")
    await rosa.click("moderate-mute")
    await bob.page.get_by_test_id("notice").wait_for()
    await look.at(bob, "told something")
    await rosa.page.get_by_test_id("people-panel").get_by_test_id("quality").first.click()
    await rosa.page.get_by_test_id("details-panel").wait_for()
    await rosa.page.get_by_test_id("details-plot").first.wait_for()
    await look.at(rosa, "details")
    await rosa.page.get_by_test_id("details-person").select_option(await rosa.peer_id())
    await rosa.page.locator("[data-testid=details-track][data-source=camera]").wait_for()
    await look.at(rosa, "details of one's own")
    await rosa.page.keyboard.press("Escape")
    await rosa.page.get_by_test_id("details-panel").wait_for(state="detached")

    await rosa.click("reaction-menu")
    await rosa.page.get_by_test_id("reaction-button").first.wait_for()
    # In a narrow window they are among the rest, and what opened from here closes.
    await look.at(rosa, "reactions", [WIDE])
    await rosa.page.keyboard.press("Escape")
    await rosa.click("more-menu")
    await look.at(rosa, "more")
    await rosa.click("settings-button")
    await rosa.page.get_by_test_id("settings-dialog").wait_for()
    await rosa.fill("call-name", "")
    await rosa.click("call-name-button")
    await rosa.page.get_by_test_id("field-problem").wait_for()
    await look.at(rosa, "settings")
    await rosa.page.keyboard.press("Escape")
    await rosa.page.keyboard.press("?")
    await rosa.page.get_by_test_id("help-dialog").wait_for()
    await look.at(rosa, "help")
    await rosa.page.keyboard.press("Escape")

    await rosa.toggle("view")
    await look.at(rosa, "speaker view")
    await bob.toggle("screen")
    await rosa.sees(bob, "screen_share")
    await look.at(rosa, "a shared screen")
    await rosa.toggle("people")
    await rosa.page.get_by_test_id("person-menu").click()
    await rosa.click("moderate-remove")
    await bob.page.get_by_test_id("left-screen").wait_for()
    await look.at(bob, "removed")
    await rosa.leave()
    await look.at(rosa, "left")
    assert look.problems == []


async def sign_in(browser: Browser, deployment: Deployment, name: str, email: str) -> Participant:
    person = await Participant.arrive(browser, f"{deployment.url}/signin", name)
    await person.fill("signin-email", email)
    await person.fill("signin-password", PASSWORD)
    await person.click("signin-button")
    await person.page.get_by_test_id("create-room-button").wait_for()
    return person
