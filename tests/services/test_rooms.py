from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from app.auth.room_codes import is_room_code
from app.config import Limits, Settings
from app.errors import BadRequest, LimitReached, NotAllowed, NotFound, Unauthorized
from app.rtc.events import Farewell, RoomClosed, RoomUpdated
from app.rtc.room_config import RoomConfig
from app.services.callers import Caller, operator
from app.services.rooms import Rooms
from app.stores.types import now

from .world import World


@pytest.fixture
def rooms_service(world: World) -> Rooms:
    return world.services.rooms


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


async def test_a_new_room_has_a_code_and_an_owner(rooms_service: Rooms, ada: Caller) -> None:
    made = await rooms_service.create(ada, {"name": "The kitchen", "lobby": True, "codecs": ["opus", "vp9"]})
    assert is_room_code(made.record.code)
    seen = await rooms_service.get(ada, made.record.code)
    assert (seen.role, seen.call, seen.participants) == ("owner", None, [])
    assert (seen.record.name, seen.record.lobby, seen.record.codecs) == ("The kitchen", True, ["opus", "vp9"])


async def test_a_room_ends_after_it_starts(rooms_service: Rooms, ada: Caller) -> None:
    with pytest.raises(BadRequest) as refused:
        await rooms_service.create(ada, {"name": "No", "starts_at": now(), "ends_at": now() - timedelta(hours=1)})
    assert list(refused.value.fields) == ["endsAt"]
    made = await rooms_service.create(ada, {"name": "Yes", "starts_at": now()})
    with pytest.raises(BadRequest):
        await rooms_service.update(ada, made.record.code, {"ends_at": now() - timedelta(hours=1)})
    assert (await rooms_service.get(ada, made.record.code)).record.ends_at is None


async def test_one_may_own_so_many_rooms_and_an_admin_any_number(world: World, settings: Settings, ada: Caller) -> None:
    settings = dataclasses.replace(settings, limits=Limits(max_rooms_per_user=2))
    rooms = Rooms(world.services.database, world.services.live, settings)
    outcomes = await asyncio.gather(*(rooms.create(ada, {"name": "R"}) for _ in range(4)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["LimitReached", "LimitReached", "SeenRoom", "SeenRoom"]
    with pytest.raises(LimitReached):
        await rooms.create(ada, {"name": "R"})
    root = await world.user("Root", admin=True)
    for _ in range(3):
        await rooms.create(root, {"name": "R"})


async def test_mine_are_those_that_i_am_a_member_of(world: World, rooms_service: Rooms, ada: Caller) -> None:
    first, second = await world.room(ada, name="First"), await world.room(ada, name="Second")
    bob = await world.member(second, "Bob")
    await world.room(bob, name="Third")
    await world.arrive(ada, second.record.code)
    page = await rooms_service.page(bob, 1, None)
    rest = await rooms_service.page(bob, 1, page.next)
    assert [(room.record.name, room.role) for room in (*page.items, *rest.items)] == [
        ("Third", "owner"),
        ("Second", "member"),
    ]
    assert [peer.identity for peer in rest.items[0].participants] == [str(ada.user.id)]
    assert rest.next is None
    everything = await rooms_service.page_of_all(10, None)
    assert [record.name for record in everything.items] == ["Third", "Second", first.record.name]


@pytest.mark.parametrize(
    ("access", "refused"),
    [("anyone", {}), ("users", {"nobody": Unauthorized}), ("members", {"nobody": Unauthorized, "eve": NotAllowed})],
)
async def test_a_room_shows_itself_to_those_who_may_join(
    world: World, rooms_service: Rooms, ada: Caller, access: str, refused: dict[str, type[Exception]]
) -> None:
    room = await world.room(ada, access=access)
    callers = {
        "nobody": None,
        "eve": await world.user("Eve"),
        "bob": await world.member(room, "Bob"),
        "ada": ada,
        "root": await world.user("Root", admin=True),
    }
    roles: dict[str, Any] = {}
    for name, caller in callers.items():
        try:
            roles[name] = (await rooms_service.get(caller, room.record.code)).role
        except (Unauthorized, NotAllowed) as error:
            assert type(error) is refused[name]
    expected = {"nobody": None, "eve": None, "bob": "member", "ada": "owner", "root": "owner"}
    assert roles == {name: role for name, role in expected.items() if name not in refused}


async def test_moderators_lock_the_owner_changes_all(world: World, rooms_service: Rooms, ada: Caller) -> None:
    room = await world.room(ada)
    code, mia = room.record.code, await world.member(room, "Mia", "moderator")
    bob, eve = await world.member(room, "Bob"), await world.user("Eve")
    assert (await rooms_service.update(mia, code, {"locked": True, "lobby": True})).locked
    for caller, changes in ((mia, {"name": "Mine"}), (bob, {"locked": False}), (eve, {"locked": False}), (bob, {})):
        with pytest.raises(NotAllowed):
            await rooms_service.update(caller, code, changes)
    assert (await rooms_service.update(ada, code, {"name": "Ours", "access": "users"})).record.name == "Ours"
    with pytest.raises(NotFound):
        await rooms_service.update(ada, "no-such-room", {})


async def test_a_change_reaches_the_call(world: World, rooms_service: Rooms, ada: Caller) -> None:
    code = (await world.room(ada, lobby=True)).record.code
    _, client = await world.arrive(ada, code)
    await rooms_service.update(ada, code, {"name": "Ours", "locked": True, "max_participants": 3})
    told = await client.hears(RoomUpdated)
    assert (told.name, told.locked, told.max_participants) == ("Ours", True, 3)
    assert world.call(code).config.locked


async def test_a_change_leaves_alone_what_a_moderator_did_in_the_call(
    world: World, rooms_service: Rooms, ada: Caller
) -> None:
    code = (await world.room(ada)).record.code
    await world.arrive(ada, code)
    call = world.call(code)
    call.lock(True, None)
    seen = await rooms_service.update(ada, code, {"name": "Ours", "access": "users"})
    assert call.config.locked and call.config.name == "Ours"
    assert seen.locked and not seen.record.locked
    await rooms_service.update(ada, code, {"locked": False})
    assert not call.config.locked


async def test_deleting_a_room_ends_its_call(world: World, rooms_service: Rooms, ada: Caller) -> None:
    room = await world.room(ada)
    code, mia = room.record.code, await world.member(room, "Mia", "moderator")
    _, client = await world.arrive(mia, code)
    with pytest.raises(NotAllowed):
        await rooms_service.delete(mia, code)
    await rooms_service.delete(ada, code)
    told = await client.hears(RoomClosed, reason="room-closed")
    assert told.by is not None and told.by.name == "Ada"
    assert client.farewell is Farewell.ROOM_CLOSED
    with pytest.raises(NotFound):
        await rooms_service.delete(ada, code)


async def test_the_operator_ends_any_room_but_owns_none(world: World, rooms_service: Rooms, ada: Caller) -> None:
    code = (await world.room(ada)).record.code
    peer, _ = await world.arrive(ada, code)
    await rooms_service.delete(operator(), code)
    assert peer.closed
    await world.rooms.get_or_create(RoomConfig(id="open"))
    with pytest.raises(NotFound):
        await rooms_service.delete(ada, "open")
    await rooms_service.delete(operator(), "open")
    assert world.rooms.get("open") is None
    for attempt in (rooms_service.create(operator(), {"name": "R"}), rooms_service.page(operator(), 10, None)):
        with pytest.raises(NotAllowed):
            await attempt
