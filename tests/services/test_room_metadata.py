"""A room's metadata are the same in its call and on record, whoever changes them."""

from __future__ import annotations

import pytest

from app.errors import NotAllowed
from app.rtc.events import RoomUpdated
from app.rtc.room_config import RoomConfig
from app.services.callers import Caller
from app.services.rooms import Rooms

from .world import World


@pytest.fixture
def rooms_service(world: World) -> Rooms:
    return world.services.rooms


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


async def test_a_room_begins_with_its_own(world: World, ada: Caller) -> None:
    code = (await world.room(ada, metadata_text="agenda", last_n=4)).record.code
    await world.arrive(ada, code)
    config = world.call(code).config
    assert (config.metadata, config.last_n) == ("agenda", 4)


async def test_a_change_on_record_is_told_to_the_call(world: World, rooms_service: Rooms, ada: Caller) -> None:
    code = (await world.room(ada)).record.code
    _, client = await world.arrive(ada, code)
    await rooms_service.update(ada, code, {"metadata_text": "agenda", "last_n": 4})
    await client.hears(RoomUpdated, metadata="agenda", last_n=4)


async def test_a_change_in_the_call_is_on_record_for_the_next(world: World, rooms_service: Rooms, ada: Caller) -> None:
    code = (await world.room(ada, metadata_text="agenda")).record.code
    await world.arrive(ada, code)
    world.call(code).adjust(None, metadata="minutes", last_n=2)
    assert (await rooms_service.get(ada, code)).metadata == "minutes"
    await world.services.history.writes.flush()
    record = (await rooms_service.get(ada, code)).record
    # The rest was for this call alone.
    assert (record.metadata_text, record.last_n) == ("minutes", None)


async def test_what_is_on_record_comes_back_by_a_change_to_the_same(
    world: World, rooms_service: Rooms, ada: Caller
) -> None:
    code = (await world.room(ada, last_n=4)).record.code
    await world.arrive(ada, code)
    call = world.call(code)
    call.adjust(None, last_n=2, lobby=True)
    await rooms_service.update(ada, code, {"last_n": 4})
    assert (call.config.last_n, call.config.lobby) == (4, True)


async def test_moderators_change_metadata_and_others_do_not(world: World, rooms_service: Rooms, ada: Caller) -> None:
    room = await world.room(ada)
    mia, bob = await world.member(room, "Mia", "moderator"), await world.member(room, "Bob")
    assert (await rooms_service.update(mia, room.record.code, {"metadata_text": "x"})).metadata == "x"
    for caller, changes in ((bob, {"metadata_text": "y"}), (mia, {"last_n": 2})):
        with pytest.raises(NotAllowed):
            await rooms_service.update(caller, room.record.code, changes)


async def test_a_room_without_record_has_them_for_the_call(world: World) -> None:
    call = await world.rooms.get_or_create(RoomConfig(id="open"))
    call.adjust(None, metadata="x")
    writes = world.services.history.writes
    await writes.flush()
    assert (call.config.metadata, writes.lost) == ("x", 0)
