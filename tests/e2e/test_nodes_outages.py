"""Redis goes away, or a node stands still, in the middle of calls over several nodes."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiohttp import ClientSession

from tests.redis_server import RedisServer
from tests.services.waiting import eventually
from tests.signaling.client import UPGRADE

from .cluster import LEASE, Cluster, Node
from .rtp_probe import Probe
from .same_views import Rooms, calls, people, same_views
from .speaker import Speaker, Studio

#: What is awaited has a limit, which a machine that does much else would miss.
pytestmark = pytest.mark.quiet

#: Seconds without Redis, several leases; what is promised holds for any time.
OUTAGE = float(os.environ.get("REDIS_OUTAGE_SECONDS", "3"))
#: Seconds within which a room that can't be opened is refused, and within which all is right again.
ANSWERS_IN, BACK_IN = 1.0, 5.0


#: Seconds for which a slow Redis does nothing, each second, for so many seconds.
NAP, NAPS = 0.3, 10
#: Seconds that somebody may take to come in while it is slow, with the others seeing it: several turns of Redis.
COMES_IN = 3.0


@asynccontextmanager
async def stopped(server: RedisServer) -> AsyncIterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@asynccontextmanager
async def killed(server: RedisServer) -> AsyncIterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()


@asynccontextmanager
async def frozen(server: RedisServer) -> AsyncIterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@asynccontextmanager
async def asleep(server: RedisServer) -> AsyncIterator[None]:
    """It does one thing for a long time; what is asked meanwhile it does, and answers, afterwards."""
    sleeping = asyncio.create_task(server.ask("DEBUG", "SLEEP", str(OUTAGE)))
    try:
        await eventually(lambda: is_silent(server))
        yield
    finally:
        await sleeping


@asynccontextmanager
async def slow(server: RedisServer) -> AsyncIterator[asyncio.Task[None]]:
    """It does nothing for a part of each second. Gives what ends when that was often enough."""

    async def nap() -> None:
        for _ in range(NAPS):
            await server.ask("DEBUG", "SLEEP", str(NAP))
            await asyncio.sleep(1 - NAP)

    napping = asyncio.create_task(nap())
    try:
        yield napping
    finally:
        napping.cancel()
        await asyncio.gather(napping, return_exceptions=True)


@pytest.mark.parametrize("gone", [stopped, killed, frozen, asleep])
async def test_calls_go_on_without_redis_and_all_is_right_after_it(
    cluster: Cluster, gone: Callable[[RedisServer], AbstractAsyncContextManager[None]]
) -> None:
    rooms = Rooms.make(cluster, 3, gone.__name__)
    async with calls(cluster, rooms) as probe, ClientSession() as http:
        streams = probe.streams
        async with gone(cluster.redis):
            outage_ends = asyncio.create_task(asyncio.sleep(OUTAGE))
            late = Speaker(studio(http, cluster.nodes[0], rooms), rooms.codes[0], "late", 0)
            await late.enter()
            # In each of these rooms are people of the two other nodes.
            elsewhere = zip(cluster.nodes, reversed(rooms.codes), strict=True)
            took = [await refused(http, node, rooms, room) for node, room in elsewhere]
            await outage_ends
        returned = time.monotonic()
        expected = people(probe)
        expected[rooms.codes[0]].append("late")
        await same_views(cluster, rooms, expected, seconds=BACK_IN)
        right_again = time.monotonic() - returned
        # What could not be done is possible again.
        anew = Speaker(studio(http, cluster.nodes[2], rooms), rooms.codes[0], "anew", 0)
        await anew.enter()
        for speaker in (late, anew):
            await speaker.leave()
        await same_views(cluster, rooms, people(probe))
        await probe.quiet()
        nobody_left(probe)
        assert probe.streams == streams
        missing, sent = probe.missing(), sum(stream.sent for stream in streams)
    print(
        f"{gone.__name__}: {OUTAGE:g} s without Redis; rooms elsewhere were refused after {max(took):.2f} s; all nodes "
        f"said the same {right_again:.2f} s after its return; {sum(map(len, missing.values()))} of {sent} packets lost"
    )
    assert max(took) < ANSWERS_IN
    assert missing == {}


async def test_a_slow_redis_costs_nothing_but_delay(cluster: Cluster) -> None:
    rooms = Rooms.make(cluster, 3, "slow")
    said = times_said(cluster)
    took: list[float] = []
    async with calls(cluster, rooms) as probe, ClientSession() as http, slow(cluster.redis) as napping:
        streams = probe.streams
        while not napping.done():
            # Who comes to the node that has not got the room yet asks Redis most.
            for room, node, other in zip(rooms.codes, reversed(cluster.nodes), probe.speakers[::2], strict=True):
                came = time.monotonic()
                late = Speaker(studio(http, node, rooms), room, f"late-{len(took)}", 0)
                await late.enter()
                await other.client.hears("newPeer", id=late.name)
                took.append(time.monotonic() - came)
                await late.leave()
        await napping
        await same_views(cluster, rooms, people(probe))
        await probe.quiet()
        nobody_left(probe)
        assert probe.streams == streams
        missing, sent = probe.missing(), sum(stream.sent for stream in streams)
    print(
        f"Redis slow: {len(took)} people came after {statistics.median(took):.2f} s, {max(took):.2f} s at most; "
        f"{sum(map(len, missing.values()))} of {sent} packets lost"
    )
    assert max(took) < COMES_IN
    assert missing == {}
    assert times_said(cluster) == said


async def test_a_node_that_stood_still_is_no_ghost_and_splits_no_room(cluster: Cluster) -> None:
    rooms = Rooms.make(cluster, 3, "frozen-node")
    node = cluster.nodes[0]
    async with calls(cluster, rooms) as probe:
        node.freeze()
        frozen = time.monotonic()
        try:
            # The two who talk with somebody there see that one go.
            await asyncio.gather(*(probe.speakers[index].client.hears("peerClosed", peerId="left") for index in (1, 3)))
            noticed = time.monotonic() - frozen
            await asyncio.sleep(max(0.0, 2 * LEASE - noticed))
        finally:
            node.thaw()
        thawed = time.monotonic()
        await same_views(cluster, rooms, people(probe), seconds=BACK_IN)
        right_again = time.monotonic() - thawed
        await probe.heard_anew()
        heard = time.monotonic() - thawed
    print(
        f"a frozen node's people were gone after {noticed:.2f} s; all nodes said the same {right_again:.2f} s after it "
        f"went on, and everybody was heard after {heard:.2f} s"
    )


def studio(http: ClientSession, node: Node, rooms: Rooms) -> Studio:
    return Studio(http, f"{node.address}/ws", tokens=rooms.tokens)


def nobody_left(probe: Probe) -> None:
    """See that nobody lost the connection, or heard that another one of the pair is gone."""
    gone = [each["peerId"] for speaker in probe.speakers for each in speaker.client.all("peerClosed")]
    assert not set(gone) & {"left", "right"}
    assert [(speaker.returns, speaker.rejoins) for speaker in probe.speakers] == [([], 0)] * len(probe.speakers)


def times_said(cluster: Cluster) -> int:
    """Count how often the nodes said that Redis, or one of them, was gone, or back."""
    records = [record for node in cluster.nodes for record in node.log_records()]
    return sum(record.get("logger") == "app.bus.redis_bus" and record["level"] != "debug" for record in records)


async def is_silent(server: RedisServer) -> bool:
    try:
        await asyncio.wait_for(server.ask("PING"), 0.1)
    except TimeoutError:
        return True
    return False


async def refused(http: ClientSession, node: Node, rooms: Rooms, room: str) -> float:
    """See that a node can't open a room, and says when to ask again; gives the seconds until the answer."""
    start = time.monotonic()
    params = {"roomId": room, "peerId": "nobody", "token": rooms.tokens[room]}
    async with http.get(f"{node.address}/ws", params=params, headers=UPGRADE) as answer:
        took = time.monotonic() - start
        assert (answer.status, "Retry-After" in answer.headers) == (503, True), await answer.text()
    return took
