"""The app is killed and restarted in the middle of calls: no packet is lost, and people hardly notice."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from playwright.async_api import Browser

from tests.left_over import left_over
from tests.rtc.fakes import until

from .participant import they_see_each_other
from .plain_speaker import NETWORKS, PlainSpeaker, plain_ports, tokens_for
from .rtp_probe import Probe
from .rtp_streams import Stream
from .small import SmallParticipant, slow_browser
from .speaker import Speaker
from .supervised import Supervised
from .test_meeting import until_text, write
from .watching import back_at, longest_freeze, watch, watched

#: Two people in each of these, who send two streams each, make twenty; and as many bots.
STREAMS = [f"streams-{number}" for number in range(5)]
BOTS = [f"bots-{number}" for number in range(5)]
#: Seconds in which a page has to be back after the app is, and that a picture may stand still: it shows five frames
#: a second, on a machine that is busy starting the app.
BACK_IN, FREEZE = 3.0, 2.0

#: Is run by each Python that starts with this folder in its path; the app then speaks of other records.
OTHER_RECORDS = """
from pathlib import Path

if Path(__file__).with_name("other-records").exists():
    from app.rtc import records

    records.VERSION += 1
"""


@pytest.fixture(scope="module")
def connect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    directory = tmp_path_factory.mktemp("connect")
    (directory / "sitecustomize.py").write_text(OTHER_RECORDS)
    with Supervised(
        directory,
        CONNECT_LOG_LEVEL="info",
        CONNECT_PLAIN_NETWORKS=NETWORKS,
        CONNECT_PLAIN_PORTS=plain_ports(),
        PYTHONPATH=str(directory),
    ) as connect:
        yield connect


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


async def kill(connect: Supervised) -> None:
    os.kill(await asyncio.to_thread(connect.pid, "app"), signal.SIGKILL)


async def restart(connect: Supervised) -> None:
    await asyncio.to_thread(connect.control, "restart", "app")


async def back(connect: Supervised, former: int) -> None:
    """Wait until another process than ``former`` takes calls."""
    async with asyncio.timeout(30):
        while await asyncio.to_thread(connect.pid, "app") in (0, former):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await asyncio.to_thread(connect.wait_ready)


def test_a_packet_that_is_lost_is_noticed() -> None:
    sent: list[bytes] = []
    stream = Stream("left", 1, sent.append)
    for _ in range(5):
        stream.send_next()
    for count in (1, 2, 2, 4):
        stream.arrive(count)
    assert (len(sent), stream.missing, stream.twice) == (5, [3], [2])


def probe_of(connect: Supervised, kind: type[Speaker]) -> Probe:
    """Have twenty streams go through transports of one kind; those that people have take no tokens in open rooms."""
    if kind is Speaker:
        return Probe(connect.port, STREAMS)
    return Probe(connect.port, BOTS, tokens=tokens_for(connect, BOTS), kind=kind)


# What streams through WebRTC transports lose by a kill is looked at below.
@pytest.mark.parametrize(("end", "kind"), [(kill, PlainSpeaker), (restart, Speaker)])
async def test_no_packet_is_lost_and_people_hardly_notice(
    connect: Supervised, browser: Browser, end: Callable[[Supervised], Awaitable[None]], kind: type[Speaker]
) -> None:
    room = f"call-{end.__name__}"
    people = [await SmallParticipant.enter(browser, connect, room, name) for name in ("Ada", "Bob", "Cleo")]
    ada, bob = people[:2]
    await they_see_each_other(*people)
    await ada.toggle("chat")
    await write(ada, "Is it still on?")
    await bob.toggle("hand")
    await (await ada.tile_of(bob)).get_by_test_id("hand-badge").wait_for()
    async with probe_of(connect, kind) as probe:
        assert len(probe.streams) == 20
        streams = probe.streams
        for person in people:
            await watch(person)
        former = await asyncio.to_thread(connect.pid, "app")
        probe.listen()
        gone = time.time()
        await end(connect)
        await back(connect, former)
        there = time.time()
        await until(lambda: all(speaker.returns for speaker in probe.speakers))
        for person in people:
            await person.until_joined()
        # What breaks late breaks then.
        await probe.go_on(4)
        seen = {person.name: await watched(person) for person in people}
        silence = max(probe.silences())
        await probe.quiet()
        assert probe.streams == streams
        packets, missing = sum(stream.sent for stream in streams), probe.missing()
    freezes = [
        longest_freeze(seen[person.name], await other.peer_id())
        for person in people
        for other in people
        if other is not person
    ]
    waits = [back_at(looks, gone) - there for looks in seen.values()]
    print(
        f"{end.__name__}: {packets} packets of 20 streams, {sum(map(len, missing.values()))} missing; the app was back "
        f"after {there - gone:.2f} s, the pages {max(waits):.2f} s later; longest freeze {max(freezes):.2f} s; "
        f"longest silence {silence:.2f} s"
    )
    assert missing == {}
    assert not any(stream.twice for stream in streams)
    # Nobody came in anew.
    assert connect.said_of(room, "resumed") == len(people)
    assert {look.status for looks in seen.values() for look in looks} <= {"joined", "reconnecting"}
    assert {look.tiles for looks in seen.values() for look in looks} == {3}
    assert max(waits) < BACK_IN and max(freezes) < FREEZE
    await they_go_on(connect, browser, room, people)


async def they_go_on(connect: Supervised, browser: Browser, room: str, people: list[SmallParticipant]) -> None:
    """See that all is as it was, and that what people do works."""
    ada, bob, cleo = people
    await (await cleo.tile_of(bob)).get_by_test_id("hand-badge").wait_for()
    await bob.toggle("mic")
    await cleo.until_tile(bob, "muted", "false")
    await cleo.hears(bob)
    dora = await SmallParticipant.enter(browser, connect, room, "Dora")
    for person in (*people, dora):
        await person.until_tiles(4)
    await ada.sees(dora)
    await dora.sees(ada)
    await (await dora.tile_of(bob)).get_by_test_id("hand-badge").wait_for()
    await dora.toggle("chat")
    await until_text(dora, dora.page.get_by_test_id("chat-message").first, "Is it still on?")
    await write(dora, "It is.")
    await until_text(ada, ada.page.get_by_test_id("chat-message").last, "It is.")
    await dora.leave()
    for person in people:
        await person.until_tiles(3)
    assert [problem for person in people for problem in person.problems if not is_about_the_socket(problem)] == []
    for person in people:
        await person.leave()


def is_about_the_socket(problem: str) -> bool:
    """Tell whether it is what browsers themselves say of a socket that ends, or can't be opened, and of asking why."""
    return re.search(r"WebSocket connection to .* failed|status of 400 \(Bad Request\)", problem) is not None


async def test_records_of_another_release_are_as_good_as_none(connect: Supervised) -> None:
    async with Probe(connect.port, STREAMS[:2]) as probe:
        before = probe.streams
        former = await asyncio.to_thread(connect.pid, "app")
        (connect.directory / "other-records").touch()
        await restart(connect)
        await back(connect, former)
        # Everybody joins anew, and nobody who came in before is left.
        await until(lambda: all(speaker.rejoins for speaker in probe.speakers))
        await until(lambda: not set(before) & set(probe.streams))
        await probe.all_heard()
        assert [(speaker.returns, speaker.rejoins) for speaker in probe.speakers] == [([], 1)] * 4
        # Those of the rooms that it was told of by this release are of use to the next process of it.
        former = await asyncio.to_thread(connect.pid, "app")
        await kill(connect)
        await back(connect, former)
        await until(lambda: all(speaker.returns for speaker in probe.speakers))
        await probe.quiet()
        assert probe.missing() == {}
    (connect.directory / "other-records").unlink()
    await restart(connect)
    await asyncio.to_thread(connect.wait_ready)
    assert connect.said("Traceback") == 0
    await asyncio.to_thread(connect.control, "stop", "app")
    assert await left_over(connect.run_dir, 1) == []
    await asyncio.to_thread(connect.control, "start", "app")
