"""Tests of what is done on one node for calls that are on on others."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence

import pytest

from app.bus.in_process import InProcessBus
from app.bus.redis_bus import RedisBus
from app.config import Settings
from app.errors import NotAllowed, NotFound, Unavailable
from app.rtc.events import DataMessage, Farewell, RoomClosed, RoomUpdated
from app.rtc.moderation_events import Admitted, MutedByModerator, PermissionsChanged, Removed
from app.rtc.worker_pool import WorkerPool
from app.services import late_deeds
from app.services.ad_hoc_rooms import DeleteAdHoc
from app.services.callers import Caller
from app.services.deeds import SetRole
from app.services.moderation_deeds import Permit
from app.services.nodes import Nodes as NodesService
from app.services.retention import Retention
from app.services.roles import grants_of
from app.services.rooms import SeenRoom
from app.services.services import Services
from app.services.this_node import ThisNode
from app.stores.models import SessionRecord
from tests.bus.people import describe
from tests.redis_server import RedisServer
from tests.rtc.fakes import until
from tests.rtc.nodes import Nodes
from tests.rtc.parameters import give_transports
from tests.rtc.people import HOST, speak

from .cluster import Nobody
from .waiting import eventually
from .world import World

#: Marks tests of nodes that a Redis connects.
OVER_REDIS = pytest.mark.parametrize("redis", [True], indirect=True)


@pytest.fixture
def redis(request: pytest.FixtureRequest) -> RedisServer | None:
    """What connects the nodes, if that is to be a Redis."""
    return request.getfixturevalue("redis_server") if getattr(request, "param", False) else None


@pytest.fixture
async def worlds(
    pool: WorkerPool, settings: Settings, database_url: str, redis: RedisServer | None
) -> AsyncIterator[list[World]]:
    """Two nodes that share a database: all is done on the first one, and the calls are on the second."""
    settings = dataclasses.replace(
        settings, database_url=database_url, database_timeout_seconds=10, secret_keys=("test:" + "s" * 40,)
    )
    nodes = Nodes(pool, settings, redis)
    worlds = []
    for node in await nodes.start("here", "there"):
        this = ThisNode(node.name, settings, tuple)
        services = Services(settings, node.rooms, NodesService(node.bus, this, settings))
        services.start()
        worlds.append(World(services, node.rooms))
    await until(lambda: all(world.services.database.problem is None for world in worlds))
    yield worlds
    for world in worlds:
        await world.rooms.close()
        await world.services.close()
    await nodes.close()


@pytest.fixture
def here(worlds: list[World]) -> World:
    """The node whose REST API is used."""
    return worlds[0]


@pytest.fixture
def there(worlds: list[World]) -> World:
    """The node with the call."""
    return worlds[1]


async def calls_of(world: World, caller: Caller, code: str) -> Sequence[SessionRecord]:
    """Give what is written down of the calls in a room."""
    return (await world.services.past_calls.sessions(caller, code, limit=10, cursor=None)).items


@pytest.fixture
async def ada(here: World) -> Caller:
    return await here.user("Ada")


@pytest.fixture
async def kitchen(here: World, ada: Caller) -> SeenRoom:
    return await here.room(ada)


async def test_a_call_elsewhere_is_moderated(here: World, there: World, ada: Caller, kitchen: SeenRoom) -> None:
    code, moderation = kitchen.record.code, here.services.moderation
    bobs = await here.member(kitchen, "Bob")
    bob, client = await there.arrive(bobs, code)
    await give_transports(bob)
    microphone = await speak(there.call(code), bob)
    (found,) = await moderation.participants(ada, code)
    assert (found.peer_id, found.identity, found.role, found.lobby) == (bob.id, bob.identity, "member", False)
    assert [track.producer_id for track in found.tracks] == [microphone.id]
    assert await moderation.participant(ada, code, bob.id) == found
    await moderation.mute(ada, code, bob.id, microphone.id, True)
    await client.hears(MutedByModerator, producer_id=microphone.id)
    assert await moderation.send(ada, code, payload="hello", topic="news") == 1
    await client.hears(DataMessage, payload="hello")
    changed = await moderation.permit(ada, code, bob.id, {"can_publish": False})
    assert changed.permissions["can_publish"] is False
    await client.hears(PermissionsChanged)
    with pytest.raises(NotFound):
        await moderation.remove(ada, code, "nobody")
    with pytest.raises(NotAllowed):
        await moderation.remove(bobs, code, bob.id)
    await moderation.ban(ada, code, bob.id)
    await client.hears(Removed, reason="banned")


async def test_changes_of_the_rights_of_somebody_elsewhere_do_not_undo_each_other(
    here: World, there: World, ada: Caller, kitchen: SeenRoom
) -> None:
    code = kitchen.record.code
    await here.arrive(ada, code)
    bob, _ = await there.arrive(await here.member(kitchen, "Bob"), code)
    room = here.call(code)
    await until(lambda: bob.id in {fact.id for fact in room.elsewhere.joined})
    # None of them waits until the part where Bob is says what he may do now.
    await SetRole(bob.identity, "moderator", HOST).do(room)
    await Permit(HOST, False, bob.id, {"can_publish": False}).do(room)
    await Permit(HOST, True, bob.id, {"can_publish_sources": ["camera"]}).do(room)
    restricted = dataclasses.replace(
        grants_of("moderator"), can_publish=False, can_publish_sources=frozenset({"camera"})
    )
    await until(lambda: bob.grants == restricted)
    assert bob.role == "moderator"


async def test_who_was_demoted_elsewhere_is_made_no_moderator_by_others(
    here: World, there: World, ada: Caller, kitchen: SeenRoom
) -> None:
    code = kitchen.record.code
    await here.arrive(ada, code)
    bob, client = await there.arrive(await here.member(kitchen, "Bob", "moderator"), code)
    room = here.call(code)
    await until(lambda: bob.id in {fact.id for fact in room.elsewhere.joined})
    await SetRole(bob.identity, "member", HOST).do(room)
    await Permit(HOST, False, bob.id, {"room_admin": True, "can_publish": False}).do(room)
    await until(lambda: not bob.grants.can_publish)
    assert (bob.role, bob.grants) == ("member", dataclasses.replace(grants_of("member"), can_publish=False))
    assert not any(told.permissions["roomAdmin"] for told in client.all(PermissionsChanged))


async def test_who_waits_elsewhere_is_admitted(here: World, there: World, ada: Caller) -> None:
    code = (await here.room(ada, lobby=True)).record.code
    await there.arrive(ada, code)
    guest, client = await there.enter(code, await here.token(None, code, "Guest"))
    there.wait_in_lobby(code, guest)
    await here.services.moderation.admit(ada, code, guest.id)
    await client.hears(Admitted)


async def test_a_room_without_a_call_on_any_node_has_no_participants(
    here: World, ada: Caller, kitchen: SeenRoom
) -> None:
    with pytest.raises(NotFound):
        await here.services.moderation.participants(ada, kitchen.record.code)


async def test_changes_of_a_room_reach_the_call_elsewhere(
    here: World, there: World, ada: Caller, kitchen: SeenRoom
) -> None:
    code = kitchen.record.code
    bobs = await here.member(kitchen, "Bob")
    (_, adas), (_, client) = await there.arrive(ada, code), await there.arrive(bobs, code)
    await here.services.rooms.update(ada, code, {"locked": True})
    await adas.hears(RoomUpdated, locked=True)
    await here.services.members.change_role(ada, code, bobs.user.id, "moderator")
    await client.hears(PermissionsChanged, role="moderator")
    await here.services.joining.leave(bobs, code)
    await until(lambda: client.farewell is Farewell.LEFT)
    await here.services.rooms.delete(ada, code)
    await adas.hears(RoomClosed, reason="room-closed")


async def test_a_room_with_a_call_elsewhere_is_seen_so(
    here: World, there: World, ada: Caller, kitchen: SeenRoom
) -> None:
    code = kitchen.record.code
    await there.arrive(ada, code)
    there.call(code).lock(True, None)
    await until(lambda: there.call(code).config.locked)
    seen = await here.services.rooms.get(ada, code)
    assert (len(seen.participants), seen.locked) == (1, True)


async def test_one_call_on_two_nodes_is_one_in_the_history(
    here: World, there: World, ada: Caller, kitchen: SeenRoom
) -> None:
    code = kitchen.record.code
    bobs = await here.member(kitchen, "Bob")
    (ada_peer, _), (bob, _) = await here.arrive(ada, code), await there.arrive(bobs, code)
    first, second = here.call(code), there.call(code)
    ada_peer.close()
    first.close(Farewell.ROOM_EMPTY)
    await until(lambda: not len(second.elsewhere))
    (call,) = await calls_of(here, ada, code)
    assert call.ended_at is None
    bob.close()
    second.close(Farewell.ROOM_EMPTY)
    for world in (here, there):
        await world.services.history.writes.flush()
    (call,) = await calls_of(here, ada, code)
    assert (call.ended_at is not None, call.peak_participants, call.end_reason) == (True, 2, "room-empty")


async def test_a_part_that_ends_does_not_take_the_room_for_one_call_along(
    here: World, there: World, ada: Caller
) -> None:
    code = (await here.room(ada, permanent=False)).record.code
    await here.arrive(ada, code)
    bob, _ = await there.join(code, await here.token(None, code, "Bob"))
    here.call(code).close(Farewell.ROOM_EMPTY)
    async with here.services.database.transaction() as tx:
        await DeleteAdHoc(code, here.rooms).apply(tx)
    assert (await here.services.rooms.get(ada, code)).record.code == code
    there.call(code).close(Farewell.ROOM_EMPTY)
    await until(lambda: there.rooms.get(code) is None)
    await there.rooms.close()
    await there.services.history.writes.flush()
    with pytest.raises(NotFound):
        await here.services.rooms.get(ada, code)
    assert bob.closed


async def test_calls_that_are_on_elsewhere_are_not_lost(
    here: World, there: World, ada: Caller, kitchen: SeenRoom, settings: Settings
) -> None:
    await there.arrive(ada, kitchen.record.code)
    await there.services.history.writes.flush()
    await Retention(here.services.database, settings, here.rooms).end_lost_calls()
    (call,) = await calls_of(here, ada, kitchen.record.code)
    assert call.ended_at is None


async def test_the_calls_of_a_node_that_is_lost_end_in_the_history_unless_they_go_on_elsewhere(
    here: World, there: World, ada: Caller, kitchen: SeenRoom
) -> None:
    cellar = await here.room(ada)
    codes = kitchen.record.code, cellar.record.code
    bobs = await here.member(kitchen, "Bob")
    await here.arrive(ada, codes[0])
    await there.arrive(bobs, codes[0])
    await there.arrive(ada, codes[1])
    for world in (here, there):
        await world.services.history.writes.flush()
    bus = there.rooms.bus
    assert isinstance(bus, InProcessBus)
    await bus.close()
    ended = False
    async with asyncio.timeout(20):
        while not ended:
            ended = (await calls_of(here, ada, codes[1]))[0].ended_at is not None
    (call,) = await calls_of(here, ada, codes[0])
    assert call.ended_at is None


@OVER_REDIS
async def test_a_call_whose_parts_end_while_redis_is_away_has_an_end_in_the_history(
    here: World, there: World, ada: Caller, kitchen: SeenRoom, redis: RedisServer
) -> None:
    code = kitchen.record.code
    bobs = await here.member(kitchen, "Bob")
    await here.arrive(ada, code)
    await there.arrive(bobs, code)
    parts = here.call(code), there.call(code)
    await until(lambda: all(len(part.elsewhere) == 1 for part in parts))
    redis.freeze()
    for world in (here, there):
        await cut_off(world)
        world.call(code).close(Farewell.ROOM_EMPTY)
    for world in (here, there):
        await world.services.history.writes.flush()
    assert (await calls_of(here, ada, code))[0].ended_at is None
    redis.thaw()

    async def ended() -> bool:
        return (await calls_of(here, ada, code))[0].ended_at is not None

    await eventually(ended)


@OVER_REDIS
async def test_while_nobody_knows_that_a_node_died_the_others_are_asked(
    here: World, there: World, ada: Caller, kitchen: SeenRoom, redis: RedisServer
) -> None:
    code, moderation = kitchen.record.code, here.services.moderation
    bob, client = await there.arrive(await here.member(kitchen, "Bob"), code)
    dead = RedisBus(redis.url, "dead", lambda: describe("dead"), lease=60)
    await dead.start()
    await dead.open(code, 0, Nobody())
    # Its connections close, and it says nothing.
    assert dead._running is not None
    dead._running.cancel()
    await asyncio.gather(dead._running, return_exceptions=True)
    assert [each.peer_id for each in await moderation.participants(ada, code)] == [bob.id]
    await moderation.remove(ada, code, bob.id)
    await client.hears(Removed)


@OVER_REDIS
async def test_what_is_changed_while_redis_is_away_reaches_the_call_elsewhere_later(
    here: World, there: World, ada: Caller, kitchen: SeenRoom, redis: RedisServer
) -> None:
    code = kitchen.record.code
    bobs = await here.member(kitchen, "Bob")
    _, client = await there.arrive(bobs, code)
    redis.freeze()
    await cut_off(here)
    await here.services.members.change_role(ada, code, bobs.user.id, "moderator")
    await here.services.rooms.update(ada, code, {"locked": True})
    await here.services.rooms.delete(ada, code)
    redis.thaw()
    await client.hears(PermissionsChanged, role="moderator")
    await client.hears(RoomUpdated, locked=True)
    await client.hears(RoomClosed, reason="room-closed")


@OVER_REDIS
async def test_no_more_waits_for_redis_than_there_is_room_for(
    here: World, ada: Caller, kitchen: SeenRoom, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_deeds, "MAX_WAITING", 1)
    redis.freeze()
    await cut_off(here)
    await here.services.rooms.update(ada, kitchen.record.code, {"locked": True})
    with pytest.raises(Unavailable):
        await here.services.rooms.update(ada, kitchen.record.code, {"locked": False})


async def cut_off(world: World) -> None:
    """Wait until a node knows that it has no bus."""
    bus = world.rooms.bus
    assert bus is not None
    await until(lambda: bus.problem, seconds=5)
