"""The app goes, and the calls stay: what a process that ends does not do."""

from __future__ import annotations

import asyncio

import pytest

from app.errors import Unavailable
from app.mediasoup.worker import Worker
from app.rtc.events import ConsumerScoreChanged
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager

from .fakes import until
from .parameters import produce_audio
from .people import Arrive, handlers_in


async def test_rooms_that_are_let_go_keep_their_media_and_their_people(
    arrive: Arrive, room: Room, rooms: RoomManager, worker: Worker
) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    await produce_audio(ada)
    await bobs.hears(ConsumerScoreChanged)
    ended: list[object] = []
    room.on_leave.add(lambda peer, reason: ended.append(reason))
    room.on_close.add(ended.append)
    before = await handlers_in(worker)
    await rooms.let_go()
    assert await handlers_in(worker) == before
    assert (ended, adas.farewell, room.closed) == ([], None, False)
    with pytest.raises(Unavailable):
        await rooms.get_or_create(RoomConfig(id="hall"))
    assert rooms.find_session("kitchen", ada.session.issue_token(), "ada") is None


async def test_a_worker_that_goes_afterwards_is_nobodys_concern(
    arrive: Arrive, room: Room, rooms: RoomManager, worker: Worker
) -> None:
    _, adas = await arrive("ada")
    lost: list[None] = []
    room.on_worker_lost.add(lambda: lost.append(None))
    await rooms.let_go()
    heard = list(adas.heard)
    worker.close()
    await until(lambda: room.quarters.router.closed)
    assert lost == [] and adas.heard == heard and adas.farewell is None


async def test_nothing_goes_on_by_itself(arrive: Arrive, room: Room, rooms: RoomManager) -> None:
    tasks = len(asyncio.all_tasks())
    (ada, adas), _ = await arrive("ada"), await arrive("bob")
    room.sessions.lose(ada, adas, 0.0)
    await rooms.let_go()
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    assert room.sessions._timer is None
