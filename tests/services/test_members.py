from __future__ import annotations

import asyncio
import dataclasses
from uuid import uuid4

import pytest

from app.config import Limits, Settings
from app.errors import LimitReached, NotAllowed, NotFound
from app.rtc.events import Farewell
from app.rtc.moderation_events import Admitted, PermissionsChanged
from app.services.callers import Caller
from app.services.members import Members
from app.services.rooms import SeenRoom

from .world import World


@pytest.fixture
def members(world: World) -> Members:
    return world.services.members


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


@pytest.fixture
async def room(world: World, ada: Caller) -> SeenRoom:
    return await world.room(ada)


async def roles(members: Members, caller: Caller, room: SeenRoom) -> dict[str, str]:
    page = await members.page(caller, room.record.code, 100, None)
    return {member.user.display_name: member.role for member in page.items}


async def test_members_see_each_other(world: World, members: Members, ada: Caller, room: SeenRoom) -> None:
    bob, _ = await world.member(room, "Bob"), await world.member(room, "Mia", "moderator")
    assert await roles(members, bob, room) == {"Ada": "owner", "Bob": "member", "Mia": "moderator"}
    page = await members.page(bob, room.record.code, 2, None)
    assert len(page.items) == 2 and page.next is not None
    assert len((await members.page(bob, room.record.code, 2, page.next)).items) == 1
    with pytest.raises(NotAllowed):
        await members.page(await world.user("Eve"), room.record.code, 10, None)


async def test_only_the_owner_changes_roles(world: World, members: Members, ada: Caller, room: SeenRoom) -> None:
    mia, bob = await world.member(room, "Mia", "moderator"), await world.member(room, "Bob")
    code = room.record.code
    for caller in (mia, bob, await world.user("Eve")):
        with pytest.raises(NotAllowed):
            await members.change_role(caller, code, bob.user.id, "moderator")
    assert (await members.change_role(ada, code, bob.user.id, "moderator")).role == "moderator"
    with pytest.raises(NotFound):
        await members.change_role(ada, code, uuid4(), "moderator")


async def test_a_room_changes_hands(world: World, members: Members, ada: Caller, room: SeenRoom) -> None:
    bob, code = await world.member(room, "Bob"), room.record.code
    with pytest.raises(NotAllowed, match="somebody else"):
        await members.change_role(ada, code, ada.user.id, "member")
    await members.change_role(ada, code, bob.user.id, "owner")
    assert await roles(members, ada, room) == {"Ada": "moderator", "Bob": "owner"}
    with pytest.raises(NotAllowed):
        await world.services.rooms.delete(ada, code)
    # To be made what one is changes nothing.
    assert (await members.change_role(bob, code, bob.user.id, "owner")).role == "owner"
    await world.services.rooms.delete(bob, code)


async def test_a_room_that_is_given_to_two_at_once_has_one_owner(
    world: World, members: Members, ada: Caller, room: SeenRoom
) -> None:
    heirs = [await world.member(room, name) for name in ("Bob", "Zoe")]
    await asyncio.gather(
        *(members.change_role(ada, room.record.code, heir.user.id, "owner") for heir in heirs), return_exceptions=True
    )
    assert sorted((await roles(members, ada, room)).values()) == ["member", "moderator", "owner"]


async def test_nobody_is_given_more_rooms_than_they_may_own(
    world: World, settings: Settings, ada: Caller, room: SeenRoom
) -> None:
    settings = dataclasses.replace(settings, limits=Limits(max_rooms_per_user=1))
    members = Members(world.services.database, world.services.live, settings)
    bob = await world.member(room, "Bob")
    await world.room(bob)
    with pytest.raises(LimitReached):
        await members.change_role(ada, room.record.code, bob.user.id, "owner")
    assert (await roles(members, ada, room))["Ada"] == "owner"


async def test_who_is_made_a_moderator_can_moderate_at_once(
    world: World, members: Members, ada: Caller, room: SeenRoom
) -> None:
    bob, code = await world.member(room, "Bob"), room.record.code
    peer, client = await world.arrive(bob, code)
    assert not peer.grants.room_admin
    await members.change_role(ada, code, bob.user.id, "moderator")
    told = await client.hears(PermissionsChanged, role="moderator")
    assert told.by is not None and told.by.name == "Ada"
    assert peer.grants.room_admin
    await members.change_role(ada, code, bob.user.id, "member")
    assert not peer.grants.room_admin


async def test_who_hands_the_room_over_is_a_moderator_in_the_call_too(
    world: World, members: Members, ada: Caller, room: SeenRoom
) -> None:
    bob, code = await world.member(room, "Bob"), room.record.code
    (ada_peer, _), (bob_peer, _) = await world.arrive(ada, code), await world.arrive(bob, code)
    await members.change_role(ada, code, bob.user.id, "owner")
    assert (ada_peer.role, bob_peer.role) == ("moderator", "owner")


async def test_an_owner_hands_the_room_over_in_the_call(
    world: World, members: Members, ada: Caller, room: SeenRoom
) -> None:
    bob, code = await world.member(room, "Bob"), room.record.code
    (ada_peer, adas), (bob_peer, bobs) = await world.arrive(ada, code), await world.arrive(bob, code)
    await world.call(code).hand_over(bob_peer.id, ada_peer)
    assert (ada_peer.role, bob_peer.role) == ("moderator", "owner")
    for client in (adas, bobs):
        assert (await client.hears(PermissionsChanged)).by == ada_peer.actor
    assert await roles(members, bob, room) == {"Ada": "moderator", "Bob": "owner"}
    # To the owner itself, it changes nothing.
    await world.call(code).hand_over(bob_peer.id, bob_peer)
    assert (await roles(members, bob, room))["Bob"] == "owner"


async def test_a_room_is_handed_over_to_members_only_and_by_its_owner(
    world: World, members: Members, ada: Caller, room: SeenRoom
) -> None:
    code, admin, eve = room.record.code, await world.user("Root", admin=True), await world.user("Eve")
    (ada_peer, _), (admin_peer, _) = await world.arrive(ada, code), await world.arrive(admin, code)
    eve_peer, _ = await world.arrive(eve, code)
    guest, _ = await world.join(code, await world.token(None, code, "Gus"))
    for stranger in (eve_peer, guest):
        with pytest.raises(NotFound):
            await world.call(code).hand_over(stranger.id, ada_peer)
    with pytest.raises(NotAllowed, match="not yours"):
        await world.call(code).hand_over(ada_peer.id, admin_peer)
    with pytest.raises(NotFound):
        await members.hand_over("no-room", ada_peer.identity, eve_peer.identity, ada_peer.actor)
    assert await roles(members, ada, room) == {"Ada": "owner"}


async def test_who_is_removed_leaves_the_call_and_does_not_come_back_with_the_same_token(
    world: World, members: Members, ada: Caller, room: SeenRoom
) -> None:
    bob, code = await world.member(room, "Bob"), room.record.code
    await world.arrive(ada, code)
    token = await world.token(bob, code)
    peer, client = await world.join(code, token)
    await members.remove(ada, code, bob.user.id)
    assert peer.closed and client.farewell is Farewell.PERMISSIONS_CHANGED
    with pytest.raises(NotAllowed, match="no member"):
        await world.enter(code, token)
    assert await roles(members, ada, room) == {"Ada": "owner"}


async def test_who_may_remove_whom(world: World, members: Members, ada: Caller, room: SeenRoom) -> None:
    mia, max = await world.member(room, "Mia", "moderator"), await world.member(room, "Max", "moderator")
    bob, zoe = await world.member(room, "Bob"), await world.member(room, "Zoe")
    code = room.record.code
    for caller, victim in ((bob, zoe), (mia, max), (mia, ada), (ada, ada), (await world.user("Eve"), bob)):
        with pytest.raises(NotAllowed):
            await members.remove(caller, code, victim.user.id)
    await members.remove(mia, code, bob.user.id)
    await members.remove(ada, code, mia.user.id)
    await members.remove(max, code, max.user.id)
    await members.remove(zoe, code, zoe.user.id)
    with pytest.raises(NotFound):
        await members.remove(ada, code, zoe.user.id)


async def test_who_becomes_a_member_waits_in_no_lobby(world: World, ada: Caller) -> None:
    room = await world.room(ada, lobby=True)
    code, eve = room.record.code, await world.user("Eve")
    await world.arrive(ada, code)
    peer, client = await world.enter(code, await world.token(eve, code))
    world.wait_in_lobby(code, peer)
    invitation = await world.services.invitations.create(ada, code, role="member")
    await world.services.invitations.accept(eve, invitation.token)
    await client.hears(Admitted)
    assert peer.role == "member" and world.call(code).lobby == ()
