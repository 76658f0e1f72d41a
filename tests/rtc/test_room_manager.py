"""Opening and closing rooms, when many want the same and when it fails."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from app.config import Limits, Settings
from app.errors import LimitReached, Unavailable
from app.mediasoup.errors import RequestRefusedError
from app.mediasoup.router import Router
from app.mediasoup.worker import Worker
from app.rtc.events import Farewell, RoomClosed
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool

from .fakes import FakeClient, SpawnedWorkers
from .people import anybody


async def test_those_who_ask_at_the_same_time_get_the_same_room(rooms: RoomManager, worker: Worker) -> None:
    found = await asyncio.gather(*(rooms.get_or_create(RoomConfig(id="hall")) for _ in range(20)))
    assert len(set(found)) == 1
    assert await rooms.get_or_create(RoomConfig(id="hall")) is found[0]
    assert len((await worker.dump()).router_ids) == 1


async def test_other_names_are_other_rooms(rooms: RoomManager) -> None:
    assert await rooms.get_or_create(RoomConfig(id="hall")) is not await rooms.get_or_create(RoomConfig(id="Hall"))
    assert len(rooms) == 2


async def test_who_gives_up_does_not_take_the_room_from_the_others(rooms: RoomManager) -> None:
    impatient = asyncio.create_task(rooms.get_or_create(RoomConfig(id="hall")))
    patient = asyncio.create_task(rooms.get_or_create(RoomConfig(id="hall")))
    await asyncio.sleep(0)
    impatient.cancel()
    room = await patient
    assert not room.closed
    assert impatient.cancelled()


async def test_a_failure_leaves_nothing_and_the_next_try_succeeds(
    rooms: RoomManager, worker: Worker, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise RequestRefusedError("router_create_audiolevelobserver", "Error", "not today")

    with monkeypatch.context() as patch:
        patch.setattr(Router, "create_audio_level_observer", refuse)
        answers = await asyncio.gather(
            *(rooms.get_or_create(RoomConfig(id="hall")) for _ in range(3)), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert (await worker.dump()).router_ids == []
    assert pool.workers[0].rooms == 0
    assert not (await rooms.get_or_create(RoomConfig(id="hall"))).closed


async def test_without_a_worker_there_is_no_room(settings: Settings) -> None:
    rooms = RoomManager(WorkerPool(SpawnedWorkers(), settings), settings)
    with pytest.raises(Unavailable):
        await rooms.get_or_create(RoomConfig(id="hall"))
    assert len(rooms) == 0


async def test_there_are_no_more_rooms_than_allowed(pool: WorkerPool, settings: Settings) -> None:
    rooms = RoomManager(pool, dataclasses.replace(settings, limits=Limits(max_rooms=2)))
    answers = await asyncio.gather(
        *(rooms.get_or_create(RoomConfig(id=name)) for name in ("a", "b", "c")), return_exceptions=True
    )
    assert [type(answer) for answer in answers].count(LimitReached) == 1
    await rooms.close()


async def test_closing_ends_all_rooms_and_those_on_their_way(rooms: RoomManager, worker: Worker) -> None:
    room, client = await rooms.get_or_create(RoomConfig(id="hall")), FakeClient()
    room.enter("ada", client, anybody("ada"))
    opening = asyncio.create_task(rooms.get_or_create(RoomConfig(id="cellar")))
    await asyncio.sleep(0)
    await rooms.close()
    assert client.all(RoomClosed) == [RoomClosed(reason="server-shutdown")]
    assert client.farewell is Farewell.SERVER_SHUTDOWN
    assert room.closed
    with pytest.raises(Unavailable):
        await opening
    assert (await worker.dump()).router_ids == []
    with pytest.raises(Unavailable):
        await rooms.get_or_create(RoomConfig(id="hall"))
