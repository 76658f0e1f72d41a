from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from app.auth.grants import Grants
from app.auth.ice_servers import IceServer, IceServers
from app.auth.room_tokens import RoomTokens
from app.auth.secret_keys import SecretKeys
from app.config import Settings
from app.errors import BadRequest, NotAllowed, NotFound, RoomLocked, Unauthorized
from app.rtc.events import Farewell
from app.services.callers import Caller, Holder, operator
from app.services.joining import Joining
from app.stores.types import now

from .cluster import Cluster, Nobody
from .world import World


@pytest.fixture
def joining(world: World) -> Joining:
    return world.services.joining


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


def joining_with(world: World, settings: Settings) -> Joining:
    """The same, with other settings."""
    services = world.services
    tokens = RoomTokens(SecretKeys({"test": "s" * 40}), settings)
    return Joining(services.database, tokens, IceServers(settings), services.live, services.nodes, settings)


async def test_members_come_with_their_name_and_role(world: World, joining: Joining, ada: Caller) -> None:
    room = await world.room(ada)
    code, mia = room.record.code, await world.member(room, "Mia", "moderator")
    ticket = await joining.join(mia, code, None)
    assert (ticket.code, ticket.identity, ticket.role) == (code, str(mia.user.id), "moderator")
    assert ticket.room is not None and ticket.room.record.name == "The kitchen"
    entry = await world.services.access.admit(code, ticket.token.text, None)
    assert (entry.admission.name, entry.admission.role) == ("Mia", "moderator")
    assert entry.admission.token_id == ticket.token.token_id
    assert entry.admission.grants.room_admin and not entry.admission.waits_in_lobby


async def test_the_ticket_leads_to_the_node_that_has_the_call(
    world: World, joining: Joining, ada: Caller, cluster: Cluster
) -> None:
    code = (await world.room(ada)).record.code
    assert (await joining.join(ada, code, None)).url is None
    other = await cluster.add("other")
    await other.open(code, 0, Nobody())
    assert (await joining.join(None, code, "Guest")).url == "wss://other.example.org/ws"


async def test_guests_need_a_name_and_are_somebody_else_each_time(world: World, joining: Joining, ada: Caller) -> None:
    code = (await world.room(ada)).record.code
    with pytest.raises(BadRequest) as refused:
        await joining.join(None, code, None)
    assert list(refused.value.fields) == ["displayName"]
    one, other = [await joining.join(None, code, "Guest") for _ in range(2)]
    assert one.role == other.role == "guest" and one.identity.startswith("guest-")
    assert one.identity != other.identity


async def test_who_is_no_member_joins_as_far_as_the_room_allows(world: World, joining: Joining, ada: Caller) -> None:
    eve = await world.user("Eve")
    for_users = (await world.room(ada, access="users")).record.code
    assert (await joining.join(eve, for_users, "Evie")).role == "guest"
    with pytest.raises(Unauthorized):
        await joining.join(None, for_users, "Guest")
    for_members = (await world.room(ada, access="members")).record.code
    with pytest.raises(NotAllowed, match="members only"):
        await joining.join(eve, for_members, None)
    assert (await joining.join(await world.user("Root", admin=True), for_members, None)).role == "owner"


async def test_a_locked_room_is_for_moderators_and_those_who_were_there(
    world: World, joining: Joining, ada: Caller
) -> None:
    room = await world.room(ada)
    code, bob = room.record.code, await world.member(room, "Bob")
    await world.arrive(bob, code)
    await world.services.rooms.update(ada, code, {"locked": True})
    await joining.join(bob, code, None)
    await joining.join(ada, code, None)
    with pytest.raises(RoomLocked):
        await joining.join(await world.member(room, "Zoe"), code, None)
    # What a moderator in the call says, counts for the call.
    call = world.call(code)
    call.configure(dataclasses.replace(call.config, locked=False))
    await joining.join(None, code, "Guest")


async def test_a_room_opens_and_ends_at_its_time(world: World, joining: Joining, ada: Caller) -> None:
    tomorrow = (await world.room(ada, starts_at=now() + timedelta(days=1))).record.code
    with pytest.raises(NotAllowed, match="opens at"):
        await joining.join(None, tomorrow, "Guest")
    await world.arrive(ada, tomorrow)
    over = (await world.room(ada, ends_at=now() - timedelta(days=1))).record.code
    with pytest.raises(NotAllowed, match="over"):
        await joining.join(ada, over, None)


async def test_what_does_not_exist_can_be_joined_where_rooms_are_open(
    world: World, joining: Joining, settings: Settings, ada: Caller
) -> None:
    with pytest.raises(NotFound):
        await joining.join(None, "daily", "Guest")
    is_open = joining_with(world, dataclasses.replace(settings, open_rooms=True))
    ticket = await is_open.join(None, "daily", "Guest")
    assert ticket.room is None and ticket.role == "guest"
    members_only = (await world.room(ada, access="members")).record.code
    with pytest.raises(Unauthorized):
        await is_open.join(None, members_only, "Guest")


async def test_it_tells_ice_servers(world: World, settings: Settings, ada: Caller) -> None:
    joining = joining_with(world, dataclasses.replace(settings, stun_urls=("stun:stun.example.org",)))
    ticket = await joining.join(ada, (await world.room(ada)).record.code, None)
    assert ticket.ice_servers == (IceServer(("stun:stun.example.org",)),)


async def test_the_operator_joins_nothing(world: World, joining: Joining, ada: Caller) -> None:
    with pytest.raises(NotAllowed):
        await joining.join(operator(), (await world.room(ada)).record.code, None)


async def test_who_leaves_is_gone_from_everywhere(world: World, joining: Joining, ada: Caller) -> None:
    code = (await world.room(ada)).record.code
    token = await world.token(ada, code)
    desk, client = await world.join(code, token, "desk")
    phone, _ = await world.join(code, token, "phone")
    guest, _ = await world.join(code, await world.token(None, code, "Guest"))
    await joining.leave(ada, code)
    assert desk.closed and phone.closed and not guest.closed
    assert client.farewell is Farewell.LEFT
    holder = Holder(code=code, room=None, identity=guest.identity, name="Guest", grants=Grants())
    with pytest.raises(NotAllowed):
        await joining.leave(holder, "another")
    await joining.leave(holder, code)
    assert guest.closed
    await joining.leave(ada, "no-such-call")
