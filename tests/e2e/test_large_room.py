"""Ten people in a room in which only the cameras of those four are sent who spoke last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from .deployment import Deployment
from .participant import Participant
from .small import SmallParticipant, slow_browser

NAMES = ("Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal", "Ida", "Jo")
LAST_N = 4
#: Gives the ids of those whose cameras a page holds, by whether they are held back.
CAMERAS = """
connect.state.get().peers.map(({ id, media }) => [id, media.find(({ source }) => source === "camera")])
    .filter(([, camera]) => camera)
    .map(([id, { suspended }]) => [id, suspended])
"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


async def test_ten_people_see_those_four_who_spoke_last(browser: Browser, deployment: Deployment) -> None:
    token = deployment.sign_up("Olga")[1]
    room = deployment.api("POST", "/rooms", {"name": "Large", "lastN": LAST_N}, token)["code"]
    people = [await SmallParticipant.enter(browser, deployment, room, name) for name in NAMES]
    await asyncio.gather(*map(until_sees_some, people))
    jo = people[-1]
    # Who came last, and said nothing, is seen by nobody.
    assert not {await jo.peer_id()} & {each for person in people for each in await shown(person)}

    await jo.toggle("mic")
    others = people[:-1]
    await asyncio.gather(*(person.until_tile(jo, "suspended", "false") for person in others))
    await asyncio.gather(*(person.sees(jo) for person in others))
    await asyncio.gather(*map(until_sees_some, people))
    await asyncio.gather(*map(decodes_only_what_is_shown, people))
    assert [person.problems for person in people] == [[]] * len(people)


async def shown(person: Participant) -> set[str]:
    """Give the ids of those whose cameras are not held back."""
    return {peer_id for peer_id, suspended in await person.page.evaluate(CAMERAS) if not suspended}


async def until_sees_some(person: Participant) -> None:
    """Wait until there are tiles of all, and of as many others as may be seen the camera is not held back."""
    await person.until_tiles(len(NAMES))

    async def does(_: Participant) -> bool:
        cameras = await person.page.evaluate(CAMERAS)
        return len(cameras) == len(NAMES) - 1 and sum(not suspended for _, suspended in cameras) == LAST_N

    await person.until(does, f"sees {LAST_N} of the others")


async def decodes_only_what_is_shown(person: Participant) -> None:
    """Wait until new frames of all have come who are shown; nobody else's may have."""
    who = await shown(person)
    before = await frames_of(person)

    async def comes(_: Participant) -> bool:
        now = await frames_of(person)
        return all(now[peer_id] > before[peer_id] + 3 for peer_id in who)

    await person.until(comes, "decodes those whom it shows")
    now = await frames_of(person)
    assert {peer_id for peer_id in now if now[peer_id] != before[peer_id]} == who


async def frames_of(person: Participant) -> dict[str, int]:
    """Tell how many frames were decoded of everybody's camera."""
    return {entry["peerId"]: entry["framesDecoded"] for entry in await person.received() if entry["source"] == "camera"}
