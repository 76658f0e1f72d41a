"""Nodes on machines with addresses of their own: media goes between them, and lines between them break."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.waiting import eventually

from .cluster import LEASE, Cluster, routers_left
from .namespaces import needs_network
from .node_network import MEDIA_PORTS, MIDDLE_ADDRESS, NodeNetwork
from .passing import Passing
from .same_views import Rooms, calls, people, same_views
from .test_nodes import of_rooms

pytestmark = needs_network

NODES = 3
#: Seconds within which all is right again after a line was mended.
BACK_IN = 5.0


@pytest.fixture(scope="module")
def network() -> Iterator[NodeNetwork]:
    with NodeNetwork(NODES) as network, network.middle():
        yield network


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, network: NodeNetwork, sqlite_template: Path) -> Iterator[Cluster]:
    """One node on each machine. The database is a file: a server would be in another network."""
    directory = tmp_path_factory.mktemp("cluster")
    database = directory / "connect.db"
    database.write_bytes(sqlite_template.read_bytes())
    with Cluster(
        directory, f"sqlite:///{database}", NODES, host=MIDDLE_ADDRESS, for_node=network.settings_of
    ) as cluster:
        yield cluster


async def test_media_goes_straight_between_machines_and_nothing_is_lost(cluster: Cluster, network: NodeNetwork) -> None:
    rooms = Rooms.make(cluster, 3, "machines")
    addresses = [network.media_address(number) for number in range(NODES)]
    with Passing(addresses, MEDIA_PORTS) as passing:
        async with calls(cluster, rooms) as probe:
            passed, sent = passing.media(), [stream.sent for stream in probe.streams]
            await probe.go_on(3)
            await probe.quiet()
            sent = [stream.sent - before for stream, before in zip(probe.streams, sent, strict=True)]
            passed = {way: now - passed[way] for way, now in passing.media().items()}
            missing = probe.missing()
        others = passing.others()
    print(f"between machines: {sum(map(len, missing.values()))} of {sum(sent)} packets lost; passed: {passed}")
    assert missing == {}
    # There is a call between each two, and one stream each way; besides it reports on what arrives.
    assert min(passed.values()) >= min(sent) > 0
    assert others == 0


async def test_who_is_cut_off_is_gone_and_is_back_when_the_line_is(cluster: Cluster, network: NodeNetwork) -> None:
    rooms = Rooms.make(cluster, 3, "cut-off")
    spared = rooms.codes[2]
    async with calls(cluster, rooms) as probe:
        network.cut(0)
        cut = time.monotonic()
        try:
            # The two who talk with somebody there see that one go.
            await asyncio.gather(*(probe.speakers[index].client.hears("peerClosed", peerId="left") for index in (1, 3)))
            gone = time.monotonic() - cut
            await asyncio.sleep(max(0.0, 2 * LEASE - gone))
        finally:
            network.mend(0)
        mended = time.monotonic()
        await same_views(cluster, rooms, people(probe), seconds=BACK_IN)
        right_again = time.monotonic() - mended
        await probe.heard_anew()
        heard = time.monotonic() - mended
        await probe.quiet()
        missing = probe.missing(spared)
    print(
        f"cut off: gone after {gone:.2f} s; all nodes said the same {right_again:.2f} s after the line was mended, and "
        f"everybody was heard after {heard:.2f} s; {sum(map(len, missing.values()))} packets lost between the others"
    )
    assert missing == {}


async def test_nothing_is_left_of_calls_between_machines(cluster: Cluster) -> None:
    await eventually(lambda: asyncio.to_thread(lambda: not of_rooms(cluster.keys())))
    assert await routers_left(cluster.nodes) == {}
