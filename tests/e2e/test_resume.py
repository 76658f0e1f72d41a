"""People whose connection to the server is lost, while their media is not; and whose media is lost with a worker."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser

from .deployment import Deployment
from .line import Line
from .participant import Participant
from .test_worker_death import worker_of

#: Seconds that a line is cut.
CUT = 20.0
#: Seconds from a worker's death until everybody's media is back.
BACK_IN = 2.0

#: Keeps what a page went through: its statuses, problems and banners, and for how many others it ever had tiles.
WATCH = """() => {
    window.seen = { statuses: [], problems: [], banners: [], peers: [], events: [] };
    const note = (list, value) => list.at(-1) === value || list.push(value);
    connect.state.subscribe(() => {
        const { status, problem, peers } = connect.state.get();
        note(seen.statuses, status);
        if (problem) note(seen.problems, problem.code);
        note(seen.peers, peers.map(({ displayName }) => displayName).join());
    });
    for (const event of ["resumed", "rejoined"]) connect.on(event, () => seen.events.push(event));
    new MutationObserver(() => {
        for (const banner of document.querySelectorAll("[data-testid=banner]")) {
            note(seen.banners, banner.dataset.status ?? banner.dataset.problem);
        }
    }).observe(document.body, { childList: true, subtree: true });
}"""
#: Waits until frames of the cameras of all others are decoded by consumers that are not among these.
SEES_ANEW = """async ([old, names]) => {
    for (;;) {
        const fresh = (await connect.receiveStats()).filter(({ consumerId, source, framesDecoded }) =>
            source === "camera" && framesDecoded > 0 && !old.includes(consumerId));
        const { peers } = connect.state.get();
        const seen = peers.filter(({ id }) => fresh.some(({ peerId }) => peerId === id));
        if (names.every((name) => seen.some(({ displayName }) => displayName === name))) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}"""


@pytest.fixture
async def line(deployment: Deployment) -> AsyncIterator[Line]:
    async with Line(deployment.port) as line:
        yield line


async def test_a_connection_that_is_cut_for_twenty_seconds_costs_no_media_and_nobody_notices(
    browser: Browser, deployment: Deployment, line: Line
) -> None:
    ada = await come_by(line, browser, "cut", "Ada")
    bob, cleo = [await Participant.enter(browser, deployment, "cut", name) for name in ("Bob", "Cleo")]
    await asyncio.gather(ada.sees(bob), bob.sees(ada), ada.hears(bob))
    await asyncio.gather(*(person.page.evaluate(WATCH) for person in (ada, bob)))
    await ada.page.evaluate("connect.meeting.raiseHand()")
    tracks = await consumers_of(ada, bob)

    line.cut()
    end = time.monotonic() + CUT
    await ada.until(lambda person: has_status(person, "reconnecting"), "has noticed")
    await cleo.leave()
    dan = await Participant.enter(browser, deployment, "cut", "Dan")
    await bob.page.evaluate("connect.meeting.say('Where is Ada?')")
    await ada.toggle("mic")
    while time.monotonic() < end:
        # Each of it takes frames, or sound, that were not there before.
        await asyncio.gather(ada.sees(bob), bob.sees(ada), ada.hears(bob))
    assert not await ada.joined()
    await line.mend()

    await ada.until_joined()
    # At once, as it was answered.
    assert await names_of(ada) == ["Bob", "Dan"]
    assert await consumers_of(ada, bob) >= tracks
    assert await ada.page.evaluate("connect.state.get().hands.length") == 1
    await ada.until(lambda person: has_heard(person, "Where is Ada?"), "reads what was said meanwhile")
    await asyncio.gather(ada.sees(dan), dan.sees(ada), ada.sees(bob), bob.sees(ada))
    # What was done meanwhile takes effect, and all goes on as before.
    await bob.until_tile(ada, "muted", "true")
    await ada.toggle("mic")
    await bob.until_tile(ada, "muted", "false")
    await bob.hears(ada)
    await ada.page.evaluate("connect.meeting.say('Here')")
    await bob.until(lambda person: has_heard(person, "Here"), "reads Ada")

    seen = await ada.page.evaluate("seen")
    assert seen["statuses"] == ["joined", "reconnecting", "joined"]
    assert seen["events"] == ["resumed"]
    assert set(seen["banners"]) == {"reconnecting"}
    assert "Ada" in (await bob.page.evaluate("seen.peers")).pop()
    assert all("Ada" in names for names in await bob.page.evaluate("seen.peers"))
    assert bob.problems + dan.problems == []


async def test_a_connection_that_is_lost_for_a_moment_is_not_even_worth_a_word(
    browser: Browser, deployment: Deployment, line: Line
) -> None:
    ada = await come_by(line, browser, "moment", "Ada")
    bob = await Participant.enter(browser, deployment, "moment", "Bob")
    await ada.sees(bob)
    await ada.page.evaluate(WATCH)
    line.cut()
    await line.mend()
    await ada.until(lambda person: person.page.evaluate("seen.events.includes('resumed')"), "is back")
    assert await ada.page.evaluate("seen.banners") == []
    await asyncio.gather(ada.sees(bob), bob.sees(ada))


async def test_who_was_away_for_too_long_joins_again_by_itself(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("impatient")
    with Deployment(folder, workers=1, CONNECT_SESSION_GRACE_SECONDS="1") as deployment:
        async with Line(deployment.port) as line:
            ada = await come_by(line, browser, "late", "Ada")
            bob = await Participant.enter(browser, deployment, "late", "Bob")
            await ada.sees(bob)
            await ada.page.evaluate(WATCH)
            await ada.page.evaluate("connect.meeting.raiseHand()")
            line.cut()
            await bob.until_tiles(1)
            await line.mend()
            await ada.until_joined()
            assert await ada.page.evaluate("seen.events") == ["rejoined"]
            await asyncio.gather(ada.sees(bob), bob.sees(ada), bob.hears(ada))
            await bob.until(lambda person: hands_are_up(person, 1), "sees Ada's hand")
            assert set(await ada.page.evaluate("seen.banners")) <= {"reconnecting"}


@pytest.mark.quiet
async def test_a_killed_worker_costs_two_seconds_of_media_and_nothing_else(
    browser: Browser, deployment: Deployment
) -> None:
    names = ["Ada", "Bob", "Cleo"]
    people = [await Participant.enter(browser, deployment, "moved", name) for name in names]
    ada, bob, _ = people
    await asyncio.gather(*(one.sees(other) for one in people for other in people if one is not other))
    await ada.page.evaluate("connect.meeting.raiseHand()")
    await ada.page.evaluate("connect.meeting.say('Hello')")
    await asyncio.gather(*(person.until(lambda one: has_heard(one, "Hello")) for person in people))
    await asyncio.gather(*(person.page.evaluate(WATCH) for person in people))
    before = [[entry["consumerId"] for entry in await person.received()] for person in people]
    slot = worker_of(deployment, "moved")
    pid = next(worker["pid"] for worker in deployment.workers() if worker["slot"] == slot)

    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        times = await asyncio.gather(
            *(
                seconds_until_it_sees(person, old, [name for name in names if name != person.name], killed)
                for person, old in zip(people, before, strict=True)
            )
        )
    print("seconds until media was back:", [round(seconds, 2) for seconds in times])
    assert max(times) < BACK_IN

    for person in people:
        assert await hands_are_up(person, 1)
        assert await has_heard(person, "Hello")
        # Nobody fell out, or saw anybody go.
        seen = await person.page.evaluate("seen")
        assert [set(seen["statuses"]) - {"joined"}, seen["events"]] == [set(), []]
        assert {len(names.split(",")) for names in seen["peers"]} == {2}
    await bob.hears(ada)
    assert [person.problems for person in people] == [[], [], []]


async def come_by(line: Line, browser: Browser, room: str, name: str) -> Participant:
    """Have somebody come whose page knows the server at the end of ``line`` alone."""
    person = await Participant.arrive(browser, f"{line.url}/r/{room}", name)
    await person.join()
    return person


async def seconds_until_it_sees(person: Participant, old: list[str], names: list[str], since: float) -> float:
    await person.page.evaluate(SEES_ANEW, [old, names])
    return time.monotonic() - since


async def consumers_of(person: Participant, other: Participant) -> set[str]:
    """Give the ids of what ``person`` receives of ``other``."""
    return {entry["consumerId"] for entry in await person.received() if entry["peerId"] == await other.peer_id()}


async def names_of(person: Participant) -> list[str]:
    """Give who else is in the call, as the page knows it."""
    names: list[str] = await person.page.evaluate("connect.state.get().peers.map(({ displayName }) => displayName)")
    return sorted(names)


async def has_status(person: Participant, status: str) -> bool:
    found: Any = await person.page.evaluate("connect.state.get().status")
    return bool(found == status)


async def has_heard(person: Participant, text: str) -> bool:
    return bool(await person.page.evaluate("text => connect.state.get().chat.some((each) => each.text === text)", text))


async def hands_are_up(person: Participant, count: int) -> bool:
    return bool(await person.page.evaluate("connect.state.get().hands.length") == count)
