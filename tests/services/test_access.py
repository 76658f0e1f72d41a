from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest
from livekit import api

from app.auth.access_tokens import AccessTokens
from app.auth.room_tokens import RoomTokens
from app.auth.secret_keys import SecretKeys
from app.config import Limits, Settings
from app.errors import Banned, LimitReached, NotAllowed, NotFound, Unauthorized, Unavailable
from app.rtc.events import Farewell
from app.services import room_memory
from app.services.access import OPEN_GRANTS, Access
from app.services.api_keys import ApiKeys, NewApiKey
from app.services.callers import OPERATOR, Caller
from app.services.roles import grants_of
from app.services.room_memory import RoomMemory
from app.services.rooms import SeenRoom
from app.stores.models import RoomRecord
from app.stores.rooms import RoomRecords
from app.stores.types import now

from .world import World, token_by

KEYS = SecretKeys({"test": "s" * 40})


@pytest.fixture
def access(world: World) -> Access:
    return world.services.access


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


@pytest.fixture
async def room(world: World, ada: Caller) -> SeenRoom:
    return await world.room(ada)


@pytest.fixture
async def key(world: World, ada: Caller) -> NewApiKey:
    """An API key of Ada's."""
    return await world.services.api_keys.create_for(ada, "Booking")


def access_with(world: World, settings: Settings) -> Access:
    """The same, with other settings."""
    services = world.services
    keys = ApiKeys(services.database, KEYS, settings)
    tokens = RoomTokens(KEYS, settings)
    return Access(services.database, tokens, keys, services.live, RoomMemory(), settings)


# Our own tokens.


async def test_a_token_opens_its_room_alone(world: World, access: Access, ada: Caller, room: SeenRoom) -> None:
    other = await world.room(ada)
    token = await world.token(ada, room.record.code)
    entry = await access.admit(room.record.code, token, None)
    assert (entry.config.id, entry.config.name) == (room.record.code, "The kitchen")
    with pytest.raises(NotAllowed, match="for the room"):
        await access.admit(other.record.code, token, None)


async def test_guests_wait_in_the_lobby_members_do_not(world: World, ada: Caller) -> None:
    room = await world.room(ada, lobby=True)
    code = room.record.code
    await world.arrive(await world.member(room, "Bob"), code)
    for caller, name in ((None, "Guest"), (await world.user("Eve"), None)):
        peer, _ = await world.enter(code, await world.token(caller, code, name))
        world.wait_in_lobby(code, peer)
    assert len(world.call(code).lobby) == 2


async def test_the_role_of_now_counts_not_that_of_the_token(world: World, ada: Caller, room: SeenRoom) -> None:
    code, bob = room.record.code, await world.member(room, "Bob")
    token = await world.token(bob, code)
    await world.services.members.change_role(ada, code, bob.user.id, "moderator")
    peer, _ = await world.enter(code, token)
    assert peer.grants.room_admin and peer.role == "moderator"
    await world.services.members.remove(ada, code, bob.user.id)
    with pytest.raises(NotAllowed, match="no member"):
        await world.enter(code, token)


async def test_a_room_that_closes_itself_to_guests_refuses_their_tokens(
    world: World, ada: Caller, room: SeenRoom
) -> None:
    code = room.record.code
    guest, eve = await world.token(None, code, "Guest"), await world.token(await world.user("Eve"), code)
    await world.services.rooms.update(ada, code, {"access": "users"})
    with pytest.raises(Unauthorized):
        await world.enter(code, guest)
    await world.enter(code, eve)
    await world.services.rooms.update(ada, code, {"access": "members"})
    with pytest.raises(NotAllowed):
        await world.enter(code, eve)


async def test_a_token_of_an_account_that_is_gone_is_none(
    world: World, access: Access, settings: Settings, ada: Caller, room: SeenRoom
) -> None:
    tokens = RoomTokens(KEYS, settings)
    ghost = tokens.mint(room=room.record.code, identity=str(OPERATOR), name="Ghost", grants=OPEN_GRANTS, role="guest")
    with pytest.raises(Unauthorized, match="account is gone"):
        await access.admit(room.record.code, ghost.text, None)


async def test_nobody_but_the_holder_of_an_api_key_lets_anybody_use_plain_transports(
    access: Access, settings: Settings, room: SeenRoom, key: NewApiKey
) -> None:
    code = room.record.code
    grants = dataclasses.replace(OPEN_GRANTS, can_use_plain_transports=True)
    guest = RoomTokens(KEYS, settings).mint(room=code, identity="g", name="Guest", grants=grants, role="guest").text
    bot = token_by(key, code, "bot", canUsePlainTransports=True)
    may = [(await access.admit(code, each, None)).admission.grants.can_use_plain_transports for each in (guest, bot)]
    assert may == [False, True]
    assert not any(grants_of(role).can_use_plain_transports for role in ("owner", "moderator", "member", "guest"))


async def test_a_token_for_a_room_that_is_gone_opens_nothing(
    world: World, access: Access, settings: Settings, ada: Caller, room: SeenRoom
) -> None:
    code = room.record.code
    token = await world.token(ada, code)
    await world.services.rooms.delete(ada, code)
    with pytest.raises(NotFound):
        await access.admit(code, token, None)
    entry = await access_with(world, dataclasses.replace(settings, open_rooms=True)).admit(code, token, None)
    assert entry.admission.grants == OPEN_GRANTS


async def test_nobody_but_moderators_comes_before_a_room_opens(world: World, ada: Caller) -> None:
    room = await world.room(ada, starts_at=now() + timedelta(hours=1))
    await world.arrive(ada, room.record.code)
    bob = await world.member(room, "Bob")
    tokens = RoomTokens(KEYS, Settings())
    early = tokens.mint(room=room.record.code, identity=str(bob.user.id), name="Bob", grants=OPEN_GRANTS, role="member")
    with pytest.raises(NotAllowed, match="opens at"):
        await world.enter(room.record.code, early.text)


async def test_an_access_token_is_no_room_token(world: World, access: Access, ada: Caller, room: SeenRoom) -> None:
    token = AccessTokens(KEYS, Settings()).mint(ada.user.id, ada.family_id).text
    for wrong in (token, "nonsense", ""):
        with pytest.raises(Unauthorized):
            await access.admit(room.record.code, wrong, None)
        with pytest.raises(Unauthorized):
            await access.holder(wrong)


# Tokens by API keys.


async def test_livekits_tokens_are_good(world: World, access: Access, key: NewApiKey, room: SeenRoom) -> None:
    token = (
        api.AccessToken(key.record.id, key.secret)
        .with_identity("booker")
        .with_name("The booker")
        .with_metadata("vip")
        .with_attributes({"seat": "7"})
        .with_grants(api.VideoGrants(room_join=True, room=room.record.code, can_publish=False, hidden=True))
        .to_jwt()
    )
    admission = (await access.admit(room.record.code, token, None)).admission
    assert (admission.identity, admission.name, admission.metadata) == ("booker", "The booker", "vip")
    assert (admission.attributes, admission.role, admission.waits_in_lobby) == ({"seat": "7"}, None, False)
    assert admission.grants.hidden and not admission.grants.can_publish and not admission.grants.room_admin


async def test_a_key_opens_its_owners_rooms_and_an_admins_all(
    world: World, access: Access, key: NewApiKey, room: SeenRoom
) -> None:
    members_only = await world.room(await world.user("Eve"), access="members")
    code = members_only.record.code
    with pytest.raises(NotAllowed, match="not of the room's owner"):
        await access.admit(code, token_by(key, code), None)
    root = await world.services.api_keys.create_for(await world.user("Root", admin=True), "All")
    await access.admit(code, token_by(root, code), None)


async def test_a_room_that_does_not_exist_is_made_for_the_keys_owner(
    world: World, access: Access, ada: Caller, key: NewApiKey
) -> None:
    await access.admit("booking-17", token_by(key, "booking-17"), None)
    seen = await world.services.rooms.get(ada, "booking-17")
    assert (seen.role, seen.record.permanent, seen.record.access) == ("owner", False, "members")
    await access.admit("booking-17", token_by(key, "booking-17", "another"), None)
    eves = await world.services.api_keys.create_for(await world.user("Eve"), "Squatting")
    with pytest.raises(NotAllowed):
        await access.admit("booking-17", token_by(eves, "booking-17"), None)


async def test_two_who_come_at_once_meet_in_the_same_new_room(world: World, access: Access, key: NewApiKey) -> None:
    tokens = [token_by(key, "booking-17", identity) for identity in ("ada", "bob", "zoe")]
    await asyncio.gather(*(access.admit("booking-17", token, None) for token in tokens))
    page = await world.services.rooms.page_of_all(10, None)
    assert [record.code for record in page.items] == ["booking-17"]


async def test_such_rooms_count_among_those_of_the_owner(
    world: World, settings: Settings, key: NewApiKey, room: SeenRoom
) -> None:
    access = access_with(world, dataclasses.replace(settings, limits=Limits(max_rooms_per_user=1)))
    with pytest.raises(LimitReached):
        await access.admit("booking-17", token_by(key, "booking-17"), None)


async def test_a_revoked_key_opens_nothing(
    world: World, access: Access, ada: Caller, key: NewApiKey, room: SeenRoom
) -> None:
    token = token_by(key, room.record.code)
    await access.admit(room.record.code, token, None)
    await world.services.api_keys.revoke(ada, key.record.id)
    with pytest.raises(Unauthorized):
        await access.admit(room.record.code, token, None)


async def test_who_deletes_their_account_leaves_no_key(world: World, access: Access) -> None:
    await world.services.accounts.create("zoe@example.org", "correct horse", "Zoe")
    login = await world.services.logins.login("zoe@example.org", "correct horse")
    zoe = await world.services.logins.authenticate(login.access_token.text)
    zoes = await world.services.api_keys.create_for(zoe, "Booking")
    await access.admit("booking-18", token_by(zoes, "booking-18"), None)
    await world.services.accounts.delete(zoe, "correct horse")
    with pytest.raises(Unauthorized):
        await access.admit("booking-18", token_by(zoes, "booking-18"), None)


# No token.


async def test_without_token_nobody_enters(access: Access, room: SeenRoom) -> None:
    for code in (room.record.code, "daily"):
        with pytest.raises(Unauthorized):
            await access.admit(code, None, "zoe")


async def test_where_rooms_are_open_those_without_record_need_no_token(
    world: World, settings: Settings, room: SeenRoom
) -> None:
    access = access_with(world, dataclasses.replace(settings, open_rooms=True))
    entry = await access.admit("daily", None, "zoe")
    assert (entry.config.id, entry.admission.identity, entry.admission.grants) == ("daily", "zoe", OPEN_GRANTS)
    with pytest.raises(Unauthorized):
        await access.admit(room.record.code, None, "zoe")


async def test_of_a_crowd_that_comes_into_an_open_room_the_database_hears_once(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    find = RoomRecords.find_by_code

    async def note(records: RoomRecords, code: str) -> RoomRecord | None:
        asked.append(code)
        return await find(records, code)

    monkeypatch.setattr(RoomRecords, "find_by_code", note)
    monkeypatch.setattr(room_memory, "FRESH", 60.0)
    access = access_with(world, dataclasses.replace(settings, open_rooms=True))
    await world.rooms.get_or_create((await access.admit("daily", None, "zoe")).config)
    for name in ("bob", "cleo"):
        await access.admit("daily", None, name)
    assert asked == ["daily"]
    monkeypatch.setattr(room_memory, "FRESH", 0.0)
    await access.admit("daily", None, "dan")
    assert asked == ["daily", "daily"]


# At REST.


async def test_a_room_token_tells_whose_it_is(
    world: World, access: Access, ada: Caller, key: NewApiKey, room: SeenRoom
) -> None:
    code = room.record.code
    holder = await access.holder(token_by(key, code, "bot", roomAdmin=True))
    assert (holder.code, holder.identity, holder.name, holder.grants.room_admin) == (code, "bot", "bot", True)
    owner = await access.holder(await world.token(ada, code))
    assert owner.name == "Ada" and owner.grants.room_admin
    guest = await access.holder(await world.token(None, code, "Guest"))
    assert not guest.grants.room_admin
    with pytest.raises(NotFound):
        await access.holder(token_by(key, "booking-17", "bot", roomAdmin=True))


async def test_a_banned_token_moderates_nothing(
    world: World, access: Access, ada: Caller, key: NewApiKey, room: SeenRoom
) -> None:
    token = token_by(key, room.record.code, "bot", roomAdmin=True)
    await world.services.bans.add(ada, room.record.code, "identity", "bot")
    with pytest.raises(Banned):
        await access.holder(token)


# Without a database.


async def test_people_come_back_to_calls_that_are_on(world: World, access: Access, ada: Caller, key: NewApiKey) -> None:
    room = await world.room(ada, lobby=True)
    code, bob = room.record.code, await world.member(room, "Bob")
    tokens = [await world.token(ada, code), await world.token(bob, code), token_by(key, code)]
    guest_token = await world.token(None, code, "Guest")
    other = await world.room(ada)
    unopened = await world.token(ada, other.record.code)
    for token in tokens:
        await world.join(code, token)
    world.services.database.problem = "away"
    peers = [(await world.join(code, token))[0] for token in tokens]
    assert [peer.role for peer in peers] == ["owner", "member", None]
    guest, _ = await world.enter(code, guest_token)
    world.wait_in_lobby(code, guest)
    with pytest.raises(Unavailable):
        await access.admit(other.record.code, unopened, None)
    assert (await access.holder(tokens[0])).grants.room_admin


async def test_who_was_sent_away_does_not_come_back_then(world: World, ada: Caller, room: SeenRoom) -> None:
    code = room.record.code
    bob, zoe, eve = await world.member(room, "Bob"), await world.member(room, "Zoe"), await world.user("Eve")
    tokens = [await world.token(each, code) for each in (bob, zoe, eve)]
    await world.arrive(ada, code)
    for token in tokens:
        await world.join(code, token)
    await world.services.members.remove(ada, code, bob.user.id)
    await world.services.members.change_role(ada, code, zoe.user.id, "moderator")
    await world.services.bans.add(ada, code, "identity", str(eve.user.id))
    world.services.database.problem = "away"
    with pytest.raises(NotAllowed, match="no member"):
        await world.enter(code, tokens[0])
    peer, _ = await world.enter(code, tokens[1])
    assert peer.role == "moderator"
    with pytest.raises(Banned):
        await world.enter(code, tokens[2])


async def test_open_rooms_that_are_on_stay_open_then(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_memory, "FRESH", 0.0)
    access = access_with(world, dataclasses.replace(settings, open_rooms=True))
    entry = await access.admit("daily", None, "zoe")
    await world.rooms.get_or_create(entry.config)
    world.services.database.problem = "away"
    await access.admit("daily", None, "bob")
    with pytest.raises(Unavailable):
        await access.admit("weekly", None, "zoe")


async def test_what_was_known_of_a_call_is_forgotten_with_it(world: World, ada: Caller, room: SeenRoom) -> None:
    code = room.record.code
    token = await world.token(ada, code)
    await world.join(code, token)
    world.call(code).close(Farewell.ROOM_EMPTY)
    world.services.database.problem = "away"
    with pytest.raises(Unavailable):
        await world.enter(code, token)
