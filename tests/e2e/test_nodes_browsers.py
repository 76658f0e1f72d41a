"""Pages on three nodes behind the load balancer; when one of these dies, its people are soon back by themselves."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from .balancer import Balancer
from .cluster import Cluster
from .small import slow_browser
from .spread import SOON_FULL, STANDSTILL, Fall, Spread, all_read, they_watch
from .test_meeting import until_text

#: What is awaited has a limit, which a machine that does much else would miss.
pytestmark = pytest.mark.quiet

#: Seconds within which the last picture of those on a dead node is gone, their pages are back, and they are seen again.
GONE_IN, BACK_IN, SEEN_IN = 5.0, 5.0, 5.0
#: As operators have it.
LEASE = {"CONNECT_NODE_LEASE_SECONDS": "4"}


@pytest.fixture
def balancer(tmp_path: Path) -> Balancer:
    return Balancer(tmp_path)


@pytest.fixture
def cluster(tmp_path: Path, shared_database: str, balancer: Balancer) -> Iterator[Cluster]:
    settings: dict[str, Any] = {**SOON_FULL, **LEASE, "CONNECT_TRUSTED_PROXIES": "127.0.0.1"}
    with (
        Cluster(tmp_path, shared_database, for_node=balancer.settings_of, **settings) as cluster,
        balancer.before(cluster.nodes),
    ):
        yield cluster


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


async def test_pages_of_a_dead_node_are_back_on_another_by_themselves(
    browser: Browser, cluster: Cluster, balancer: Balancer, capsys: pytest.CaptureFixture[str]
) -> None:
    call = await Spread.make(browser, cluster, balancer)
    await all_read(call.people, call.bob, "Before it died.")
    await call.bob.toggle("hand")
    await bobs_hand_is_seen(call)
    await they_watch(call.people)

    killed = time.time()
    call.first.kill()
    fall = await Fall.see(call, killed)
    with capsys.disabled():
        print(f"\nnode killed: {fall}")
    assert fall.gone < GONE_IN and fall.back < BACK_IN and fall.seen < SEEN_IN
    assert fall.still < STANDSTILL

    # They are who they were, with all that was said.
    for person in call.people:
        await until_text(person, person.page.get_by_test_id("chat-message").last, "Before it died.")
    await bobs_hand_is_seen(call)
    assert await call.olga.page.evaluate("connect.state.get().role") == "owner"
    await all_read(call.people, call.olga, "It goes on.")
    assert [person.problems for person in call.spared] == [[]] * len(call.spared)
    # Who was on it may have knocked there once more before the load balancer knew, of which the browser complains.
    problems = [problem for person in call.lost for problem in person.problems]
    assert [each for each in problems if "WebSocket" not in each and "Failed to load resource" not in each] == []


async def bobs_hand_is_seen(call: Spread) -> None:
    for person in call.spared:
        await (await person.tile_of(call.bob)).get_by_test_id("hand-badge").wait_for()
