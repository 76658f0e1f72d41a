"""Rooms, and who may enter them: members, invitations, bans. And API keys."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, NotFound
from app.stores.api_keys import ApiKeyRecords
from app.stores.bans import Bans
from app.stores.database import Database
from app.stores.invitations import Invitations
from app.stores.members import Members
from app.stores.models import ApiKeyRecord, Member, RoomRecord, User
from app.stores.rooms import RoomRecords
from app.stores.types import now
from app.stores.users import Users
from tests.stores.samples import a_ban, a_room, a_user, an_invitation, moment


@pytest.fixture
async def owner(database: Database) -> User:
    async with database.transaction() as tx:
        return await Users(tx).add(a_user())


@pytest.fixture
async def room(database: Database, owner: User) -> RoomRecord:
    async with database.transaction() as tx:
        room = await RoomRecords(tx).add(a_room(owner, "bcdf-ghjk-mnpq"))
        await Members(tx).add(Member(room_id=room.id, user_id=owner.id, role="owner"))
        return room


async def test_a_room_is_found_by_id_and_code(database: Database, room: RoomRecord) -> None:
    async with database.transaction() as tx:
        rooms = RoomRecords(tx)
        for found in (
            await rooms.get(room.id),
            await rooms.get(room.id, lock=True),
            await rooms.find_by_code(room.code),
            await rooms.find_by_code(room.code, lock=True),
        ):
            assert found is not None and found.id == room.id
        assert await rooms.find_by_code("none-such-room") is None


async def test_a_code_is_given_once(database: Database, owner: User, room: RoomRecord) -> None:
    with pytest.raises(Conflict, match="code"):
        async with database.transaction() as tx:
            await RoomRecords(tx).add(a_room(owner, room.code))


async def test_rooms_are_counted_and_listed_by_owner(database: Database, owner: User) -> None:
    async with database.transaction() as tx:
        stranger = await Users(tx).add(a_user())
        mine = [await RoomRecords(tx).add(a_room(owner, created=-age)) for age in range(3)]
        other = await RoomRecords(tx).add(a_room(stranger, created=-10))
    async with database.transaction() as tx:
        rooms = RoomRecords(tx)
        assert await rooms.count_owned(owner.id) == 3
        assert {each.id for each in await rooms.owned_by(owner.id)} == {each.id for each in mine}
        page = await rooms.page(limit=10)
    assert [each.id for each in page.items] == [*(each.id for each in mine), other.id]


async def test_a_user_has_the_rooms_that_they_are_a_member_of_newest_first(database: Database, owner: User) -> None:
    async with database.transaction() as tx:
        user = await Users(tx).add(a_user())
        rooms = [await RoomRecords(tx).add(a_room(owner, created=-age)) for age in range(3)]
        for room in rooms[1:]:
            await Members(tx).add(Member(room_id=room.id, user_id=user.id, role="member"))
    async with database.transaction() as tx:
        first = await Members(tx).page_of_user(user.id, limit=1)
        second = await Members(tx).page_of_user(user.id, limit=1, after=first.next)
    assert [each.room.id for each in (*first.items, *second.items)] == [room.id for room in rooms[1:]]
    assert (first.items[0].role, second.next) == ("member", None)


async def test_members_come_with_their_users_in_the_order_of_coming(
    database: Database, owner: User, room: RoomRecord
) -> None:
    async with database.transaction() as tx:
        user = await Users(tx).add(a_user())
        await Members(tx).add(Member(room_id=room.id, user_id=user.id, role="moderator", created_at=moment(1)))
    async with database.transaction() as tx:
        members = Members(tx)
        page = await members.page(room.id, limit=10)
        assert [(each.user.email, each.role) for each in page.items] == [
            (owner.email, "owner"),
            (user.email, "moderator"),
        ]
        assert await members.count(room.id) == 2
        found = await members.get(room.id, user.id)
        assert found is not None and found.user.display_name == user.display_name
        await members.delete(found)
    async with database.transaction() as tx:
        assert await Members(tx).get(room.id, user.id) is None
        assert await Members(tx).count(room.id) == 1


async def test_who_is_a_member_cannot_become_one(database: Database, owner: User, room: RoomRecord) -> None:
    with pytest.raises(Conflict, match="member already"):
        async with database.transaction() as tx:
            await Members(tx).add(Member(room_id=room.id, user_id=owner.id, role="member"))


async def test_a_room_that_is_gone_takes_no_members(database: Database, owner: User) -> None:
    with pytest.raises(NotFound, match="room"):
        async with database.transaction() as tx:
            await Members(tx).add(Member(room_id=uuid4(), user_id=owner.id, role="member"))


async def test_rooms_for_one_call_that_is_long_past_are_abandoned(database: Database, owner: User) -> None:
    async with database.transaction() as tx:
        rooms = RoomRecords(tx)
        past, live, ahead, kept = [await rooms.add(a_room(owner, created=-100)) for _ in range(4)]
        for each in (past, live, ahead):
            each.permanent = False
        ahead.starts_at = moment(100)
    async with database.transaction() as tx:
        found = await RoomRecords(tx).abandoned(moment(-50), but=[live.code], limit=10)
        assert [each.id for each in found] == [past.id]
        assert await RoomRecords(tx).abandoned(moment(-200), but=[], limit=10) == []
        assert len(await RoomRecords(tx).abandoned(moment(-50), but=[], limit=1)) == 1
        assert kept.permanent


async def test_a_role_that_does_not_exist_is_a_mistake_of_ours(database: Database, room: RoomRecord) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            user = await Users(tx).add(a_user())
            role: Any = "king"
            await Members(tx).add(Member(room_id=room.id, user_id=user.id, role=role))


async def test_invitations_are_listed_while_they_are_good(database: Database, room: RoomRecord) -> None:
    async with database.transaction() as tx:
        invitations = Invitations(tx)
        old = await invitations.add(an_invitation(room, created=-10))
        new = await invitations.add(an_invitation(room))
        await invitations.add(an_invitation(room, expires=-1))
        revoked = await invitations.add(an_invitation(room))
        revoked.revoked_at = now()
    async with database.transaction() as tx:
        invitations = Invitations(tx)
        assert [each.id for each in (await invitations.page(room.id, limit=10)).items] == [new.id, old.id]
        assert await invitations.count(room.id) == 2
        for found in (await invitations.get(revoked.id), await invitations.find_by_hash(revoked.token_hash)):
            assert found is not None and found.id == revoked.id
        assert await invitations.delete_expired(moment(), limit=10) == 1


async def test_a_ban_keeps_out_an_identity_or_a_token(database: Database, room: RoomRecord) -> None:
    async with database.transaction() as tx:
        await Bans(tx).add(a_ban(room, "eve"))
        await Bans(tx).add(a_ban(room, "t-1", "token"))
    async with database.transaction() as tx:
        bans = Bans(tx)
        assert await bans.active_for(room.id, "eve", None)
        assert await bans.active_for(room.id, "zoe", "t-1")
        # The id of a token is no identity, nor the other way round.
        assert await bans.active_for(room.id, "t-1", "eve") is None
        assert await bans.active_for(room.id, "zoe", None) is None
        assert await bans.active_for(uuid4(), "eve", "t-1") is None


async def test_a_ban_ends(database: Database, owner: User, room: RoomRecord) -> None:
    async with database.transaction() as tx:
        bans = Bans(tx)
        over = await bans.add(a_ban(room, "eve", expires=-1))
        later = await bans.add(a_ban(room, "mallory", expires=60, created=-1))
        ever = await bans.add(a_ban(room, "trent"))
        ever.created_by = owner.id
    async with database.transaction() as tx:
        bans = Bans(tx)
        assert await bans.active_for(room.id, "eve", None) is None
        assert {each.id for each in await bans.all_active(room.id)} == {later.id, ever.id}
        assert [each.id for each in (await bans.page(room.id, limit=10)).items] == [ever.id, later.id]
        assert await bans.count(room.id) == 3
        found = await bans.find(room.id, "identity", "eve")
        assert found is not None and found.id == over.id and await bans.get(over.id)
        assert await bans.delete_expired(moment(), limit=10) == 1


async def test_nobody_is_banned_twice(database: Database, room: RoomRecord) -> None:
    with pytest.raises(Conflict, match="banned already"):
        async with database.transaction() as tx:
            await Bans(tx).add(a_ban(room, "eve"))
            await Bans(tx).add(a_ban(room, "eve"))


async def test_api_keys_are_listed_until_they_are_revoked(database: Database, owner: User) -> None:
    async with database.transaction() as tx:
        keys = ApiKeyRecords(tx)
        for number in range(3):
            await keys.add(
                ApiKeyRecord(
                    id=f"CK{number}",
                    owner_id=owner.id,
                    name="CI",
                    sealed_secret=b"\0sealed",
                    created_at=moment(-number),
                )
            )
    async with database.transaction() as tx:
        keys = ApiKeyRecords(tx)
        found = await keys.get("CK1")
        assert found is not None and found.owner.email == owner.email and found.sealed_secret == b"\0sealed"
        found.revoked_at = now()
    async with database.transaction() as tx:
        keys = ApiKeyRecords(tx)
        first = await keys.page(owner.id, limit=1)
        rest = await keys.page(owner.id, limit=5, after=first.next)
        assert [each.id for each in (*first.items, *rest.items)] == ["CK0", "CK2"]
        assert await keys.count(owner.id) == 2
        revoked = await keys.get("CK1")
        assert revoked is not None and revoked.revoked_at is not None
        assert await keys.get("CK9") is None


async def test_an_id_of_a_key_is_given_once(database: Database, owner: User) -> None:
    with pytest.raises(Conflict):
        async with database.transaction() as tx:
            for _ in range(2):
                await ApiKeyRecords(tx).add(ApiKeyRecord(id="CK", owner_id=owner.id, name="", sealed_secret=b""))
