"""A worker dies: its rooms go on in another one, and what people are and said stays."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal

import pytest

from app.auth.grants import Grants
from app.config import Settings
from app.errors import NotAllowed, Unavailable
from app.mediasoup.data_structures import ConsumerLayers
from app.mediasoup.errors import RequestRefusedError
from app.mediasoup.producer import Producer
from app.mediasoup.worker import Worker
from app.rtc import deaths
from app.rtc.events import (
    Actor,
    ConsumerScoreChanged,
    Farewell,
    NewConsumer,
    PeerClosed,
    Rebuild,
    RoomClosed,
)
from app.rtc.held import Held
from app.rtc.quarters import Quarters
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import PooledWorker, WorkerPool
from app.sidecar import Sidecar
from tests.conftest import SidecarProcess
from tests.ports import free_ports

from .fakes import FakeClient, SpawnedWorkers, until
from .parameters import give_transports, produce_audio, produce_simulcast
from .people import MODERATOR, Arrive, enter, handlers_in, join

BY = Actor(peer_id="host", name="Host")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, workers=2, rtc_port=free_ports(2))


@pytest.fixture
def workers(workers: SpawnedWorkers) -> SpawnedWorkers:
    workers.slots = (0, 1)
    return workers


def kill(home: PooledWorker) -> None:
    os.kill(home.worker.pid, signal.SIGKILL)


async def lose_worker(room: Room) -> None:
    """Kill the worker of a room, and wait until it has another."""
    before = room.quarters
    kill(before.home)
    await until(lambda: room.quarters is not before, seconds=5)


async def test_only_the_rooms_of_the_dead_worker_are_touched(
    rooms: RoomManager, pool: WorkerPool, arrive: Arrive, room: Room
) -> None:
    hall = await rooms.get_or_create(RoomConfig(id="hall"))
    halls = hall.quarters
    assert halls.home is not room.quarters.home
    hans, client = enter(hall, "hans")
    await give_transports(hans)
    join(hall, hans)
    await arrive("ada")
    in_hall = set(await handlers_in(halls.home.worker))
    await lose_worker(room)
    assert hall.quarters is halls and not halls.router.closed
    assert in_hall <= set(await handlers_in(halls.home.worker))
    assert client.all(Rebuild) == []
    assert rooms.rooms == (room, hall) or rooms.rooms == (hall, room)


async def test_all_are_told_once_and_begin_anew(arrive: Arrive, room: Room) -> None:
    (ada, adas), (bob, bobs) = await arrive("ada"), await arrive("bob")
    await produce_audio(ada)
    await bobs.hears(ConsumerScoreChanged)
    capabilities = room.rtp_capabilities
    await lose_worker(room)
    for client in (adas, bobs):
        assert client.all(Rebuild) == [Rebuild(router_rtp_capabilities=capabilities)]
        assert not client.all(PeerClosed) and not client.all(RoomClosed) and client.farewell is None
    assert not (len(ada.media.transports) or len(ada.media.producers) or len(bob.media.subscriber.consumers))
    bobs.heard.clear()
    for peer in (ada, bob):
        await give_transports(peer)
    producer = await produce_audio(ada)
    await bobs.hears(NewConsumer, producer_id=producer.id)
    await bobs.hears(ConsumerScoreChanged)


async def test_the_load_goes_along(arrive: Arrive, room: Room, rooms: RoomManager, pool: WorkerPool) -> None:
    await arrive("ada")
    bob, _ = await arrive("bob")
    await lose_worker(room)
    home = room.quarters.home
    assert (home.rooms, home.peers) == (1, 2)
    bob.close()
    assert home.peers == 1
    room.close(Farewell.ROOM_CLOSED)
    assert (home.rooms, home.peers) == (0, 0)


async def test_what_people_are_and_said_stays(arrive: Arrive, room: Room) -> None:
    ada, _ = await arrive("ada", Grants(can_update_own_metadata=True), role="member")
    host, _ = await arrive("host", MODERATOR)
    room.adjust(BY, lobby=True, locked=True, unmute_allowed=False)
    room.chat.say(ada, "before")
    room.hands.lift(ada)
    room._door.remember("guest")
    microphone = await produce_audio(ada)
    await room.mute("ada", microphone.id, True, BY)
    room.describe(ada, "busy", {"team": "red"})
    await lose_worker(room)
    assert [message.text for message in room.chat.history] == ["before"]
    assert [hand.peer_id for hand in room.hands.raised] == ["ada"]
    assert (room.config.lobby, room.config.locked, room.knows("guest")) == (True, True, True)
    assert (ada.role, ada.metadata, host.grants.room_admin) == ("member", "busy", True)
    sending = await give_transports(ada)
    with pytest.raises(NotAllowed, match="muted"):
        await room.produce(
            ada, transport_id=sending, kind="audio", rtp_parameters=microphone.rtp_parameters, app_data={}
        )


async def test_what_people_chose_to_receive_stays(arrive: Arrive, room: Room) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    camera, screen = await produce_simulcast(ada, 100), await produce_simulcast(ada, 200, source="screen_share")
    await until(lambda: len(bobs.all(ConsumerScoreChanged)) == 2)
    subscriber = bob.media.subscriber
    subscriber.choice_to_edit(camera.id).layers = ConsumerLayers(spatial_layer=1)
    subscriber.choice_to_edit(screen.id).subscribed = False
    subscriber.limit_videos(5)
    await lose_worker(room)
    for peer in (ada, bob):
        await give_transports(peer)
    bobs.heard.clear()
    await produce_simulcast(ada, 300, source="screen_share")
    camera = await produce_simulcast(ada, 400)
    question = await bobs.hears(NewConsumer)
    assert question.producer_id == camera.id
    assert subscriber.control(question.id).layers == ConsumerLayers(spatial_layer=1)


async def test_who_speaks_there_is_watched_there(arrive: Arrive, room: Room) -> None:
    ada, _ = await arrive("ada")
    await lose_worker(room)
    watched: list[Producer] = []
    room.quarters.loudness.on_add_producer.add(watched.append)
    await give_transports(ada)
    producer = await produce_audio(ada)
    await until(lambda: watched == [producer])


async def test_who_does_not_begin_anew_is_told_to_come_again(
    arrive: Arrive, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "NOTICE_SECONDS", 0.3)
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    _, talkers = enter(room, "talker")
    join(room, room.find("talker"))
    await lose_worker(room)
    await give_transports(ada)
    await until(lambda: bobs.farewell is Farewell.WORKER_DIED)
    await adas.hears(PeerClosed, peer_id="bob")
    assert adas.farewell is None
    assert talkers.farewell is None and talkers.all(Rebuild)


async def test_who_is_away_finds_no_media_when_it_is_back(
    arrive: Arrive, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "NOTICE_SECONDS", 0.1)
    (_, adas), (bob, bobs) = await arrive("ada"), await arrive("bob")
    held = Held(transports=[each.id for each in bob.media.transports])
    room.sessions.lose(bob, bobs, asyncio.get_running_loop().time())
    await lose_worker(room)
    await until(lambda: adas.farewell)
    assert not bob.closed
    room.sessions.attach(bob, client := FakeClient())
    room.come_back(bob, held)
    assert list(bob.media.transports) == []
    assert client.all(Rebuild) == bobs.all(Rebuild) == []
    await give_transports(bob)


async def test_who_goes_away_before_it_could_begin_anew_is_borne(
    arrive: Arrive, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "NOTICE_SECONDS", 0.2)
    (_, adas), (bob, bobs) = await arrive("ada"), await arrive("bob")
    await lose_worker(room)
    assert bobs.all(Rebuild)
    room.sessions.lose(bob, bobs, asyncio.get_running_loop().time())
    await until(lambda: adas.farewell)
    assert not bob.closed


async def test_nothing_can_be_made_while_there_is_no_worker(
    arrive: Arrive, room: Room, pool: WorkerPool, workers: SpawnedWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, adas = await arrive("ada")
    workers.pause()
    for home in pool.workers:
        kill(home)
    await until(lambda: not pool.workers)
    with pytest.raises(Unavailable):
        await give_transports(ada)
    bob, bobs = enter(room, "bob")
    join(room, bob)
    workers.resume()
    await adas.hears(Rebuild)
    await bobs.hears(Rebuild)
    for peer in (ada, bob):
        await give_transports(peer)


class TestLittlePatience:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, rebuild_seconds=1.0)

    async def test_a_room_does_not_wait_for_ever(
        self, arrive: Arrive, room: Room, rooms: RoomManager, pool: WorkerPool, workers: SpawnedWorkers
    ) -> None:
        _, adas = await arrive("ada")
        workers.pause()
        for home in pool.workers:
            kill(home)
        await until(lambda: room.closed, seconds=5)
        assert adas.all(RoomClosed) == [RoomClosed(reason="worker-died")]
        assert adas.farewell is Farewell.WORKER_DIED and len(rooms) == 0
        workers.resume()


async def test_a_worker_that_can_not_take_the_room_is_asked_again(
    arrive: Arrive, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, adas = await arrive("ada")
    create, refusals = Worker.create_router, [1, 2]

    async def refuse_twice(self: Worker, **options: object) -> object:
        if refusals:
            refusals.pop()
            raise RequestRefusedError("worker_create_router", "Error", "not now")
        return await create(self, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Worker, "create_router", refuse_twice)
    await lose_worker(room)
    assert refusals == [] and len(adas.all(Rebuild)) == 1


async def test_a_room_that_ends_while_it_moves_leaves_nothing(
    arrive: Arrive, room: Room, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive("ada")
    make, made = Quarters.make, []

    async def end_meanwhile(*args: object) -> Quarters:
        made.append(await make(*args))  # type: ignore[arg-type]
        room.close(Farewell.ROOM_CLOSED)
        return made[-1]

    monkeypatch.setattr(Quarters, "make", end_meanwhile)
    kill(room.quarters.home)
    await until(lambda: made and made[0].router.closed)
    assert made[0].home.rooms == 0 and (await made[0].home.worker.dump()).router_ids == []


async def test_a_room_whose_workers_die_again_and_again_is_ended(arrive: Arrive, room: Room) -> None:
    _, adas = await arrive("ada")
    for times in range(1, 4):
        await lose_worker(room)
        assert len(adas.all(Rebuild)) == times
    kill(room.quarters.home)
    await until(lambda: room.closed)
    assert adas.farewell is Farewell.WORKER_DIED
    assert adas.all(RoomClosed) == [RoomClosed(reason="worker-died")]


async def test_when_the_sidecar_dies_rooms_wait_for_the_next_one(
    sidecar_process: SidecarProcess, server_settings: Settings
) -> None:
    sidecar = Sidecar(sidecar_process.run_dir)
    pool = WorkerPool(sidecar, server_settings)
    rooms = RoomManager(pool, server_settings)
    sidecar.start()
    pool.start()
    async with asyncio.timeout(10):
        await pool.wait_ready()
    people = {}
    for name in ("kitchen", "hall", "cellar"):
        room = await rooms.get_or_create(RoomConfig(id=name))
        people[room] = peer, client = enter(room, "ada")
        await give_transports(peer)
        join(room, peer)
        room.chat.say(peer, f"in the {name}")
    await sidecar_process.stop(signal.SIGKILL)
    await until(lambda: not pool.workers)
    await sidecar_process.start()
    for room, (peer, client) in people.items():
        await client.hears(Rebuild)
        await give_transports(peer)
        await produce_audio(peer)
        assert [message.text for message in room.chat.history] == [f"in the {room.id}"]
        assert len(client.all(Rebuild)) == 1 and client.farewell is None
    await rooms.close()
    await pool.close()
    await sidecar.close()


def test_deaths_of_long_ago_do_not_count() -> None:
    room_deaths = deaths.Deaths()
    assert not any(room_deaths.too_many(now) for now in (0, 1, 2, 601, 601.5))
    assert room_deaths.too_many(601.9)
