"""The process of one node ends, and the next goes on with the pipes to the others, who do not notice."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.bus.in_process import InProcessBus, InProcessHub
from app.config import Settings
from app.rtc.adoption import Heir
from app.rtc.events import ConsumerClosed, DataConsumerClosed, NewConsumer
from app.rtc.held import Held
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.snapshot import Snapshot
from app.rtc.worker_pool import WorkerPool
from app.sidecar import Sidecar
from tests.conftest import SidecarProcess
from tests.ports import free_ports

from .fakes import FakeClient, until
from .nodes import Nodes
from .parameters import give_transports, produce_audio, produce_chat, produce_simulcast
from .people import enter, join
from .pipe_places import node


class Process:
    """What is of one process of node a, from the sidecar up to the rooms."""

    def __init__(self, run_dir: Path, settings: Settings, hub: InProcessHub) -> None:
        self.sidecar = Sidecar(run_dir)
        self.pool = WorkerPool(self.sidecar, settings)
        self.bus = InProcessBus("a", lambda: node("a"), hub)
        self.rooms = RoomManager(self.pool, settings, self.sidecar, self.bus)
        self.heir = Heir(self.pool, self.rooms, self.sidecar, settings)

    async def start(self) -> None:
        await self.bus.start()
        self.sidecar.start()
        self.pool.start()
        await self.rooms.wait_settled()
        await self.pool.wait_ready()

    async def let_go(self) -> None:
        await self.rooms.let_go()
        await self.bus.let_go()
        await self.pool.let_go()
        await self.sidecar.close()

    async def room(self) -> Room:
        return await self.rooms.get_or_create(RoomConfig(id="kitchen"))

    async def arrive(self, name: str) -> Peer:
        room = await self.room()
        peer, _ = enter(room, name)
        await give_transports(peer, sctp=True)
        join(room, peer)
        return peer

    async def dump(self) -> tuple[list[str], list[str]]:
        """The ids of all transports and producers that the worker has in the room's router."""
        dump = await (await self.room()).quarters.router.dump()
        return sorted(dump.transport_ids), sorted(dump.map_producer_id_consumer_ids)


class Generations:
    """The processes of node a, one after the other."""

    def __init__(self, run_dir: Path, settings: Settings, hub: InProcessHub) -> None:
        self._run_dir, self._settings, self._hub = run_dir, settings, hub
        self.current: Process | None = None

    async def next(self) -> Process:
        """Let the one end that is there, and start the next."""
        await self.end()
        self.current = Process(self._run_dir, self._settings, self._hub)
        await self.current.start()
        return self.current

    async def end(self) -> None:
        if self.current is not None:
            process, self.current = self.current, None
            await process.let_go()


@pytest.fixture
async def generations(sidecar_process: SidecarProcess, nodes: Nodes) -> AsyncIterator[Generations]:
    settings = dataclasses.replace(Settings(), rtc_port=free_ports(2))
    generations = Generations(sidecar_process.run_dir, settings, nodes.hub)
    yield generations
    await generations.end()


async def test_pipes_and_all_who_receive_through_them_are_as_they_were(generations: Generations, nodes: Nodes) -> None:
    (other,) = await nodes.start("b")
    first = await generations.next()
    ada = await first.arrive("ada")
    bob, bobs = await other.arrive("bob")
    camera, microphone = await produce_simulcast(ada), await produce_audio(bob)
    await produce_chat(bob)
    await bobs.hears(NewConsumer, producer_id=camera.id)
    await until(lambda: ada.media.subscriber.consumers and ada.media.data_subscriber.consumers)
    (seen,), (heard,) = bob.media.subscriber.consumers, ada.media.subscriber.consumers
    (read,) = ada.media.data_subscriber.consumers
    await until(lambda: not (seen.paused or heard.paused))
    before, token = await first.dump(), ada.session.issue_token()

    second = await generations.next()
    assert await second.dump() == before
    ada = (await second.room()).find("ada")
    # It is known whose they are by the time that clients may come back.
    assert {each.producer_id for each in Snapshot.of(ada.media).consumers} == {microphone.id}
    # And who is heard.
    exchange = (await second.room()).exchange
    await until(lambda: exchange._owner_id(microphone.id) == "bob")
    client = come_back(second, ada, token)
    assert [each.id for each in ada.media.subscriber.consumers] == [heard.id]
    assert [each.id for each in ada.media.data_subscriber.consumers] == [read.id]
    assert [each.id for each in bob.media.subscriber.consumers] == [seen.id]
    assert (bobs.all(ConsumerClosed), client.all(ConsumerClosed), client.all(DataConsumerClosed)) == ([], [], [])

    # And it goes on: what ends, ends everywhere, and new things come.
    microphone.close()
    await client.hears(ConsumerClosed, consumer_id=heard.id)
    again = await produce_audio(bob, ssrc=4444)
    await client.hears(NewConsumer, producer_id=again.id)
    ada.close()
    await bobs.hears(ConsumerClosed, consumer_id=seen.id)


def come_back(process: Process, peer: Peer, token: str) -> FakeClient:
    """Let a client come back to its session with all that it had."""
    found = process.rooms.find_session("kitchen", token, peer.id)
    assert found is not None
    room, client = found[0], FakeClient()
    room.sessions.attach(peer, client)
    seen = Snapshot.of(peer.media)
    kinds = ("transports", "producers", "consumers", "data_producers", "data_consumers")
    room.come_back(peer, Held(**{kind: [each.id for each in getattr(seen, kind)] for kind in kinds}))
    return client


async def test_who_left_while_there_was_no_process_is_not_received_any_more(
    generations: Generations, nodes: Nodes
) -> None:
    (other,) = await nodes.start("b")
    first = await generations.next()
    ada = await first.arrive("ada")
    bob, _ = await other.arrive("bob")
    await produce_audio(bob)
    await until(lambda: ada.media.subscriber.consumers)
    await generations.end()
    bob.close()
    second = await generations.next()
    ada = (await second.room()).find("ada")
    await until(lambda: not ada.media.subscriber.consumers)
    assert Snapshot.of(ada.media).consumers == []
