"""The sidecar is killed, and all workers die with it: every room goes on in new ones."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from tests.left_over import left_over
from tests.rtc.fakes import until

from .rtp_probe import Probe
from .small import SmallParticipant, slow_browser
from .supervised import Supervised

ROOMS = [f"pair-{number}" for number in range(4)]
#: Seconds in which everybody is heard again.
BACK_IN = 10.0


@pytest.fixture(scope="module")
def connect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    with Supervised(tmp_path_factory.mktemp("connect"), workers=2, CONNECT_LOG_LEVEL="info") as connect:
        yield connect


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


async def test_every_room_has_media_again_and_nobody_reloads_the_page(connect: Supervised, browser: Browser) -> None:
    ada, bob = [await SmallParticipant.enter(browser, connect, "people", name) for name in ("Ada", "Bob")]
    for person in (ada, bob):
        await person.page.evaluate("window.notReloaded = true")
    await ada.sees(bob)
    await bob.toggle("hand")
    app = await asyncio.to_thread(connect.pid, "app")
    async with Probe(connect.port, ROOMS) as probe:
        before = set(probe.streams)
        probe.listen()
        os.kill(await asyncio.to_thread(connect.pid, "worker-sidecar"), signal.SIGKILL)
        await until(lambda: not before & set(probe.streams))
        await probe.all_heard()
        await probe.go_on(1)
        silences = probe.silences()
        await ada.sees(bob)
        await bob.sees(ada)
        assert sum(speaker.rejoins for speaker in probe.speakers) == 0
    print(
        f"sidecar killed: {len(silences)} people in {len(ROOMS)} rooms are heard again after {min(silences):.2f} to "
        f"{max(silences):.2f} s"
    )
    assert max(silences) < BACK_IN
    for person in (ada, bob):
        assert await person.page.evaluate("window.notReloaded && connect.state.get().status === 'joined'")
    await (await ada.tile_of(bob)).get_by_test_id("hand-badge").wait_for()
    assert await asyncio.to_thread(connect.pid, "app") == app
    await ada.leave()
    await bob.leave()
    await asyncio.to_thread(connect.control, "stop", "app")
    assert await left_over(connect.run_dir, 2) == []
