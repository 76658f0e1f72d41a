"""Adoption: a process ends while people talk, and the next one goes on with their rooms."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.config import Settings
from app.errors import Unavailable
from app.mediasoup.memory import RouterMemory
from app.mediasoup.router import Router
from app.mediasoup.worker import Worker
from app.rtc import records, worker_pool
from app.rtc.adoption import Heir
from app.rtc.consumer_control import Pause
from app.rtc.events import Farewell, NewConsumer, NewPeer, PeerClosed
from app.rtc.held import Held
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.room_records import describe_peer, describe_room
from app.rtc.snapshot import Snapshot
from app.rtc.worker_pool import WorkerPool
from app.sidecar import Record, Sidecar, SidecarUnavailable
from tests.conftest import SidecarProcess
from tests.ports import free_ports

from .fakes import FakeClient, until
from .parameters import give_transports, produce_audio, produce_chat, produce_simulcast, produce_video, video
from .people import MODERATOR, client_of, enter, handlers_in, join, speak

CODECS = ("opus", "vp8")


class Process:
    """What is of one process of the app, from the sidecar up to the rooms."""

    def __init__(self, run_dir: Path, settings: Settings) -> None:
        self.sidecar = Sidecar(run_dir)
        self.pool = WorkerPool(self.sidecar, settings)
        self.rooms = RoomManager(self.pool, settings, self.sidecar)
        self.stopped = False
        self.heir = Heir(self.pool, self.rooms, self.sidecar, settings)

    async def start(self) -> None:
        self.sidecar.start()
        self.pool.start()
        async with asyncio.timeout(10):
            await self.rooms.wait_settled()
            await self.pool.wait_ready()

    async def stop(self) -> None:
        """End as the app does when it is told to; once."""
        if self.stopped:
            return
        self.stopped = True
        await self.rooms.let_go()
        await self.pool.let_go()
        await self.sidecar.close()

    @property
    def worker(self) -> Worker:
        """That of the room."""
        return self.room().quarters.home.worker

    def room(self) -> Room:
        room = self.rooms.get("kitchen")
        assert room is not None
        return room

    def peer(self, peer_id: str) -> Peer:
        return self.room().find(peer_id)

    async def everything(self) -> list[str]:
        """The ids of all objects in the room's worker."""
        return await handlers_in(self.worker)

    async def kept(self) -> dict[str, str]:
        """All records of all workers."""
        lists = [await self.sidecar.list_state(slot) for slot in self.sidecar.slots]
        return {record.key: record.value for _, kept in lists for record in kept}


Next = Callable[..., Awaitable[Process]]


@pytest.fixture
def settings() -> Settings:
    return dataclasses.replace(Settings(), rtc_port=free_ports(2))


@pytest.fixture
async def next_process(sidecar_process: SidecarProcess, settings: Settings) -> AsyncIterator[Next]:
    """Let the process end that is there, and start the next."""
    running: list[Process] = []

    async def next_process(**changes: Any) -> Process:
        for former in running:
            await former.stop()
        process = Process(sidecar_process.run_dir, dataclasses.replace(settings, **changes))
        running[:] = [process]
        await process.start()
        return process

    yield next_process
    for process in running:
        await process.stop()


@pytest.fixture
async def first(next_process: Next) -> Process:
    return await next_process()


@pytest.fixture
async def room(first: Process) -> Room:
    return await first.rooms.get_or_create(RoomConfig(id="kitchen", name="Kitchen", codecs=CODECS))


async def arrive(room: Room, name: str, **admission: Any) -> Peer:
    """Let somebody in, with transports, and join; what it can come back with is its name."""
    peer, _ = enter(room, name, **admission)
    await give_transports(peer, sctp=True)
    join(room, peer)
    return peer


async def consuming(peer: Peer, count: int) -> None:
    """Wait until a peer has so many consumers, and all flow."""
    await until(lambda: len(peer.media.subscriber.consumers) == count)
    await until(lambda: not any(each.paused for each in peer.media.subscriber.consumers))


async def come_back(process: Process, peer_id: str, token: str, *, without: str | None = None) -> FakeClient:
    """Let a client come back to its session, and have all its media, or all but one kind."""
    found = process.rooms.find_session("kitchen", token, peer_id)
    assert found is not None
    room, peer = found
    client = FakeClient()
    room.sessions.attach(peer, client)
    seen = Snapshot.of(peer.media)
    kinds = ("transports", "producers", "consumers", "data_producers", "data_consumers")
    held = {kind: [] if kind == without else [each.id for each in getattr(seen, kind)] for kind in kinds}
    room.come_back(peer, Held(**held))
    return client


async def test_the_room_is_as_it_was(next_process: Next, room: Room) -> None:
    anna, bob = await arrive(room, "anna", grants=MODERATOR, role="owner"), await arrive(room, "bob")
    room.lock(True, anna.actor)
    room.adjust(anna.actor, metadata="about food")
    room.chat.say(anna, "Hello")
    room.chat.say(bob, "Grüße")
    room.hands.lift(bob)
    room.ban(("identity", "eve"), None)
    room.describe(bob, "plays", {"colour": "red"})
    before, chat, people = describe_room(room, []), room.chat.history, room.others(enter(room, "c", MODERATOR)[0])
    second = await next_process()
    room = second.room()
    assert describe_room(room, []) == before
    assert (room.chat.history, room.chat.said) == (chat, 2)
    assert room.others(enter(room, "c", MODERATOR)[0]) == people
    assert room.summary.locked


async def test_the_hand_of_one_who_is_gone_is_down(next_process: Next, first: Process, room: Room) -> None:
    anna, bob = await arrive(room, "anna"), await arrive(room, "bob")
    room.hands.lift(anna)
    room.hands.lift(bob)
    await first.rooms.let_go()
    # As after an end a moment after bob's: the room's record is older than that.
    key = records.peer_key(room.quarters.router.id, bob.session.id)
    await first.sidecar.delete_state(room.quarters.home.slot, key)
    second = await next_process()
    assert [hand.peer_id for hand in second.room().hands.raised] == ["anna"]


async def test_everybodys_media_are_as_they_were(next_process: Next, room: Room) -> None:
    anna, bob = await arrive(room, "anna"), await arrive(room, "bob")
    await produce_audio(anna, source="microphone")
    camera = await produce_simulcast(anna, source="camera")
    await camera.pause()
    await produce_chat(anna)
    await until(lambda: len(bob.media.subscriber.consumers) == 2 and len(bob.media.data_subscriber.consumers) == 1)
    await consuming(bob, 2)
    before = {peer.id: (_in_order(peer), describe_peer(peer)) for peer in (anna, bob)}
    second = await next_process()
    for peer in second.room().peers:
        snapshot, description = before[peer.id]
        assert _in_order(peer) == snapshot
        now = describe_peer(peer)
        assert {each.memory.generation for each in now.transports.values()} == {1}
        assert dataclasses.astuple(now.admission) == dataclasses.astuple(description.admission)
        for field in ("producers", "data_producers", "grants", "display_name", "joined_at", "rtp_capabilities"):
            assert getattr(now, field) == getattr(description, field)
        assert peer.session.away


async def test_nothing_in_the_worker_changes(next_process: Next, first: Process, room: Room) -> None:
    anna, bob = await arrive(room, "anna"), await arrive(room, "bob")
    await produce_audio(anna)
    await produce_video(bob)
    await consuming(anna, 1)
    await consuming(bob, 1)
    before = await first.everything()
    second = await next_process()
    assert await second.everything() == before
    third = await next_process()
    assert await third.everything() == before
    assert not any(each.paused for peer in third.room().peers for each in peer.media.subscriber.consumers)
    assert [each.rooms for each in third.pool.workers if each.peers] == [1]


async def test_they_come_back_and_go_on(next_process: Next, room: Room) -> None:
    anna, bob = await arrive(room, "anna"), await arrive(room, "bob")
    await produce_audio(anna)
    await consuming(bob, 1)
    tokens = {peer.id: peer.session.issue_token() for peer in (anna, bob)}
    second = await next_process()
    annas, bobs = [await come_back(second, id, tokens[id]) for id in ("anna", "bob")]
    room = second.room()
    anna, bob = second.peer("anna"), second.peer("bob")
    await produce_video(anna)
    await until(lambda: bobs.all(NewConsumer))
    (told,) = bobs.all(NewConsumer)
    assert told.rtp_parameters.mid == "100000"
    await consuming(bob, 2)
    await speak(room, bob)
    await until(lambda: annas.all(NewConsumer))
    charlie = await arrive(room, "charlie")
    await annas.hears(NewPeer, id="charlie")
    await consuming(charlie, 3)
    charlie.close()
    await annas.hears(PeerClosed, peer_id="charlie")
    anna.close()
    await bobs.hears(PeerClosed, peer_id="anna")
    await until(lambda: len(bob.media.subscriber.consumers) == 0)


async def test_others_hear_nothing_of_it(next_process: Next, room: Room) -> None:
    anna, bob = await arrive(room, "anna"), await arrive(room, "bob")
    tokens = {peer.id: peer.session.issue_token() for peer in (anna, bob)}
    second = await next_process()
    annas = await come_back(second, "anna", tokens["anna"])
    await come_back(second, "bob", tokens["bob"])
    assert (annas.all(NewPeer), annas.all(PeerClosed)) == ([], [])


async def test_what_the_client_does_not_have_is_made_anew(next_process: Next, room: Room) -> None:
    anna, bob = await arrive(room, "anna"), await arrive(room, "bob")
    await produce_audio(anna)
    await consuming(bob, 1)
    token = bob.session.issue_token()
    second = await next_process()
    bob = second.peer("bob")
    (old,) = bob.media.subscriber.consumers
    client = await come_back(second, "bob", token, without="consumers")
    told = await client.hears(NewConsumer)
    assert old.closed
    assert told.id != old.id
    await consuming(bob, 1)


async def test_choices_and_pauses_of_clients_stay(next_process: Next, room: Room) -> None:
    anna, bob = await arrive(room, "anna"), await arrive(room, "bob")
    audio, camera = await produce_audio(anna), await produce_simulcast(anna)
    await consuming(bob, 2)
    subscriber = bob.media.subscriber
    ids = {each.kind: each.id for each in subscriber.consumers}
    control = subscriber.control(ids["audio"])
    control.pause(Pause.CLIENT)
    choice = subscriber.choice_to_edit(camera.id)
    choice.visible, choice.priority = False, 5
    await subscriber.choose(camera.id)
    await control.settled()
    token = bob.session.issue_token()
    second = await next_process()
    subscriber = second.peer("bob").media.subscriber
    await come_back(second, "bob", token)
    controls = {kind: subscriber.control(id) for kind, id in ids.items()}
    assert controls["audio"].paused_for(Pause.CLIENT)
    assert controls["video"].paused_for(Pause.HIDDEN)
    assert not any(each.paused_for(Pause.NEW) for each in controls.values())
    assert controls["video"].consumer.priority == 5
    controls["audio"].pause(Pause.CLIENT, False)
    await controls["audio"].settled()
    assert not (await controls["audio"].consumer.dump()).paused
    assert audio.id in {each.producer_id for each in subscriber.consumers}


async def test_a_consumer_that_nobody_confirmed_flows_when_its_client_is_back(next_process: Next, room: Room) -> None:
    anna, bob = await arrive(room, "anna"), await arrive(room, "bob")
    client_of(bob).confirms = lambda question: None
    await produce_audio(anna)
    await until(lambda: len(bob.media.subscriber.consumers) == 1)
    token = bob.session.issue_token()
    second = await next_process()
    bob = second.peer("bob")
    (consumer,) = bob.media.subscriber.consumers
    assert consumer.paused
    await come_back(second, "bob", token)
    await consuming(bob, 1)


async def test_what_no_record_names_is_closed(next_process: Next, first: Process, room: Room) -> None:
    anna = await arrive(room, "anna")
    kept = await produce_audio(anna)
    assert room.records is not None
    await room.records.save(anna)
    # As of a request that was never answered: the records do not know of it.
    before = await first.everything()
    transport = next(iter(anna.media.transports))
    await transport.produce(kind="video", rtp_parameters=video(9999))
    await room.quarters.router.create_direct_transport()
    await first.worker.create_router()
    assert await first.everything() != before
    second = await next_process()
    await until_async(second.everything, before)
    assert [each.id for each in second.peer("anna").media.producers] == [kept.id]


async def test_who_was_not_in_yet_leaves_nothing(next_process: Next, first: Process, room: Room) -> None:
    before = await first.everything()
    peer, _ = enter(room, "anna")
    await give_transports(peer)
    second = await next_process()
    await until_async(second.everything, before)
    assert second.room().peers == ()


async def test_records_of_another_release_count_as_none(
    next_process: Next, first: Process, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(room, "anna")
    await first.stop()
    monkeypatch.setattr(records, "VERSION", records.VERSION + 1)
    second = await next_process()
    assert second.rooms.rooms == ()
    assert await second.kept() == {}
    for each in second.pool.workers:
        assert (await each.worker.dump()).router_ids == []
    assert not (await second.rooms.get_or_create(RoomConfig(id="kitchen"))).closed


async def test_records_without_room_are_dropped(next_process: Next, first: Process, room: Room) -> None:
    await arrive(room, "anna")
    room.close(Farewell.ROOM_ENDED)
    await first.rooms.let_go()
    home = first.pool.workers[0]
    await first.sidecar.put_state(home.slot, home.incarnation, "peer:gone:s", "{}")
    second = await next_process()
    assert second.rooms.rooms == ()
    assert await second.kept() == {}


async def test_of_one_who_was_replaced_the_former_record_is_dropped(
    next_process: Next, first: Process, room: Room
) -> None:
    anna = await arrive(room, "anna")
    await first.rooms.let_go()
    former = msgspec.structs.replace(
        describe_peer(anna), session_id="former", joined_at=room.opened_at - timedelta(hours=1)
    )
    home, key = room.quarters.home, records.peer_key(room.quarters.router.id, "former")
    await first.sidecar.put_state(home.slot, home.incarnation, key, records.encode(former))
    second = await next_process()
    assert [peer.session.id for peer in second.room().peers] == [anna.session.id]
    assert key not in await second.kept()


async def test_a_room_that_ends_leaves_no_record(first: Process, room: Room) -> None:
    anna = await arrive(room, "anna")
    room.chat.say(anna, "Bye")
    assert room.records is not None
    await room.records.save(anna)
    assert {key.partition(":")[0] for key in await first.kept()} == {"room", "peer", "chat"}
    room.close(Farewell.ROOM_ENDED)
    await until_async(first.kept, {})


async def test_who_leaves_leaves_no_record(first: Process, room: Room) -> None:
    anna = await arrive(room, "anna")
    assert room.records is not None
    await room.records.save(anna)
    anna.close()
    await until_async(lambda: _kinds(first), {"room"})


async def test_changes_from_elsewhere_are_put_down_soon(first: Process, room: Room) -> None:
    room.lock(True, None)
    await until_async(lambda: _locked(first), True)


async def test_more_messages_than_are_kept_take_no_more_records(next_process: Next, room: Room) -> None:
    anna = await arrive(room, "anna")
    for number in range(150):
        room.chat.say(anna, str(number))
    history = room.chat.history
    second = await next_process()
    assert second.room().chat.history == history
    assert len([key for key in await second.kept() if key.startswith("chat:")]) == 100
    assert second.room().chat.said == 150


async def test_who_does_not_come_back_leaves_after_the_grace(next_process: Next, room: Room) -> None:
    anna, bob = await arrive(room, "anna"), await arrive(room, "bob")
    token = bob.session.issue_token()
    assert anna.joined
    second = await next_process(session_grace_seconds=0.5)
    client = await come_back(second, "bob", token)
    await client.hears(PeerClosed, peer_id="anna")
    assert [peer.id for peer in second.room().peers] == ["bob"]


async def test_a_store_that_is_away_at_first_costs_nothing(
    next_process: Next, first: Process, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(room, "anna")
    before = await first.everything()
    await first.stop()
    tries = []
    list_state = Sidecar.list_state

    async def not_at_first(self: Sidecar, slot: int, prefix: str = "") -> tuple[str | None, list[Record]]:
        tries.append(slot)
        if tries.count(slot) < 3:
            raise SidecarUnavailable("not yet")
        return await list_state(self, slot, prefix)

    monkeypatch.setattr(Sidecar, "list_state", not_at_first)
    second = await next_process()
    assert [peer.id for peer in second.room().peers] == ["anna"]
    assert await second.everything() == before


async def test_a_room_whose_records_make_no_sense_costs_no_other(
    next_process: Next, first: Process, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(room, "anna")
    hall = await first.rooms.get_or_create(RoomConfig(id="hall"))
    await arrive(hall, "bob")
    restore = Room.restore

    def puzzled(self: Room, record: records.PeerRecord) -> Peer:
        if record.id == "bob":
            raise KeyError("bob")
        return restore(self, record)

    monkeypatch.setattr(Room, "restore", puzzled)
    second = await next_process()
    assert [each.id for each in second.rooms.rooms] == ["kitchen"]
    assert sum(each.rooms for each in second.pool.workers) == 1
    dumps = [await each.worker.dump() for each in second.pool.workers]
    assert [id for dump in dumps for id in dump.router_ids] == [second.room().quarters.router.id]


async def test_a_room_that_the_worker_tells_strange_things_of_costs_no_other(
    next_process: Next, first: Process, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(room, "anna")
    hall = await first.rooms.get_or_create(RoomConfig(id="hall"))
    await arrive(hall, "bob")
    adopt_router = Worker.adopt_router

    async def puzzled(self: Worker, id: str, memory: RouterMemory) -> Router:
        if id == hall.quarters.router.id:
            raise KeyError("bob")
        return await adopt_router(self, id, memory)

    monkeypatch.setattr(Worker, "adopt_router", puzzled)
    second = await next_process()
    assert [each.id for each in second.rooms.rooms] == ["kitchen"]
    assert all("hall" not in text for text in (await second.kept()).values())


async def test_nobody_waits_for_a_source_that_is_not_there(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool, "SOURCE_PATIENCE", 0.05)
    process = Process(tmp_path, settings)
    process.sidecar.start()
    process.pool.start()
    async with asyncio.timeout(1):
        await asyncio.gather(*(process.rooms.wait_settled() for _ in range(3)))
    with pytest.raises(Unavailable):
        await process.rooms.get_or_create(RoomConfig(id="kitchen"))
    await process.stop()


async def test_a_room_that_was_made_anew_meanwhile_stays(next_process: Next, room: Room) -> None:
    await arrive(room, "anna")
    second = await next_process()
    there = second.room()
    again = Room(there.config, there.quarters, Settings(), None)
    ended: list[Farewell] = []
    again.on_close.add(ended.append)
    there.quarters.home.rooms += 1
    second.rooms.adopt(again, [])
    assert (second.room(), ended) == (there, [Farewell.REPLACED])


async def test_rooms_are_there_before_anybody_can_ask(next_process: Next, room: Room) -> None:
    await arrive(room, "anna")
    second = await next_process()
    assert (await second.rooms.get_or_create(RoomConfig(id="kitchen"))) is second.room()
    assert [peer.id for peer in second.room().peers] == ["anna"]


def _in_order(peer: Peer) -> Snapshot:
    """Give what a peer has, its consumers in some order: the worker keeps none."""
    snapshot = Snapshot.of(peer.media)
    return msgspec.structs.replace(snapshot, consumers=sorted(snapshot.consumers, key=lambda each: each.id))


async def until_async(look: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """Wait until what is found is as wanted; fail with what it is else."""
    found = None
    try:
        async with asyncio.timeout(10):
            while (found := await look()) != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        assert found == wanted


async def _kinds(process: Process) -> set[str]:
    return {key.partition(":")[0] for key in await process.kept()}


async def _locked(process: Process) -> bool:
    (text,) = (await process.kept()).values() or ("{}",)
    record = records.decode(text, records.RoomRecord)
    return record is not None and record.config.locked
