"""A node, or its app alone, is killed in the middle of calls over several nodes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests.rtc.fakes import until

from .cluster import Cluster
from .line import Line
from .rtp_probe import Probe
from .same_views import Rooms, same_views
from .speaker import Speaker

#: What is awaited has a limit, which a machine that does much else would miss.
pytestmark = pytest.mark.quiet

#: Seconds within which the others see that the people of a dead node are gone, and these are back on another one.
GONE_IN, BACK_IN = 5.0, 5.0
#: Seconds of silence that nobody notices, and those that a restart of the app may cost.
UNNOTICED, RESTART = 0.5, 2.0
#: As operators have it: an app that is back within it was never gone.
LEASE = 4.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, shared_database: str) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("cluster")
    with Cluster(directory, shared_database, CONNECT_NODE_LEASE_SECONDS=str(LEASE)) as cluster:
        yield cluster


async def test_people_of_a_dead_node_are_gone_at_once_and_soon_back_on_another(cluster: Cluster) -> None:
    first, second, third = cluster.nodes
    # Whom nobody leads to another node, who has another way, and two who are not concerned.
    rooms = Rooms.make(cluster, 3, "killed")
    lost, back, spared = rooms.codes
    async with Line(first.port, second.port) as line:
        addresses = {
            lost: (first.address, second.address),
            back: (line.url, third.address),
            spared: (second.address, third.address),
        }
        async with Probe(addresses, streams=1, tokens=rooms.tokens) as probe:
            people = dict(zip(("lost", "who sees it", "back", "whom it meets"), probe.speakers, strict=False))
            before = set(probe.streams)
            probe.listen()
            first.kill()
            killed = time.monotonic()
            heard = asyncio.create_task(_heard_again(probe, people["back"]))
            await people["who sees it"].client.hears("peerClosed", peerId="left")
            gone, returned = time.monotonic() - killed, await heard - killed
            expected = {lost: ["right"], back: ["left", "right"], spared: ["left", "right"]}
            cluster.nodes.remove(first)
            try:
                await same_views(cluster, rooms, expected)
            finally:
                cluster.nodes.insert(0, first)
            silence = max(probe.silences(spared))
            # The one who knew no other way comes back with the node, without a stop.
            await asyncio.to_thread(first.__enter__)
            await until(lambda: people["lost"].rejoins)
            await probe.heard_anew()
            await same_views(cluster, rooms, {room: ["left", "right"] for room in rooms.codes})
            await probe.quiet()
            missing = probe.missing(spared)
            still = {stream for stream in before if stream.name.startswith(spared)}
            assert still <= set(probe.streams)
    print(
        f"node killed: its people were gone after {gone:.2f} s, who had another way was heard again after "
        f"{returned:.2f} s; of the others {sum(map(len, missing.values()))} packets were lost, and they were silent "
        f"for {silence:.2f} s at most"
    )
    assert gone < GONE_IN and returned < BACK_IN
    assert missing == {} and silence < UNNOTICED


async def test_a_restart_of_a_nodes_app_leaves_no_ghost(cluster: Cluster) -> None:
    first, second, third = cluster.nodes
    rooms = Rooms.make(cluster, 3, "restarted")
    addresses = {
        rooms.codes[0]: (first.address, second.address),
        rooms.codes[1]: (first.address, third.address),
        rooms.codes[2]: (second.address, third.address),
    }
    async with Probe(addresses, streams=1, tokens=rooms.tokens) as probe:
        streams = probe.streams
        everybody = {room: ["left", "right"] for room in rooms.codes}
        await same_views(cluster, rooms, everybody)
        probe.listen()
        killed = time.monotonic()
        first.restart_app()
        await asyncio.to_thread(first.wait_ready)
        away = time.monotonic() - killed
        await until(lambda: all(speaker.returns for speaker in _at_first(probe)))
        await probe.heard_anew()
        await same_views(cluster, rooms, everybody)
        # What breaks late breaks then.
        await probe.go_on(3)
        silence = max(probe.silences())
        await probe.quiet()
        assert probe.streams == streams
        missing, sent = probe.missing(), sum(stream.sent for stream in streams)
        # Nobody had to come in anew, or was seen leaving; unless this machine has so much to do that it took too long.
        closed = [each for speaker in probe.speakers for each in speaker.client.all("peerClosed")]
        assert closed == [] or away > LEASE
        assert [speaker.rejoins for speaker in probe.speakers] == [0] * len(probe.speakers)
    print(
        f"app restarted within {away:.2f} s: {sum(map(len, missing.values()))} of {sent} packets lost, {len(closed)} "
        f"people seen leaving, {silence:.2f} s of silence at most"
    )
    assert not any(name.startswith(rooms.codes[2]) for name in missing)
    assert silence < RESTART


async def _heard_again(probe: Probe, speaker: Speaker) -> float:
    """Wait until one who came in anew is heard; gives the time."""
    await until(lambda: speaker.rejoins)
    await probe.heard_anew(speaker.room)
    return time.monotonic()


def _at_first(probe: Probe) -> list[Speaker]:
    """Give those who are connected to the first node: the left ones of the first two rooms."""
    return [probe.speakers[0], probe.speakers[2]]
