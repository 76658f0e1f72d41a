"""Who may come in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.config import Limits, Settings
from app.errors import Banned, Conflict, ConnectError, LimitReached, NotAllowed, RoomLocked, Unavailable
from app.rtc import door
from app.rtc.door import Door
from app.rtc.events import Actor, Farewell
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool

from .fakes import FakeClient
from .people import ANYBODY, MODERATOR, anybody, enter, join

HOST = Actor(peer_id=None, name="Host")


def change(room: Room, **changes: Any) -> None:
    room.configure(dataclasses.replace(room.config, **changes))


async def test_who_is_banned_stays_outside_by_identity_and_by_token(room: Room) -> None:
    room.ban(("identity", "eve"), HOST)
    room.ban(("token", "stolen"), HOST)
    with pytest.raises(Banned):
        enter(room, "eve")
    with pytest.raises(Banned):
        enter(room, "ada", token_id="stolen")
    room.unban(("identity", "eve"))
    enter(room, "eve")


async def test_a_ban_ends_when_it_was_made_to(room: Room) -> None:
    room.ban(("identity", "eve"), HOST, until=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(Banned):
        enter(room, "eve")
    room.ban(("identity", "eve"), HOST, until=datetime.now(UTC) - timedelta(seconds=1))
    enter(room, "eve")


async def test_bans_on_record_count_until_there_are_others(room: Room) -> None:
    room.note_bans(frozenset({("identity", "eve")}))
    with pytest.raises(Banned):
        enter(room, "eve")
    room.note_bans(frozenset({("identity", "mallory")}))
    enter(room, "eve")


async def test_a_locked_room_takes_moderators_and_those_who_were_in_it(room: Room) -> None:
    ada, _ = enter(room, "ada")
    join(room, ada)
    # Was connected, but never in the call.
    bob, _ = enter(room, "bob")
    ada.close()
    bob.close()
    change(room, locked=True)
    enter(room, "ada")
    enter(room, "host", MODERATOR)
    with pytest.raises(RoomLocked):
        enter(room, "bob")


async def test_who_was_removed_is_new_to_a_locked_room(room: Room) -> None:
    ada, _ = enter(room, "ada")
    join(room, ada)
    room.remove("ada", HOST)
    change(room, locked=True)
    with pytest.raises(RoomLocked):
        enter(room, "ada")


async def test_a_rooms_own_limit_is_the_lower_one(room: Room) -> None:
    change(room, max_participants=1)
    enter(room, "ada")
    with pytest.raises(LimitReached):
        enter(room, "bob")
    enter(room, "ada")


def test_those_who_wait_are_no_participants_but_not_endless_either(settings: Settings) -> None:
    config = RoomConfig(id="hall", lobby=True)
    nobody = Door(config, dataclasses.replace(settings, limits=Limits(max_peers_per_room=1)))
    nobody.check("ada", anybody("ada", waits_in_lobby=True), ())
    assert nobody.waits(anybody("ada", waits_in_lobby=True))
    assert not nobody.waits(anybody("ada"))


async def test_a_full_lobby_takes_no_more(pool: WorkerPool, settings: Settings) -> None:
    rooms = RoomManager(pool, dataclasses.replace(settings, limits=Limits(max_lobby=1, max_peers_per_room=1)))
    room = await rooms.get_or_create(RoomConfig(id="hall", lobby=True))
    enter(room, "host", MODERATOR)
    enter(room, "ada", waits_in_lobby=True)
    with pytest.raises(LimitReached, match="lobby"):
        enter(room, "bob", waits_in_lobby=True)
    enter(room, "ada", waits_in_lobby=True)
    with pytest.raises(LimitReached, match="room is full"):
        enter(room, "cleo")
    await rooms.close()


async def test_nobody_takes_the_peer_id_of_another(room: Room) -> None:
    ada, adas = enter(room, "ada")
    with pytest.raises(Conflict):
        room.enter("ada", FakeClient(), anybody("eve"))
    assert not ada.closed and adas.farewell is None


async def test_duplicates_are_rejected_if_the_operator_wants_it(pool: WorkerPool, settings: Settings) -> None:
    strict = RoomManager(pool, dataclasses.replace(settings, duplicate_peers="reject"))
    room = await strict.get_or_create(RoomConfig(id="hall"))
    ada, _ = enter(room, "ada")
    for peer_id in ("ada", "adas-phone"):
        with pytest.raises(Conflict):
            room.enter(peer_id, FakeClient(), anybody("ada"))
    ada.close()
    enter(room, "ada")
    await strict.close()


async def test_one_identity_may_come_with_two_devices(room: Room) -> None:
    room.enter("laptop", FakeClient(), anybody("ada"))
    room.enter("phone", FakeClient(), anybody("ada"))
    assert {peer.id for peer in room.of_identity("ada")} == {"laptop", "phone"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (lambda now: {"locked": True}, RoomLocked),
        (lambda now: {"ends_at": now - timedelta(seconds=1)}, NotAllowed),
        (lambda now: {"max_participants": 0}, LimitReached),
    ],
)
async def test_the_same_is_asked_of_a_room_that_is_not_there_yet(
    rooms: RoomManager, changes: Callable[[datetime], dict[str, Any]], error: type[ConnectError]
) -> None:
    config = RoomConfig(id="hall", **changes(datetime.now(UTC)))
    with pytest.raises(error):
        await rooms.check(config, "ada", anybody("ada"))
    assert len(rooms) == 0


async def test_a_room_that_has_ended_is_no_room(room: Room) -> None:
    room.close(Farewell.ROOM_CLOSED)
    with pytest.raises(Unavailable):
        room.check("ada", anybody("ada", ANYBODY))


def test_a_call_forgets_the_first_when_it_knows_too_many(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MAX_KNOWN", 2)
    memory = Door(RoomConfig(id="hall", unmute_allowed=False), settings)
    for identity in ("ada", "bob", "ada", "cleo"):
        memory.silence(identity, "microphone")
    assert [memory.knows(identity) for identity in ("ada", "bob", "cleo")] == [False, True, True]
    memory.check_silenced("ada", "microphone")
    with pytest.raises(NotAllowed):
        memory.check_silenced("bob", "microphone")
