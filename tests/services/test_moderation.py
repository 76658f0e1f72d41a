from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.auth.grants import Grants
from app.config import Settings
from app.errors import Banned, InLobby, LimitReached, NotAllowed, NotFound, Unavailable
from app.mediasoup.worker import Worker
from app.rtc.events import Actor, DataMessage, Farewell
from app.rtc.moderation_events import Admitted, MutedByModerator, PermissionsChanged, Removed, UnmutedByModerator
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.services.bans import Bans
from app.services.callers import Caller, Holder, operator
from app.services.live_rooms import LiveRooms
from app.services.moderation import Moderation
from app.services.participant import Track
from app.services.room_memory import RoomMemory
from app.services.write_behind import WriteBehind
from app.stores.bans import Bans as BanRecords
from app.stores.database import Database
from app.stores.members import Members
from app.stores.models import Member, Role, RoomRecord, User
from app.stores.types import now
from app.stores.users import Users
from tests.rtc.fakes import FakeClient
from tests.rtc.parameters import produce_audio, produce_video
from tests.rtc.people import client_of

from .conftest import ArriveAt

MIA = Actor(peer_id=None, name="Mia")
MEDIA = frozenset({"microphone", "camera"})
#: A track that nothing was received on.
UNSCORED: dict[str, Any] = {"score": None, "type": "simple"}


@pytest.fixture
def moderation(rooms: RoomManager, database: Database, settings: Settings) -> Moderation:
    bans = Bans(database, LiveRooms(rooms, RoomMemory()), WriteBehind(database), settings)
    return Moderation(rooms, database, bans)


@pytest.fixture
async def kitchen(record: RoomRecord, open_room: Callable[[str], Awaitable[Room]]) -> Room:
    """A call in a room that the database knows."""
    return await open_room(record.code)


@pytest.fixture
def ada(owner: User) -> Caller:
    """The owner."""
    return Caller(owner, owner.id)


@pytest.fixture
async def mia(database: Database, record: RoomRecord) -> Caller:
    """A moderator."""
    return await caller(database, "Mia", record, "moderator")


@pytest.fixture
def bot() -> Holder:
    """A program with a room token."""
    return Holder(code="kitchen", room=None, identity="bot", name="Bot", grants=Grants(room_admin=True))


async def caller(database: Database, name: str, record: RoomRecord | None = None, role: Role = "member") -> Caller:
    """Sign somebody in who belongs to a room, or does not."""
    async with database.transaction() as tx:
        user = await Users(tx).add(User(email=f"{name}@example.org", password_hash="", display_name=name))
        if record is not None:
            await Members(tx).add(Member(room_id=record.id, user_id=user.id, role=role))
    return Caller(user, user.id)


async def knock(room: Room, identity: str, arrive_at: ArriveAt) -> FakeClient:
    """Have somebody wait in the lobby, which the room gets if it has none."""
    room.configure(dataclasses.replace(room.config, lobby=True))
    with pytest.raises(InLobby):
        await arrive_at(room, identity, waits_in_lobby=True)
    return client_of(room.find(identity))


# Who may


@pytest.mark.parametrize("role", ["moderator", "owner"])
async def test_moderators_see_who_is_there(
    moderation: Moderation, database: Database, record: RoomRecord, kitchen: Room, arrive_at: ArriveAt, role: Role
) -> None:
    zoe = await caller(database, "Zoe", record, role)
    await arrive_at(kitchen, "bob")
    assert [each.peer_id for each in await moderation.participants(zoe, "kitchen")] == ["bob"]


async def test_so_do_admins_and_programs_with_a_token(
    moderation: Moderation, database: Database, kitchen: Room, arrive_at: ArriveAt, bot: Holder
) -> None:
    await arrive_at(kitchen, "bob")
    admin = await caller(database, "Root")
    admin.user.is_admin = True
    for each in (admin, operator(), bot):
        assert len(await moderation.participants(each, "kitchen")) == 1


async def test_others_see_nothing(moderation: Moderation, database: Database, record: RoomRecord, bot: Holder) -> None:
    strangers = (
        await caller(database, "Bob", record, "member"),
        await caller(database, "Eve"),
        dataclasses.replace(bot, grants=Grants()),
        dataclasses.replace(bot, code="cellar"),
    )
    for each in strangers:
        with pytest.raises(NotAllowed):
            await moderation.participants(each, "kitchen")


async def test_there_is_nothing_to_moderate_without_a_call(
    moderation: Moderation, record: RoomRecord, ada: Caller, bot: Holder
) -> None:
    for caller in (ada, bot):
        with pytest.raises(NotFound, match="no call"):
            await moderation.participants(caller, "kitchen")
    with pytest.raises(NotFound, match="no room"):
        await moderation.participants(ada, "cellar")


async def test_a_program_with_a_token_needs_no_database(
    moderation: Moderation, database: Database, kitchen: Room, arrive_at: ArriveAt, ada: Caller, bot: Holder
) -> None:
    await arrive_at(kitchen, "bob")
    await database.close()
    await moderation.remove(bot, "kitchen", "bob")
    assert kitchen.peers == ()
    with pytest.raises(Unavailable):
        await moderation.participants(ada, "kitchen")


# Looking


async def test_a_participant_is_shown_with_all_that_concerns_moderators(
    moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, ada: Caller
) -> None:
    bob, _ = await arrive_at(
        kitchen,
        "bob",
        role="guest",
        metadata="a guest",
        attributes={"seat": "7"},
        grants=Grants(can_publish_sources=MEDIA),
    )
    audio, video = await produce_audio(bob), await produce_video(bob, source="camera")
    await audio.pause()
    seen = await moderation.participant(ada, "kitchen", "bob")
    assert (seen.identity, seen.display_name, seen.role, seen.joined_at) == ("bob", "Bob", "guest", bob.joined_at)
    assert (seen.metadata, seen.attributes, seen.lobby) == ("a guest", {"seat": "7"}, False)
    assert seen.permissions["can_publish_sources"] == ["camera", "microphone"]
    assert not seen.permissions["room_admin"]
    assert seen.tracks == [
        Track(producer_id=audio.id, kind="audio", source="microphone", paused=True, codec="audio/opus", **UNSCORED),
        Track(producer_id=video.id, kind="video", source="camera", paused=False, codec="video/VP8", **UNSCORED),
    ]


async def test_those_in_the_lobby_are_shown_after_the_others(
    moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, ada: Caller
) -> None:
    await knock(kitchen, "bob", arrive_at)
    await arrive_at(kitchen, "cyd")
    seen = await moderation.participants(ada, "kitchen")
    assert [(each.peer_id, each.lobby, each.joined_at is None) for each in seen] == [
        ("cyd", False, False),
        ("bob", True, True),
    ]


async def test_nobody_is_shown_who_is_not_there(moderation: Moderation, kitchen: Room, ada: Caller) -> None:
    with pytest.raises(NotFound):
        await moderation.participant(ada, "kitchen", "bob")


# Doing


async def test_rights_change_at_once(moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, mia: Caller) -> None:
    bob, bobs = await arrive_at(kitchen, "bob")
    producer = await produce_audio(bob)
    changes = {"can_publish": False, "can_update_own_metadata": False}
    seen = await moderation.permit(mia, "kitchen", "bob", changes)
    assert (seen.permissions["can_publish"], seen.permissions["can_subscribe"], seen.tracks) == (False, True, [])
    assert producer.closed
    assert bob.grants == Grants(can_publish=False)
    assert bobs.all(PermissionsChanged)[-1].by == MIA


async def test_moderators_are_made_by_the_owner_alone(
    moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, ada: Caller, mia: Caller, bot: Holder
) -> None:
    bob, _ = await arrive_at(kitchen, "bob")
    for each in (mia, bot):
        with pytest.raises(NotAllowed):
            await moderation.permit(each, "kitchen", "bob", {"room_admin": True})
    await moderation.permit(ada, "kitchen", "bob", {"room_admin": True})
    assert bob.grants.room_admin
    await moderation.permit(mia, "kitchen", "bob", {"room_admin": True, "can_publish_data": False})
    with pytest.raises(NotAllowed):
        await moderation.permit(mia, "kitchen", "bob", {"room_admin": False})


async def test_who_is_removed_may_come_again(
    moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, mia: Caller
) -> None:
    _, bobs = await arrive_at(kitchen, "bob")
    await moderation.remove(mia, "kitchen", "bob")
    assert bobs.farewell is Farewell.REMOVED
    assert bobs.all(Removed)[-1].by == MIA
    await arrive_at(kitchen, "bob")


async def test_who_is_banned_may_not(
    moderation: Moderation, database: Database, record: RoomRecord, kitchen: Room, arrive_at: ArriveAt, mia: Caller
) -> None:
    _, bobs = await arrive_at(kitchen, "bob")
    until_tomorrow = now() + timedelta(days=1)
    ban = await moderation.ban(mia, "kitchen", "bob", reason="noise", expires_at=until_tomorrow)
    assert (ban.kind, ban.value, ban.reason, ban.expires_at) == ("identity", "bob", "noise", until_tomorrow)
    assert bobs.farewell is Farewell.BANNED
    with pytest.raises(Banned):
        await arrive_at(kitchen, "bob")
    async with database.transaction() as tx:
        assert [each.value for each in await BanRecords(tx).all_active(record.id)] == ["bob"]


async def test_the_owner_is_above_moderators(
    moderation: Moderation,
    database: Database,
    kitchen: Room,
    arrive_at: ArriveAt,
    ada: Caller,
    mia: Caller,
    bot: Holder,
) -> None:
    adas, _ = await arrive_at(kitchen, str(ada.user.id), role="owner")
    for each in (mia, bot):
        with pytest.raises(NotAllowed):
            await moderation.remove(each, "kitchen", adas.id)
        with pytest.raises(NotAllowed):
            await moderation.ban(each, "kitchen", adas.id)
        with pytest.raises(NotAllowed):
            await moderation.permit(each, "kitchen", adas.id, {"can_publish": False})
    assert not adas.closed
    await moderation.remove(operator(), "kitchen", adas.id)
    assert adas.closed


async def test_a_track_is_muted_and_its_owner_allowed_to_unmute(
    moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, mia: Caller
) -> None:
    bob, bobs = await arrive_at(kitchen, "bob")
    producer = await produce_audio(bob)
    await moderation.mute(mia, "kitchen", "bob", producer.id, True)
    assert producer.paused
    assert bobs.all(MutedByModerator)[-1].by == MIA
    await moderation.mute(mia, "kitchen", "bob", producer.id, False)
    assert producer.paused
    assert bobs.all(UnmutedByModerator)[-1].producer_id == producer.id
    with pytest.raises(NotFound):
        await moderation.mute(mia, "kitchen", "bob", "no such track", True)


async def test_everybody_is_muted(moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, bot: Holder) -> None:
    people = [(await arrive_at(kitchen, name))[0] for name in ("ada", "bob")]
    sounds = [await produce_audio(each, ssrc=number) for number, each in enumerate(people, 1)]
    picture = await produce_video(people[0])
    await moderation.mute_all(bot, "kitchen")
    assert all(each.paused for each in sounds)
    assert not picture.paused


async def test_a_track_of_a_dead_worker_can_t_be_muted(
    moderation: Moderation,
    kitchen: Room,
    arrive_at: ArriveAt,
    bot: Holder,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bob, _ = await arrive_at(kitchen, "bob")
    producer = await produce_audio(bob)
    muting = asyncio.create_task(moderation.mute(bot, "kitchen", "bob", producer.id, True))
    await asyncio.sleep(0)
    worker.close()
    with pytest.raises((NotFound, Unavailable)):
        await muting


async def test_messages_go_to_some_or_to_all(
    moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, bot: Holder
) -> None:
    _, adas = await arrive_at(kitchen, "ada")
    _, bobs = await arrive_at(kitchen, "bob")
    assert await moderation.send(bot, "kitchen", payload="hello", topic="chat") == 2
    assert await moderation.send(bot, "kitchen", payload="psst", topic="chat", to=["bob", "nobody"]) == 1
    assert [each.payload for each in adas.all(DataMessage)] == ["hello"]
    assert [(each.topic, each.payload) for each in bobs.all(DataMessage)] == [("chat", "hello"), ("chat", "psst")]


async def test_who_waits_is_let_in_or_sent_away(
    moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, mia: Caller
) -> None:
    bobs, cyds = await knock(kitchen, "bob", arrive_at), await knock(kitchen, "cyd", arrive_at)
    await moderation.admit(mia, "kitchen", "bob")
    assert bobs.all(Admitted)[-1].by == MIA
    await moderation.reject(mia, "kitchen", "cyd")
    assert cyds.farewell is Farewell.REJECTED
    assert kitchen.lobby == ()
    for gone in ("bob", "nobody"):
        with pytest.raises(NotFound):
            await moderation.admit(mia, "kitchen", gone)


async def test_nobody_is_let_into_a_full_room(
    moderation: Moderation, kitchen: Room, arrive_at: ArriveAt, mia: Caller
) -> None:
    await knock(kitchen, "bob", arrive_at)
    kitchen.configure(dataclasses.replace(kitchen.config, max_participants=1))
    await arrive_at(kitchen, "cyd")
    with pytest.raises(LimitReached):
        await moderation.admit(mia, "kitchen", "bob")
