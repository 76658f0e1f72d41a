"""Rooms on a real worker, with clients that are played by the tests."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from app.auth.grants import Grants
from app.config import Limits, Settings
from app.errors import BadRequest, LimitReached, NotAllowed, Unavailable, WrongState
from app.mediasoup.audio_level_observer import AudioLevelObserver, AudioLevelVolume
from app.mediasoup.data_structures import ProducerScore
from app.mediasoup.router import Router
from app.mediasoup.worker import Worker
from app.rtc.events import (
    ActiveSpeaker,
    Actor,
    ConsumerClosed,
    ConsumerScoreChanged,
    Device,
    Farewell,
    MediasoupVersion,
    NewConsumer,
    NewPeer,
    PeerClosed,
    PeerDisplayNameChanged,
    RoomClosed,
)
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool

from .fakes import until
from .parameters import produce_audio
from .people import Arrive, enter, handlers_in, join


async def test_who_comes_in_is_told_the_release_first(room: Room) -> None:
    _, client = enter(room, "ada")
    assert client.heard == [MediasoupVersion(version="3.27.1")]


async def test_those_who_joined_see_each_other_and_those_who_did_not_are_unseen(room: Room) -> None:
    (ada, adas), (bob, bobs), (_, cleos) = enter(room, "ada"), enter(room, "bob"), enter(room, "cleo")
    assert join(room, ada) == []
    assert join(room, bob) == ["ada"]
    assert adas.all(NewPeer) == [NewPeer(id="bob", display_name="Bob", device=Device(name="test"))]
    assert bobs.all(NewPeer) == cleos.all(NewPeer) == []


async def test_nobody_joins_twice(room: Room) -> None:
    ada, _ = enter(room, "ada")
    join(room, ada)
    with pytest.raises(WrongState):
        join(room, ada)


async def test_a_name_that_is_too_long_is_refused(room: Room, settings: Settings) -> None:
    ada, _ = enter(room, "ada")
    with pytest.raises(BadRequest, match=r"data\.displayName"):
        room.join(ada, display_name="x" * 65, device=Device(), rtp_capabilities=None)
    assert not ada.joined


async def test_a_new_name_is_told_to_the_others(arrive: Arrive, room: Room) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    room.rename(ada, "Lovelace")
    expected = PeerDisplayNameChanged(peer_id="ada", display_name="Lovelace", old_display_name="Ada")
    assert bobs.all(PeerDisplayNameChanged) == [expected]
    assert adas.all(PeerDisplayNameChanged) == []


async def test_who_leaves_is_missed_and_takes_its_media_along(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    await produce_audio(ada)
    consumer = await bobs.hears(NewConsumer)
    ada.close()
    ada.close()
    assert bobs.all(PeerClosed) == [PeerClosed(peer_id="ada")]
    await bobs.hears(ConsumerClosed, consumer_id=consumer.id)
    assert len(bob.media.subscriber.consumers) == 0


async def test_somebody_who_never_joined_leaves_unnoticed(arrive: Arrive, room: Room) -> None:
    _, bobs = await arrive("bob")
    ada, _ = enter(room, "ada")
    ada.close()
    assert bobs.all(PeerClosed) == []


async def test_the_same_peer_again_replaces_the_first(arrive: Arrive, worker: Worker) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    await produce_audio(ada)
    await bobs.hears(ConsumerScoreChanged)
    again, _ = await arrive("ada")
    assert ada.closed and adas.farewell is Farewell.REPLACED
    assert [type(each) for each in bobs.heard if isinstance(each, NewPeer | PeerClosed)] == [
        PeerClosed,
        NewPeer,
    ]
    ada.close()
    assert not again.closed
    (router_id,) = (await worker.dump()).router_ids
    # Two transports each for Ada and Bob; nothing of the first Ada.
    assert len((await _router(worker, router_id).dump()).transport_ids) == 4


async def test_the_loudest_peer_is_told_to_all_and_silence_too(arrive: Arrive, worker: Worker) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_audio(ada)
    observer = _loudness(worker)
    observer.on_volumes.emit([AudioLevelVolume(producer, -30)])
    observer.on_silence.emit()
    for client in (adas, bobs):
        assert client.all(ActiveSpeaker) == [
            ActiveSpeaker(peer_id="ada", volume=-30),
            ActiveSpeaker(peer_id=None),
        ]


async def test_a_full_room_takes_nobody_but_those_who_come_again(pool: WorkerPool, settings: Settings) -> None:
    small = RoomManager(pool, dataclasses.replace(settings, limits=Limits(max_peers_per_room=2)))
    room = await small.get_or_create(RoomConfig(id="closet"))
    enter(room, "ada")
    enter(room, "bob")
    with pytest.raises(LimitReached):
        enter(room, "cleo")
    enter(room, "ada")
    await small.close()


async def test_an_empty_room_ends_and_one_with_somebody_does_not(
    pool: WorkerPool, settings: Settings, worker: Worker
) -> None:
    hasty = RoomManager(pool, dataclasses.replace(settings, empty_room_seconds=0.05))
    room = await hasty.get_or_create(RoomConfig(id="hall"))
    ada, _ = enter(room, "ada")
    other = await hasty.get_or_create(RoomConfig(id="other"))
    await until(lambda: other.closed)
    assert not room.closed
    ada.close()
    await until(lambda: room.closed)
    assert len(hasty) == 0
    assert (await worker.dump()).router_ids == []
    with pytest.raises(Unavailable):
        enter(room, "ada")


async def test_load_is_counted(arrive: Arrive, rooms: RoomManager, pool: WorkerPool) -> None:
    home = pool.workers[0]
    ada, _ = await arrive("ada")
    await arrive("ada")
    assert ada.closed
    await arrive("bob")
    assert (home.rooms, home.peers) == (1, 2)
    await rooms.close()
    assert (home.rooms, home.peers) == (0, 0)


async def test_a_room_tells_who_comes_and_who_goes_and_why(arrive: Arrive, room: Room, rooms: RoomManager) -> None:
    told: list[tuple[str, str]] = []
    room.on_join.add(lambda peer: told.append((peer.id, "joined")))
    room.on_leave.add(lambda peer, reason: told.append((peer.id, reason)))
    room.on_close.add(lambda farewell: told.append(("the room", farewell.value)))
    (ada, _), _ = await arrive("ada"), await arrive("bob")
    stranger, _ = enter(room, "stranger")
    await arrive("ada")
    assert ada.closed
    room.find("bob").close("connection-lost")
    stranger.close()
    room.close(Farewell.ROOM_CLOSED)
    assert told == [
        ("ada", "joined"),
        ("bob", "joined"),
        ("ada", "replaced"),
        ("ada", "joined"),
        ("bob", "connection-lost"),
        ("ada", "room-closed"),
        ("the room", "room-closed"),
    ]


async def test_those_who_opened_and_ended_a_room_are_known(rooms: RoomManager) -> None:
    opened: list[Room] = []
    rooms.on_open.add(opened.append)
    hall = await rooms.get_or_create(RoomConfig(id="hall"))
    assert (opened, rooms.get("hall"), rooms.rooms) == ([hall], hall, (hall,))
    _, adas = enter(hall, "ada")
    host = Actor(peer_id=None, name="Host")
    hall.close(Farewell.ROOM_CLOSED, host)
    assert adas.all(RoomClosed) == [RoomClosed(reason="room-closed", by=host)]
    assert (rooms.get("hall"), rooms.rooms) == (None, ())


async def test_the_name_of_a_token_stays(room: Room) -> None:
    ada, _ = enter(room, "ada", Grants(), name="Countess")
    join(room, ada)
    assert ada.display_name == "Countess"
    with pytest.raises(NotAllowed):
        room.rename(ada, "Queen")
    bob, _ = enter(room, "bob", Grants())
    join(room, bob)
    room.rename(bob, "Robert")
    assert bob.display_name == "Robert"


async def test_others_see_what_a_token_says_of_a_peer(arrive: Arrive, room: Room) -> None:
    _, adas = await arrive("ada")
    bob, _ = enter(room, "bob", metadata="x", attributes={"team": "red"}, role="guest")
    join(room, bob)
    (told,) = adas.all(NewPeer)
    assert (told.metadata, told.attributes, told.role) == ("x", {"team": "red"}, "guest")


async def test_the_quality_of_a_peer_is_that_of_its_streams(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    assert (ada.quality, bob.quality) == (None, None)
    producer = await produce_audio(ada)
    await bobs.hears(ConsumerScoreChanged)
    assert bob.quality == "excellent"
    producer.score = [ProducerScore(encoding_idx=0, ssrc=1111, score=3)]
    assert ada.quality == "poor"


async def test_joining_and_leaving_200_times_leaves_nothing(arrive: Arrive, worker: Worker, rooms: RoomManager) -> None:
    ada, adas = await arrive("ada")
    await produce_audio(ada)
    tasks = len(asyncio.all_tasks())
    before = await handlers_in(worker)
    for _ in range(200):
        bob, bobs = await arrive("bob")
        await produce_audio(bob)
        await bobs.hears(ConsumerScoreChanged)
        bob.close()
    await until(lambda: len(adas.all(PeerClosed)) == 200)
    assert await handlers_in(worker) == before
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    await rooms.close()
    dump = await worker.dump()
    assert dump.router_ids == []
    assert [each for each in dump.channel_message_handlers.channel_request_handlers] == dump.web_rtc_server_ids


def _router(worker: Worker, id: str) -> Router:
    return next(router for router in worker.routers.values() if router.id == id)


def _loudness(worker: Worker) -> AudioLevelObserver:
    (router,) = worker.routers.values()
    (observer,) = router.rtp_observers.values()
    assert isinstance(observer, AudioLevelObserver)
    return observer
