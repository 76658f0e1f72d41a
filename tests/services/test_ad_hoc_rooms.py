from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.errors import NotFound
from app.rtc.events import Farewell
from app.services.ad_hoc_rooms import PATIENCE, AdHocRooms, DeleteAdHoc
from app.services.callers import Caller
from app.services.write_behind import WriteBehind
from app.stores.rooms import RoomRecords
from app.stores.types import now

from .world import World


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


@pytest.fixture
def ad_hoc(world: World) -> AdHocRooms:
    """One that nobody started: it does what a test says."""
    return AdHocRooms(world.rooms, world.services.database, WriteBehind(world.services.database))


async def is_there(world: World, caller: Caller, code: str) -> bool:
    """Whether the room is on record, once all is written."""
    await world.services.history.writes.flush()
    try:
        await world.services.rooms.get(caller, code)
    except NotFound:
        return False
    return True


@pytest.mark.parametrize("farewell", [Farewell.ROOM_EMPTY, Farewell.ROOM_CLOSED, Farewell.ROOM_ENDED])
async def test_a_room_for_one_call_goes_with_it(world: World, ada: Caller, farewell: Farewell) -> None:
    once, always = [(await world.room(ada, permanent=permanent)).record.code for permanent in (False, True)]
    for code in (once, always):
        await world.arrive(ada, code)
        world.call(code).close(farewell)
    assert not await is_there(world, ada, once)
    assert await is_there(world, ada, always)


@pytest.mark.parametrize("farewell", [Farewell.WORKER_DIED, Farewell.SERVER_SHUTDOWN])
async def test_a_call_that_goes_on_elsewhere_keeps_its_room(world: World, ada: Caller, farewell: Farewell) -> None:
    code = (await world.room(ada, permanent=False)).record.code
    await world.arrive(ada, code)
    world.call(code).close(farewell)
    assert await is_there(world, ada, code)


async def test_a_room_that_is_used_again_stays(world: World, ada: Caller) -> None:
    code = (await world.room(ada, permanent=False)).record.code
    await world.arrive(ada, code)
    async with world.services.database.transaction() as tx:
        await DeleteAdHoc(code, world.rooms).apply(tx)
    assert await is_there(world, ada, code)


async def test_rooms_whose_call_never_came_are_swept_up(world: World, ada: Caller, ad_hoc: AdHocRooms) -> None:
    long_ago, soon = now() - PATIENCE - timedelta(hours=1), now() + timedelta(hours=1)

    async def made(**fields: datetime | bool) -> str:
        return (await world.room(ada, **{"permanent": False, "created_at": long_ago, **fields})).record.code

    forgotten, planned, new = await made(), await made(starts_at=soon), await made(created_at=now())
    permanent, running = await made(permanent=True), await made()
    await world.arrive(ada, running)
    await ad_hoc.sweep()
    async with world.services.database.transaction() as tx:
        left = {record.code for record in await RoomRecords(tx).owned_by(ada.user.id)}
    assert left == {planned, new, permanent, running}
    assert forgotten not in left
