"""A room that is too large for a worker, and for a node: nobody loses anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector

from tests.rtc.fakes import until

from .audience import LAYERS, PACE, Camera, Viewer, film
from .cluster import Cluster, Node
from .deployment import PASSWORD
from .speaker import Studio

#: What is awaited has a limit, which a machine that does much else would miss.
pytestmark = pytest.mark.quiet

CAMERAS, VIEWERS = 3, 300
#: How many come at once, and the consumers with which a worker is full: less than half of a node's.
AT_ONCE, FULL = 20, 200
ROOM = "audience"
#: Seconds of video that are counted.
SECONDS = 6.0
TOP = LAYERS - 1


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, shared_database: str) -> Iterator[Cluster]:
    settings: Any = {
        "CONNECT_MAX_PEERS_PER_ROOM": "1000",
        "CONNECT_WORKER_MAX_CONSUMERS": str(FULL),
        # They are busier than those of other tests.
        "CONNECT_NODE_LEASE_SECONDS": "4",
        "CONNECT_LOG_LEVEL": "info",
    }
    with Cluster(tmp_path_factory.mktemp("cluster"), shared_database, 2, workers=2, **settings) as cluster:
        yield cluster


async def test_three_hundred_see_three_cameras_over_two_nodes_and_lose_nothing(cluster: Cluster) -> None:
    async with ClientSession(connector=TCPConnector(limit=0)) as http:
        studios = [Studio(http, f"{node.address}/ws") for node in cluster.nodes]
        cameras = [
            Camera(studios[index % 2], ROOM, f"camera-{index}", 10_000 * (index + 1)) for index in range(CAMERAS)
        ]
        viewers = [Viewer(studios[index % 2], ROOM, f"viewer-{index}") for index in range(VIEWERS)]
        try:
            start = time.monotonic()
            await come(cameras, viewers)
            joined = time.monotonic() - start
            await film_until(cameras, lambda: all(sees_all(viewer) for viewer in viewers))
            settled = time.monotonic() - start
            first = cameras[0].sent
            await film(cameras, round(SECONDS / PACE))
            last = cameras[0].sent
            await until(lambda: not missing(viewers, range(last - 1, last)))
            lost = missing(viewers, range(first, last))
            # Not before: the cameras rest meanwhile.
            people = await asyncio.to_thread(people_of_workers, cluster.nodes)
        finally:
            await asyncio.gather(*(each.leave() for each in (*viewers, *cameras)))
    print(
        f"{VIEWERS} viewers of {CAMERAS} cameras were there after {joined:.1f} s and saw all in the best size after "
        f"{settled:.1f} s; people of the workers: {people}; {lost} of {(last - first) * VIEWERS * CAMERAS} packets lost"
    )
    # Both workers of both nodes take part.
    assert all(count > VIEWERS // 10 for count in people) and sum(people) == VIEWERS + CAMERAS
    assert lost == 0


async def come(cameras: Sequence[Camera], viewers: Sequence[Viewer]) -> None:
    """Have all join, a few at a time, and wait until everybody is offered all cameras."""
    for camera in cameras:
        await camera.enter()
    for index in range(0, len(viewers), AT_ONCE):
        await asyncio.gather(*(viewer.enter() for viewer in viewers[index : index + AT_ONCE]))
    await until(lambda: all(len(viewer.expected) == len(cameras) for viewer in viewers), seconds=30)


async def film_until(cameras: Sequence[Camera], condition: Callable[[], bool]) -> None:
    """Send until something holds."""
    async with asyncio.timeout(30):
        while not condition():
            await film(cameras, 1)


def sees_all(viewer: Viewer) -> bool:
    """Tell whether the last packet of each camera was one of the best size."""
    streams = viewer.received.values()
    return len(streams) == CAMERAS and all(packets[-1][0] % 10 == TOP for packets in streams)


def missing(viewers: Sequence[Viewer], counts: range) -> int:
    """Count the packets of the best sizes that did not arrive, or came twice."""
    lost = 0
    for packets in (packets for viewer in viewers for packets in viewer.received.values()):
        came = [count for ssrc, count in packets if ssrc % 10 == TOP and count in counts]
        lost += len(set(counts) - set(came)) + len(came) - len(set(came))
    return lost


def people_of_workers(nodes: Sequence[Node]) -> list[int]:
    """Give how many people each worker of each node has, as the nodes tell each other."""
    name = "admin@example.org"
    nodes[0].manage("create-user", name, "--name", "Admin", "--admin", password=PASSWORD)
    token = nodes[0].api("POST", "/auth/login", {"email": name, "password": PASSWORD})["accessToken"]
    answer = nodes[0].api("GET", "/admin/nodes", token=token)
    return [worker["peers"] for node in answer["nodes"] for worker in node["workers"]]
