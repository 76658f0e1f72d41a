"""Networks that let no UDP through, and networks that change in the middle of a call."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from .conftest import CHROMIUM_FLAGS, chromium
from .demo_client import DemoParticipant
from .deployment import Deployment
from .namespaces import MEDIA_ADDRESS, PAGE_ADDRESS, Network, needs_network
from .network import WatchedParticipant, ways
from .participant import Participant, they_hear_each_other, they_see_each_other

pytestmark = needs_network

#: Seconds from a client's request for an ICE restart until media is back. It takes 0.4 to 1.3; about one in ten takes
#: longer, so that the median of some is what counts.
RESTARTED_IN = 2.0
#: Seconds from a change of networks until a page that noticed it by itself is back. It takes less than 10, of which the
#: browser needs 5 to notice; the rest is for machines that are busy with other tests.
BACK_IN = 18.0
WAY_AND_BACK = ((1, 2), (2, 1))


@pytest.fixture(scope="module")
def whole_network() -> Iterator[Network]:
    with Network() as network, network.world():
        yield network


@pytest.fixture
def network(whole_network: Network) -> Iterator[Network]:
    """A network whose lines are all down at first."""
    yield whole_network
    whole_network.hang_up()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, whole_network: Network) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("trouble")
    with Deployment(folder, workers=1, CONNECT_HOST="0.0.0.0", CONNECT_RTC_IP=MEDIA_ADDRESS) as deployment:
        deployment.url = f"http://{PAGE_ADDRESS}:{deployment.port}"
        yield deployment


@pytest.fixture
async def browser(deployment: Deployment) -> AsyncIterator[Browser]:
    """A browser in the world, whose network has no trouble."""
    async with launched(chromium(), deployment) as browser:
        yield browser


@pytest.fixture
async def browser_at_home(network: Network, deployment: Deployment, tmp_path: Path) -> AsyncIterator[Browser]:
    async with launched(network.at_home(chromium(), tmp_path / "chromium"), deployment) as browser:
        yield browser


async def test_where_no_udp_gets_through_media_goes_by_tcp(
    network: Network, deployment: Deployment, browser: Browser, browser_at_home: Browser
) -> None:
    network.line_up(1)
    network.block_udp(1)
    ada = await WatchedParticipant.enter(browser_at_home, deployment, "no-udp", "Ada")
    bob = await WatchedParticipant.enter(browser, deployment, "no-udp", "Bob")
    await they_see_each_other(ada, bob)
    await they_hear_each_other(ada, bob)
    assert [way.protocol for way in await ways(ada)] == ["tcp", "tcp"]
    assert [way.protocol for way in await ways(bob)] == ["udp", "udp"]
    assert ada.problems + bob.problems == []


@asynccontextmanager
async def launched(executable: Path, deployment: Deployment) -> AsyncIterator[Browser]:
    # Cameras are only for pages of safe origins.
    flags = [*CHROMIUM_FLAGS, f"--unsafely-treat-insecure-origin-as-secure={deployment.url}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=flags, headless=True)
        yield browser
        await browser.close()


@pytest.mark.quiet
async def test_after_a_change_of_networks_media_goes_on_within_two_seconds_of_an_ice_restart(
    network: Network, deployment: Deployment, browser: Browser, browser_at_home: Browser
) -> None:
    keep_websocket(network)
    # A TCP connection that breaks is made anew by the browser itself, sometimes before anybody has to ask.
    network.block_media_by_tcp(1, 2)
    network.line_up(1)
    demi = await DemoParticipant.come(browser_at_home, deployment, "changing", "Demi")
    bob = await WatchedParticipant.enter(browser, deployment, "changing", "Bob")
    await until_both_see(demi, bob)

    times = []
    for old, new in (WAY_AND_BACK * 2)[:3]:
        network.line_down(old)
        network.line_up(new)
        # The browser does not help itself: it looks for addresses once.
        await demi.until(is_cut_off, "is cut off")
        requested = time.monotonic()
        await demi.do("restartIce()")
        await until_both_see(demi, bob)
        times.append(time.monotonic() - requested)
        assert {way.address for way in await ways(demi)} == {f"198.18.{new}.2"}
    assert statistics.median(times) < RESTARTED_IN, times


async def test_the_page_notices_that_media_needs_another_way(
    network: Network, deployment: Deployment, browser: Browser, browser_at_home: Browser
) -> None:
    keep_websocket(network)
    network.line_up(1)
    ada = await WatchedParticipant.enter(browser_at_home, deployment, "by-itself", "Ada")
    bob = await WatchedParticipant.enter(browser, deployment, "by-itself", "Bob")
    await until_both_see(ada, bob)
    connections = await ada.page.evaluate("peerConnections.length")

    network.line_down(1)
    network.line_up(2)
    await until_back(ada, bob)
    # It is the same call, and has not been joined again.
    assert await ada.page.evaluate("peerConnections.length") == connections
    assert ada.problems + bob.problems == []


async def test_the_page_comes_back_when_the_whole_network_changed(
    network: Network, deployment: Deployment, browser: Browser, browser_at_home: Browser
) -> None:
    network.line_up(1)
    ada = await WatchedParticipant.enter(browser_at_home, deployment, "all-changed", "Ada")
    bob = await WatchedParticipant.enter(browser, deployment, "all-changed", "Bob")
    await until_both_see(ada, bob)

    network.line_down(1)
    network.line_up(2)
    await until_back(ada, bob)
    await bob.until_tiles(2)


async def until_back(one: Participant, other: Participant) -> None:
    """Wait until both see each other again, after a change of networks just now."""
    changed = time.monotonic()
    await until_both_see(one, other)
    assert time.monotonic() - changed < BACK_IN


def keep_websocket(network: Network) -> None:
    """Have page and websocket on a line of their own that stays, and lets no media through."""
    network.line_up(3, f"{PAGE_ADDRESS}/32")
    # Browsers try all of their addresses, and what goes out by another line might come back by this one.
    network.block_media(3)


async def until_both_see(one: Participant, other: Participant) -> None:
    await asyncio.gather(one.sees(other), other.sees(one))


async def is_cut_off(person: Participant) -> bool:
    """Say whether nothing is heard of the server any more on any connection for media."""
    states = await person.page.evaluate("peerConnections.map(({ iceConnectionState }) => iceConnectionState)")
    # There is one, too, which was only made to ask the browser what it can: it is closed.
    return bool({"disconnected", "failed"} & set(states)) and not {"connected", "completed"} & set(states)
