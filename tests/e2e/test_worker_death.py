"""A worker is killed in the middle of calls."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from playwright.async_api import Browser

from .deployment import Deployment
from .participant import Participant


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
