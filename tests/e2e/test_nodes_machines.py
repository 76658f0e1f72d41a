"""Pages in a call over machines with addresses of their own, one of which falls silent."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from .balancer import Balancer
from .cluster import Cluster
from .namespaces import needs_network
from .node_network import MEDIA_PORTS, MIDDLE_ADDRESS, NodeNetwork
from .passing import Passing
from .same_views import Rooms, same_views
from .small import slow_browser
from .spread import SOON_FULL, STANDSTILL, Fall, Spread, all_are_there, all_read, they_watch
from .test_nodes import they_speak

pytestmark = [needs_network, pytest.mark.quiet]

NODES = 3
#: Seconds without a word after which somebody of a silent machine is gone, and after which its pages give up on it.
GONE_IN, BACK_IN = 6.0, 10.0
#: Seconds within which all nodes say the same after it is heard again.
SAME_IN = 5.0


@pytest.fixture
def network() -> Iterator[NodeNetwork]:
    with NodeNetwork(NODES) as network, network.middle():
        yield network


@pytest.fixture
def balancer(tmp_path: Path, network: NodeNetwork) -> Balancer:
    """It is in the middle, and so are the browsers."""
    return Balancer(tmp_path)


@pytest.fixture
def cluster(tmp_path: Path, network: NodeNetwork, balancer: Balancer, sqlite_template: Path) -> Iterator[Cluster]:
    """One node on each machine. The database is a file: a server would be in another network."""

    def settings_of(number: int) -> dict[str, Any]:
        return {**network.settings_of(number), **balancer.settings_of(number)}

    settings: dict[str, Any] = {
        **SOON_FULL,
        "CONNECT_NODE_LEASE_SECONDS": "4",
        "CONNECT_TRUSTED_PROXIES": "198.18.0.0/15",
    }
    database = tmp_path / "connect.db"
    database.write_bytes(sqlite_template.read_bytes())
    with (
        Cluster(
            tmp_path, f"sqlite:///{database}", NODES, host=MIDDLE_ADDRESS, for_node=settings_of, **settings
        ) as nodes,
        balancer.before(nodes.nodes),
    ):
        yield nodes


@pytest.fixture
async def browser(network: NodeNetwork) -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


async def test_people_on_machines_of_their_own_are_in_one_call_and_survive_one_of_them(
    browser: Browser,
    cluster: Cluster,
    balancer: Balancer,
    network: NodeNetwork,
    capsys: pytest.CaptureFixture[str],
) -> None:
    addresses = [network.media_address(number) for number in range(NODES)]
    with Passing(addresses, MEDIA_PORTS) as passing:
        call = await Spread.make(browser, cluster, balancer)
        await all_read(call.people, call.dan, "Can you hear me?")
        await they_speak((call.olga, call.cleo, call.dan))
        passed, others = passing.media(), passing.others()
    # Each of them sends to each other one, and nothing that is no media goes between them.
    assert min(passed.values()) > 0 and others == 0
    await they_watch(call.people)

    machine, fell_silent = cluster.nodes.index(call.first), time.time()
    network.silence(machine)
    try:
        fall = await Fall.see(call, fell_silent)
    finally:
        network.end_silence(machine)
    back = time.monotonic()
    everybody = {call.room: [await person.peer_id() for person in call.people]}
    await same_views(cluster, Rooms(call.token, {call.room: ""}), everybody, seconds=SAME_IN)
    with capsys.disabled():
        print(f"\nmachine silent: {fall}; all nodes said the same {time.monotonic() - back:.1f} s after it was back")
    assert fall.gone < GONE_IN and fall.back < BACK_IN
    assert fall.still < STANDSTILL
    await all_are_there(call.people)
    await all_read(call.people, call.olga, "It goes on.")
