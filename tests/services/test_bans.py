from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from app.auth.grants import Grants
from app.config import Limits, Settings
from app.errors import BadRequest, Banned, LimitReached, NotAllowed, NotFound, Unauthorized
from app.rtc.events import Actor, Farewell
from app.rtc.room_config import RoomConfig
from app.services.bans import Bans
from app.services.callers import Caller, Holder
from app.services.rooms import SeenRoom
from app.services.write_behind import WriteBehind
from app.stores.types import now
from tests.rtc.people import enter

from .world import World


@pytest.fixture
def bans(world: World) -> Bans:
    return world.services.bans


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


@pytest.fixture
async def room(world: World, ada: Caller) -> SeenRoom:
    return await world.room(ada)


async def test_who_is_banned_leaves_and_stays_away(world: World, bans: Bans, ada: Caller, room: SeenRoom) -> None:
    code, eve = room.record.code, await world.user("Eve")
    token = await world.token(eve, code)
    peer, client = await world.join(code, token)
    await bans.add(ada, code, "identity", str(eve.user.id), reason="noise")
    assert peer.closed and client.farewell is Farewell.BANNED
    with pytest.raises(Banned):
        await world.enter(code, token)
    with pytest.raises(Banned):
        await world.token(eve, code)


async def test_a_ban_is_on_record_when_the_call_has_ended(
    world: World, bans: Bans, ada: Caller, room: SeenRoom
) -> None:
    code, eve = room.record.code, await world.user("Eve")
    token = await world.token(eve, code)
    await bans.add(ada, code, "identity", str(eve.user.id))
    assert world.rooms.get(code) is None
    with pytest.raises(Banned):
        await world.services.access.admit(code, token, None)


async def test_a_token_can_be_revoked_whoever_holds_it(world: World, bans: Bans, ada: Caller, room: SeenRoom) -> None:
    code = room.record.code
    ticket = await world.services.joining.join(None, code, "Guest")
    peer, _ = await world.join(code, ticket.token.text)
    await bans.add(ada, code, "token", ticket.token.token_id)
    assert peer.closed
    with pytest.raises(Unauthorized, match="revoked"):
        await world.enter(code, ticket.token.text)
    with pytest.raises(Unauthorized, match="revoked"):
        await world.services.access.holder(ticket.token.text)
    await world.join(code, await world.token(None, code, "Guest"))


async def test_a_ban_can_be_lifted(world: World, bans: Bans, ada: Caller, room: SeenRoom) -> None:
    code, eve = room.record.code, await world.user("Eve")
    await world.arrive(ada, code)
    token = await world.token(eve, code)
    ban = await bans.add(ada, code, "identity", str(eve.user.id))
    await bans.delete(ada, code, ban.id)
    await world.join(code, token)
    with pytest.raises(NotFound):
        await bans.delete(ada, code, ban.id)


async def test_a_ban_ends(world: World, bans: Bans, ada: Caller, room: SeenRoom) -> None:
    code, eve = room.record.code, await world.user("Eve")
    with pytest.raises(BadRequest):
        await bans.add(ada, code, "identity", str(eve.user.id), expires_at=now() - timedelta(seconds=1))
    ban = await bans.add(ada, code, "identity", str(eve.user.id), expires_at=now() + timedelta(hours=1))
    with pytest.raises(Banned):
        await world.token(eve, code)
    async with world.services.database.transaction() as tx:
        (await tx.merge(ban)).expires_at = now() - timedelta(seconds=1)
    await world.arrive(eve, code)


async def test_a_second_ban_replaces_the_first(bans: Bans, ada: Caller, room: SeenRoom) -> None:
    code = room.record.code
    first = await bans.add(ada, code, "identity", "guest-1", reason="noise", expires_at=now() + timedelta(hours=1))
    second = await bans.add(ada, code, "identity", "guest-1", reason="more noise")
    page = await bans.page(ada, code, 10, None)
    assert [(each.id, each.reason, each.expires_at) for each in page.items] == [(first.id, "more noise", None)]
    assert second.id == first.id


async def test_who_may_ban_whom(world: World, bans: Bans, ada: Caller, room: SeenRoom) -> None:
    code, mia = room.record.code, await world.member(room, "Mia", "moderator")
    bob, eve = await world.member(room, "Bob"), await world.user("Eve")
    for caller, victim in ((bob, eve), (eve, bob), (mia, ada), (mia, mia), (ada, ada)):
        with pytest.raises(NotAllowed):
            await bans.add(caller, code, "identity", str(victim.user.id))
    for caller in (bob, eve):
        with pytest.raises(NotAllowed):
            await bans.page(caller, code, 10, None)
    await bans.add(mia, code, "identity", str(bob.user.id))


async def test_the_holder_of_a_moderating_token_may_ban_in_its_room(
    world: World, bans: Bans, ada: Caller, room: SeenRoom
) -> None:
    code = room.record.code
    bot = Holder(code=code, room=None, identity="bot", name="Bot", grants=Grants(room_admin=True))
    ban = await bans.add(bot, code, "identity", "guest-1")
    assert ban.created_by is None
    await bans.delete(bot, code, ban.id)
    other = (await world.room(ada)).record.code
    for holder, where in ((dataclasses.replace(bot, grants=Grants()), code), (bot, other)):
        with pytest.raises(NotAllowed):
            await bans.add(holder, where, "identity", "guest-1")


async def test_bans_are_limited(world: World, settings: Settings, ada: Caller, room: SeenRoom) -> None:
    settings = dataclasses.replace(settings, limits=Limits(max_members_per_room=1))
    services = world.services
    bans = Bans(services.database, services.live, WriteBehind(services.database), settings)
    await bans.add(ada, room.record.code, "identity", "guest-1")
    with pytest.raises(LimitReached):
        await bans.add(ada, room.record.code, "identity", "guest-2")


async def test_a_ban_made_in_the_call_is_kept(world: World, bans: Bans, ada: Caller, room: SeenRoom) -> None:
    code = room.record.code
    await world.arrive(ada, code)
    guest, _ = await world.join(code, await world.token(None, code, "Guest"))
    world.call(code).ban_peer(guest.id, Actor(peer_id=None, name="Ada"))
    await world.services.history.writes.flush()
    page = await bans.page(ada, code, 10, None)
    assert [(each.kind, each.value, each.reason) for each in page.items] == [
        ("identity", guest.identity, "banned in the call by Ada")
    ]


async def test_a_ban_in_a_room_without_record_is_for_the_call_alone(world: World) -> None:
    call = await world.rooms.get_or_create(RoomConfig(id="open"))
    guest, _ = enter(call, "guest-1")
    call.ban_peer(guest.id, Actor(peer_id=None, name="Ada"))
    await world.services.history.writes.flush()
    assert guest.closed
