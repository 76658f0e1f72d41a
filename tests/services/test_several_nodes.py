"""Tests of what is done on one node for calls that are on on others."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence

import pytest

from app.bus.in_process import InProcessBus
from app.config import Settings
from app.errors import NotAllowed, NotFound
from app.rtc.events import DataMessage, Farewell, RoomClosed, RoomUpdated
from app.rtc.moderation_events import Admitted, MutedByModerator, PermissionsChanged, Removed
from app.rtc.worker_pool import WorkerPool
from app.services.ad_hoc_rooms import DeleteAdHoc
from app.services.callers import Caller
from app.services.nodes import Nodes as NodesService
from app.services.retention import Retention
from app.services.rooms import SeenRoom
from app.services.services import Services
from app.services.this_node import ThisNode
from app.stores.models import SessionRecord
from tests.rtc.fakes import until
from tests.rtc.nodes import Nodes
from tests.rtc.parameters import give_transports
from tests.rtc.people import speak

from .world import World


@pytest.fixture
async def worlds(pool: WorkerPool, settings: Settings, database_url: str) -> AsyncIterator[list[World]]:
    """Two nodes that share a database: all is done on the first one, and the calls are on the second."""
    settings = dataclasses.replace(
        settings, database_url=database_url, database_timeout_seconds=10, secret_keys=("test:" + "s" * 40,)
    )
    nodes = Nodes(pool, settings)
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
