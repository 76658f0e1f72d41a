from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from app.config import Limits, Settings
from app.errors import BadRequest, Banned, LimitReached, NotAllowed, NotFound
from app.services.callers import Caller, operator
from app.services.invitations import LONGEST_LIFE, Invitations
from app.services.rooms import SeenRoom
from app.stores.invitations import Invitations as InvitationRecords
from app.stores.members import Members
from app.stores.types import now

from .world import World


@pytest.fixture
def invitations(world: World) -> Invitations:
    return world.services.invitations


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


@pytest.fixture
async def room(world: World, ada: Caller) -> SeenRoom:
    return await world.room(ada, access="members")


async def role_of(world: World, room: SeenRoom, caller: Caller) -> str | None:
    async with world.services.database.transaction() as tx:
        member = await Members(tx).get(room.record.id, caller.user.id)
    return member.role if member else None


async def test_who_accepts_is_a_member(world: World, invitations: Invitations, ada: Caller, room: SeenRoom) -> None:
    made = await invitations.create(ada, room.record.code, role="moderator")
    assert made.token not in repr(made)
    bob = await world.user("Bob")
    membership = await invitations.accept(bob, made.token)
    assert (membership.room.code, membership.role) == (room.record.code, "moderator")
    await world.arrive(bob, room.record.code)


async def test_moderators_invite_members_the_owner_moderators(
    world: World, invitations: Invitations, ada: Caller, room: SeenRoom
) -> None:
    code, mia = room.record.code, await world.member(room, "Mia", "moderator")
    await invitations.create(mia, code, role="member")
    with pytest.raises(NotAllowed):
        await invitations.create(mia, code, role="moderator")
    for caller in (await world.member(room, "Bob"), await world.user("Eve"), operator()):
        with pytest.raises(NotAllowed):
            await invitations.create(caller, code, role="member")


async def test_one_for_an_address_is_for_nobody_else(
    world: World, invitations: Invitations, ada: Caller, room: SeenRoom
) -> None:
    made = await invitations.create(ada, room.record.code, role="member", email="Bob@Example.org")
    with pytest.raises(NotAllowed, match="another e-mail"):
        await invitations.accept(await world.user("Eve"), made.token)
    assert (await invitations.accept(await world.user("Bob"), made.token)).role == "member"


async def test_one_is_good_for_so_many_uses_even_at_once(
    world: World, invitations: Invitations, ada: Caller, room: SeenRoom
) -> None:
    made = await invitations.create(ada, room.record.code, role="member", max_uses=2)
    people = [await world.user(name) for name in ("Bob", "Zoe", "Eve", "Max")]
    outcomes = await asyncio.gather(*(invitations.accept(each, made.token) for each in people), return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["Membership", "Membership", "NotFound", "NotFound"]


async def test_who_is_that_already_does_not_use_it_up(
    world: World, invitations: Invitations, ada: Caller, room: SeenRoom
) -> None:
    code, bob = room.record.code, await world.member(room, "Bob")
    made = await invitations.create(ada, code, role="member", max_uses=1)
    assert (await invitations.accept(ada, made.token)).role == "owner"
    assert (await invitations.accept(bob, made.token)).role == "member"
    raise_bob = await invitations.create(ada, code, role="moderator", max_uses=1)
    assert (await invitations.accept(bob, raise_bob.token)).role == "moderator"
    assert [each.uses for each in (await invitations.page(ada, code, 10, None)).items] == [1, 0]


async def test_revoked_and_expired_ones_are_worthless_and_not_listed(
    world: World, invitations: Invitations, ada: Caller, room: SeenRoom
) -> None:
    code, bob = room.record.code, await world.user("Bob")
    revoked, expired = [await invitations.create(ada, code, role="member") for _ in range(2)]
    assert len((await invitations.page(ada, code, 10, None)).items) == 2
    await invitations.revoke(ada, code, revoked.record.id)
    async with world.services.database.transaction() as tx:
        record = await InvitationRecords(tx).get(expired.record.id)
        assert record is not None
        record.expires_at = now() - timedelta(seconds=1)
    for token in (revoked.token, expired.token, "never seen"):
        with pytest.raises(NotFound):
            await invitations.accept(bob, token)
    assert (await invitations.page(ada, code, 10, None)).items == []
    with pytest.raises(NotFound):
        await invitations.revoke(ada, code, revoked.record.id)
    assert await role_of(world, room, bob) is None


async def test_an_invitation_is_revoked_in_its_own_room(
    world: World, invitations: Invitations, ada: Caller, room: SeenRoom
) -> None:
    made = await invitations.create(ada, room.record.code, role="member")
    eve = await world.user("Eve")
    other = await world.room(eve)
    with pytest.raises(NotFound):
        await invitations.revoke(eve, other.record.code, made.record.id)
    with pytest.raises(NotAllowed):
        await invitations.revoke(eve, room.record.code, made.record.id)
    with pytest.raises(NotAllowed):
        await invitations.page(eve, room.record.code, 10, None)


@pytest.mark.parametrize("life", [-timedelta(hours=1), LONGEST_LIFE + timedelta(hours=1)])
async def test_it_expires_in_a_sensible_time(
    invitations: Invitations, ada: Caller, room: SeenRoom, life: timedelta
) -> None:
    with pytest.raises(BadRequest) as refused:
        await invitations.create(ada, room.record.code, role="member", expires_at=now() + life)
    assert list(refused.value.fields) == ["expiresAt"]


async def test_who_was_banned_can_not_accept(
    world: World, invitations: Invitations, ada: Caller, room: SeenRoom
) -> None:
    made, bob = await invitations.create(ada, room.record.code, role="member"), await world.user("Bob")
    await world.services.bans.add(ada, room.record.code, "identity", str(bob.user.id))
    with pytest.raises(Banned):
        await invitations.accept(bob, made.token)


async def test_invitations_and_members_are_limited(
    world: World, settings: Settings, ada: Caller, room: SeenRoom
) -> None:
    settings = dataclasses.replace(settings, limits=Limits(max_members_per_room=2))
    invitations = Invitations(world.services.database, world.services.live, settings)
    code = room.record.code
    made = [await invitations.create(ada, code, role="member") for _ in range(2)]
    with pytest.raises(LimitReached):
        await invitations.create(ada, code, role="member")
    # With the owner there are two then.
    await invitations.accept(await world.user("Bob"), made[0].token)
    with pytest.raises(LimitReached):
        await invitations.accept(await world.user("Eve"), made[0].token)
