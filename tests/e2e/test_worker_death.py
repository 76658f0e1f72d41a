"""A worker is killed in the middle of calls."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest
from playwright.async_api import Browser

from tests.rtc.fakes import until

from .deployment import Deployment
from .participant import Participant
from .rtp_probe import Probe, percentile

#: Rooms that go to the two workers in turns.
ROOMS = [f"pair-{number}" for number in range(10)]
#: Seconds in which 95 % of the people hear each other again.
BACK_IN = 2.0


async def test_a_killed_worker_costs_only_its_rooms_and_only_for_a_moment(
    browser: Browser, deployment: Deployment
) -> None:
    # A new room goes to the idler worker, so that these two are apart.
    ada, bob = [await Participant.enter(browser, deployment, "victim", name) for name in ("Ada", "Bob")]
    cleo, dan = [await Participant.enter(browser, deployment, "other", name) for name in ("Cleo", "Dan")]
    await ada.sees(bob)
    await cleo.sees(dan)
    slot = worker_of(deployment, "victim")
    assert worker_of(deployment, "other") != slot
    before = {worker["slot"]: worker["pid"] for worker in deployment.workers()}

    os.kill(before[slot], signal.SIGKILL)
    killed = time.monotonic()
    back = await slot_back(deployment, slot, before[slot])
    assert back - killed < 2

    # Those of the dead worker's room come back by themselves, on a living worker.
    for one, another in ((ada, bob), (bob, ada)):
        await one.until_tiles(2)
        await one.sees(another)
        await one.hears(another)
    # The others noticed nothing.
    assert await cleo.page.evaluate("connect.state.get().status") == "joined"
    assert await cleo.page.get_by_test_id("banner").count() == 0
    await cleo.sees(dan)
    after = {worker["slot"]: worker["pid"] for worker in deployment.workers()}
    assert after[1 - slot] == before[1 - slot]
    assert [person.problems for person in (cleo, dan)] == [[], []]


@pytest.mark.quiet
async def test_everybody_in_its_rooms_is_heard_again_and_the_others_lose_no_packet(deployment: Deployment) -> None:
    async with Probe(deployment.port, ROOMS, streams=1) as probe:
        slot = worker_of(deployment, ROOMS[0])
        hit = [room for room in ROOMS if worker_of(deployment, room) == slot]
        spared = [room for room in ROOMS if room not in hit]
        assert hit and spared
        before = set(probe.streams)
        dead = {stream for stream in before if stream.name.partition("/")[0] in hit}
        probe.listen()
        os.kill(next(worker["pid"] for worker in deployment.workers() if worker["slot"] == slot), signal.SIGKILL)
        await until(lambda: not dead & set(probe.streams))
        await probe.all_heard()
        await probe.go_on(2)
        silences = [silence for room in hit for silence in probe.silences(room)]
        await probe.quiet()
        assert before - dead <= set(probe.streams)
        missing, sent = probe.missing(*spared), sum(stream.sent for stream in before - dead)
        assert [speaker.returns or speaker.rejoins for speaker in probe.speakers] == [0] * len(probe.speakers)
    print(
        f"worker killed: {len(silences)} people in {len(hit)} rooms are heard again after {min(silences):.2f} to "
        f"{max(silences):.2f} s, 95 % within {percentile(silences, 95):.2f} s; in the {len(spared)} other rooms "
        f"{sum(map(len, missing.values()))} of {sent} packets are missing"
    )
    assert percentile(silences, 95) < BACK_IN
    assert missing == {}
    # Another one would have listened, too.
    assert len([each for each in deployment.log_records() if "listens on" in str(each.get("message"))]) == 1


def worker_of(deployment: Deployment, room: str) -> int:
    """Find in the app's log on which worker a room was made last."""
    slots = [record["slot"] for record in deployment.log_records() if record.get("room") == room and "slot" in record]
    assert slots, f"the log does not tell where {room} is"
    slot: int = slots[-1]
    return slot


async def slot_back(deployment: Deployment, slot: int, old_pid: int) -> float:
    """Wait until the slot has a new worker that answers the app; give the time."""
    async with asyncio.timeout(10):
        while True:
            status, _ = await asyncio.to_thread(deployment.get, "/health/ready")
            worker = next(worker for worker in deployment.workers() if worker["slot"] == slot)
            if status == 200 and worker["pid"] != old_pid:
                return time.monotonic()
            await asyncio.sleep(0.02)
