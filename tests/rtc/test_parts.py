"""Tests of several parts of a room on one node, of parts that are taken over, and of a bus that does not answer."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping

import pytest

from app.config import Settings
from app.errors import LimitReached
from app.rtc.bus import Board, BusUnavailable, Part
from app.rtc.events import ConsumerClosed, Farewell, NewConsumer, NewPeer, PeerClosed, PeerDisplayNameChanged, Rebuild
from app.rtc.meeting_events import ChatMessage
from app.rtc.quarters import Quarters
from app.rtc.room import Room
from app.rtc.room_records import describe_peer
from app.rtc.share import Share
from app.rtc.worker_pool import WorkerPool
from tests.ports import free_ports

from .fakes import SpawnedWorkers, until
from .nodes import KITCHEN, Nodes, TestNode
from .parameters import give_transports, produce_video
from .people import enter, handlers_in, join


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, workers=2, rtc_port=free_ports(2))


@pytest.fixture
async def workers() -> AsyncIterator[SpawnedWorkers]:
    """Two of them."""
    workers = SpawnedWorkers()
    workers.slots = (0, 1)
    yield workers
    for worker in workers.spawned:
        worker.close()
        await worker.wait_exited()


@pytest.fixture
async def node(nodes: Nodes) -> TestNode:
    """A node with two workers."""
    (node,) = await nodes.start("a")
    return node


def fill(pool: WorkerPool, room: Room) -> None:
    """Let the worker of a part of a room have more than enough to do."""
    home = next(each for each in pool.workers if each is room.quarters.home)
    home.cpu = 1.0


async def test_who_comes_when_a_worker_is_full_gets_another_part_and_notices_nothing(
    node: TestNode, pool: WorkerPool
) -> None:
    ada, adas = await node.arrive("ada")
    first = await node.room()
    fill(pool, first)
    bob, bobs = await node.arrive("bob")
    second = await node.room()
    assert second is not first and second.quarters.home is not first.quarters.home
    await adas.hears(NewPeer, id="bob")
    assert node.rooms.get("kitchen") is first and set(node.rooms.rooms) == {first, second}
    camera = await produce_video(ada)
    seen = await bobs.hears(NewConsumer, producer_id=camera.id)
    camera.close()
    await bobs.hears(ConsumerClosed, consumer_id=seen.id)
    bob.close()
    await adas.hears(PeerClosed, peer_id="bob")


async def test_who_comes_when_a_worker_is_full_and_the_bus_away_gets_the_part_that_there_is(
    node: TestNode, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> Board:
        raise BusUnavailable("the bus does not answer")

    await node.arrive("ada")
    first = await node.room()
    fill(pool, first)
    with monkeypatch.context() as patch:
        patch.setattr(node.bus, "open", fail)
        assert await node.room() is first
        with pytest.raises(BusUnavailable):
            await node.room(dataclasses.replace(KITCHEN, id="cellar"))
    assert await node.room() is not first


async def test_a_session_is_found_in_any_part(node: TestNode, pool: WorkerPool) -> None:
    ada, _ = await node.arrive("ada")
    fill(pool, await node.room())
    bob, _ = await node.arrive("bob")
    for peer in (ada, bob):
        found = node.rooms.find_session("kitchen", peer.session.issue_token(), peer.id)
        assert found is not None and found[1] is peer


async def test_a_part_whose_worker_died_moves_beside_the_other_one(
    node: TestNode, pool: WorkerPool, workers: SpawnedWorkers
) -> None:
    ada, _ = await node.arrive("ada")
    first = await node.room()
    fill(pool, first)
    bob, bobs = await node.arrive("bob")
    second = await node.room()
    camera = await produce_video(ada)
    await bobs.hears(NewConsumer, producer_id=camera.id)
    workers.pause()
    second.quarters.home.worker.close()
    await bobs.hears(Rebuild)
    assert second.quarters.home is first.quarters.home
    await give_transports(bob)
    await until(lambda: len(bobs.all(NewConsumer)) == 2)
    assert node.bus.problem is None


async def test_parts_count_as_rooms(nodes: Nodes, pool: WorkerPool, settings: Settings) -> None:
    limits = dataclasses.replace(settings.limits, max_rooms=1)
    node = TestNode("b", nodes.hub, pool, dataclasses.replace(settings, limits=limits))
    await node.bus.start()
    await node.arrive("ada")
    fill(pool, await node.room())
    with pytest.raises(LimitReached):
        await node.room()
    await node.rooms.close()


async def test_nothing_is_left_of_parts_that_ended(nodes: Nodes, node: TestNode, pool: WorkerPool) -> None:
    before = [await handlers_in(each.worker) for each in pool.workers]
    ada, _ = await node.arrive("ada")
    fill(pool, await node.room())
    _, bobs = await node.arrive("bob")
    await produce_video(ada)
    await bobs.hears(NewConsumer)
    for room in node.rooms.rooms:
        room.close(Farewell.ROOM_CLOSED)
    await until(lambda: not nodes.hub.rooms)
    assert [await handlers_in(each.worker) for each in pool.workers] == before
    assert [each.rooms for each in pool.workers] == [0, 0]


# A bus that does not answer.


async def open_nothing(room_id: str, slot: int, part: Part) -> Board:
    """Do as a bus that does not answer."""
    raise BusUnavailable("the bus does not answer")


async def test_without_the_bus_no_room_is_made_but_those_that_are_on_take_people(
    node: TestNode, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await node.arrive("ada")
    before = [each.rooms for each in pool.workers]
    monkeypatch.setattr(node.bus, "open", open_nothing)
    with pytest.raises(BusUnavailable):
        await node.room(dataclasses.replace(KITCHEN, id="cellar"))
    assert [each.rooms for each in pool.workers] == before
    peer, client = enter(await node.room(), "bob")
    join(await node.room(), peer)
    assert client.farewell is None


async def test_what_was_taken_over_is_joined_to_its_other_parts_when_the_bus_answers(
    node: TestNode, nodes: Nodes, pool: WorkerPool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (other,) = await nodes.start("b")
    _, adas = await other.arrive("ada")
    quarters = await Quarters.make(pool.choose(), None, 100)
    quarters.home.rooms += 1
    room = Room(KITCHEN, quarters, settings, None)
    bob, bobs = enter(room, "bob")
    join(room, bob)
    with monkeypatch.context() as patch:
        patch.setattr(node.bus, "open", open_nothing)
        node.rooms.adopt(room, [bob])
        await asyncio.sleep(0)
        assert node.rooms.get("kitchen") is room
        said = room.chat.say(bob, "hello?")
    await bobs.hears(NewPeer, id="ada")
    await adas.hears(NewPeer, id="bob")
    await adas.hears(ChatMessage, id=said.id)
    assert room.call_id == (await other.room()).call_id


async def test_what_a_process_lets_go_the_next_one_goes_on_with_unnoticed(
    nodes: Nodes, node: TestNode, pool: WorkerPool, settings: Settings
) -> None:
    (other,) = await nodes.start("b")
    ada, _ = await node.arrive("ada")
    _, bobs = await other.arrive("bob")
    await until(lambda: nodes.all_see(2))
    room = await node.room()
    described = describe_peer(ada)
    await node.rooms.let_go()
    heard = len(bobs.heard)
    next_room = Room(KITCHEN, room.quarters, settings, None, call_id=room.call_id)
    next_room.opened_at = room.opened_at
    again = next_room.restore(described)
    after = TestNode("a", nodes.hub, pool, settings)
    await after.bus.start()
    after.rooms.adopt(next_room, [again])
    await until(lambda: next_room.elsewhere.get("bob"))
    next_room.rename(again, "Countess")
    await bobs.hears(PeerDisplayNameChanged, peer_id="ada")
    assert [type(event) for event in bobs.heard[heard:]] == [PeerDisplayNameChanged]
    await after.rooms.close()


async def test_a_room_alone_is_not_described(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    facts = Share.facts

    def note(share: Share) -> Mapping[str, bytes]:
        asked.append(share.part_id)
        return facts(share)

    monkeypatch.setattr(Share, "facts", note)
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    (await a.room()).rename(ada, "Countess")
    # What awaits the worker gives the bus the time to ask.
    await a.arrive("bob")
    assert asked == []
    await b.arrive("cy")
    assert asked
