from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.auth.grants import Grants
from app.config import Settings
from app.errors import Unavailable
from app.mediasoup.worker import Worker
from app.rtc.events import Actor, Farewell
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.services.history import History, Presence
from app.stores.database import Database
from app.stores.models import ParticipantRecord, RoomRecord, SessionRecord, User
from app.stores.participants import Participants
from app.stores.rooms import RoomRecords
from app.stores.sessions import Sessions
from tests.databases import PostgresServer
from tests.rtc.fakes import until

from .conftest import ArriveAt, add_owner, add_room

OpenRoom = Callable[[str], Awaitable[Room]]
BOSS = Actor(peer_id=None, name="The boss")


@pytest.fixture
async def history(rooms: RoomManager, database: Database, settings: Settings) -> AsyncIterator[History]:
    history = History(rooms, database, settings)
    history.start()
    yield history
    await history.close()


async def written(history: History) -> None:
    async with asyncio.timeout(20):
        await history.writes.flush()


async def sessions_of(database: Database, record: RoomRecord) -> Sequence[SessionRecord]:
    async with database.transaction(read_only=True) as tx:
        return (await Sessions(tx).page(record.id, limit=1_000)).items


async def participants_of(database: Database, session: SessionRecord) -> Sequence[ParticipantRecord]:
    async with database.transaction(read_only=True) as tx:
        return (await Participants(tx).page(session.id, limit=1_000)).items


async def only_session(database: Database, record: RoomRecord) -> SessionRecord:
    (session,) = await sessions_of(database, record)
    return session


async def test_a_call_is_written_down(
    history: History, database: Database, record: RoomRecord, open_room: OpenRoom, arrive_at: ArriveAt
) -> None:
    start = datetime.now(UTC)
    room = await open_room("kitchen")
    ada, _ = await arrive_at(room, "ada")
    bob, _ = await arrive_at(room, "bob")
    bob.close("connection-lost")
    await arrive_at(room, "bob")
    room.close(Farewell.ROOM_CLOSED)
    await written(history)
    session = await only_session(database, record)
    assert session.ended_at is not None
    assert start <= session.started_at <= session.ended_at <= datetime.now(UTC)
    assert (session.end_reason, session.peak_participants) == ("room-closed", 2)
    people = await participants_of(database, session)
    assert [(each.identity, each.display_name, each.leave_reason) for each in people] == [
        ("ada", "Ada", "room-closed"),
        ("bob", "Bob", "connection-lost"),
        ("bob", "Bob", "room-closed"),
    ]
    assert people[0].joined_at == ada.joined_at == session.started_at
    assert all(each.left_at is not None and each.joined_at <= each.left_at for each in people)


async def test_a_call_that_is_on_has_no_end(
    history: History, database: Database, record: RoomRecord, open_room: OpenRoom, arrive_at: ArriveAt
) -> None:
    await arrive_at(await open_room("kitchen"), "ada")
    await written(history)
    session = await only_session(database, record)
    (ada,) = await participants_of(database, session)
    assert (session.ended_at, session.end_reason, ada.left_at, ada.leave_reason) == (None,) * 4


@pytest.mark.parametrize("farewell", [Farewell.REMOVED, Farewell.PERMISSIONS_CHANGED])
async def test_who_has_to_leave_left_for_that_reason(
    history: History,
    database: Database,
    record: RoomRecord,
    open_room: OpenRoom,
    arrive_at: ArriveAt,
    farewell: Farewell,
) -> None:
    room = await open_room("kitchen")
    await arrive_at(room, "ada")
    room.remove("ada", BOSS, farewell)
    await written(history)
    (ada,) = await participants_of(database, await only_session(database, record))
    assert ada.leave_reason == farewell.value


async def test_a_dead_worker_does_not_end_the_call_in_the_history(
    history: History,
    database: Database,
    record: RoomRecord,
    open_room: OpenRoom,
    arrive_at: ArriveAt,
    worker: Worker,
) -> None:
    room = await open_room("kitchen")
    await arrive_at(room, "ada")
    worker.close()
    await until(lambda: not room.quarters.router.closed)
    room.close(Farewell.ROOM_CLOSED)
    await written(history)
    session = await only_session(database, record)
    (ada,) = await participants_of(database, session)
    assert (session.end_reason, ada.leave_reason) == ("room-closed", "room-closed")


async def test_a_room_that_nobody_joined_had_no_call(
    history: History, database: Database, record: RoomRecord, open_room: OpenRoom
) -> None:
    (await open_room("kitchen")).close(Farewell.ROOM_EMPTY)
    await written(history)
    assert await sessions_of(database, record) == []


async def test_each_call_in_a_room_is_another_session(
    history: History, database: Database, record: RoomRecord, open_room: OpenRoom, arrive_at: ArriveAt
) -> None:
    for reason in (Farewell.ROOM_EMPTY, Farewell.ROOM_CLOSED):
        room = await open_room("kitchen")
        await arrive_at(room, "ada")
        room.close(reason)
    await written(history)
    assert [each.end_reason for each in await sessions_of(database, record)] == ["room-closed", "room-empty"]


async def test_rooms_without_a_record_leave_no_history(
    history: History, database: Database, record: RoomRecord, open_room: OpenRoom, arrive_at: ArriveAt
) -> None:
    cellar = await open_room("cellar")
    await arrive_at(cellar, "ada")
    await arrive_at(await open_room("kitchen"), "bob")
    await written(history)
    assert [each.peer.id for each in history.present] == ["bob"]
    cellar.close(Farewell.ROOM_CLOSED)
    await written(history)
    assert history.writes.lost == 0
    assert len(await sessions_of(database, record)) == 1


async def test_a_room_that_is_deleted_takes_its_history_with_it_and_no_other(
    history: History, database: Database, owner: User, record: RoomRecord, open_room: OpenRoom, arrive_at: ArriveAt
) -> None:
    cellar_record = await add_room(database, "cellar", owner)
    kitchen, cellar = await open_room("kitchen"), await open_room("cellar")
    await arrive_at(cellar, "ada")
    await written(history)
    async with database.transaction() as tx:
        await RoomRecords(tx).delete(cellar_record)
    await arrive_at(cellar, "bob")
    await arrive_at(kitchen, "cyd")
    cellar.close(Farewell.ROOM_CLOSED)
    await written(history)
    assert await sessions_of(database, cellar_record) == []
    assert history.writes.lost == 0
    (cyd,) = await participants_of(database, await only_session(database, record))
    assert cyd.identity == "cyd"


async def test_accounts_are_known_by_our_tokens_alone(
    history: History, database: Database, owner: User, record: RoomRecord, open_room: OpenRoom, arrive_at: ArriveAt
) -> None:
    room, identity = await open_room("kitchen"), str(owner.id)
    own, _ = await arrive_at(room, identity, role="owner")
    own.close()
    theirs, _ = await arrive_at(room, identity)
    theirs.close()
    await arrive_at(room, str(uuid4()), role="member")
    await arrive_at(room, "guest-of-ours", role="guest")
    await written(history)
    people = await participants_of(database, await only_session(database, record))
    assert [each.user_id for each in people] == [owner.id, None, None, None]


async def test_a_name_that_no_database_keeps_is_kept_without_what_it_refuses(
    history: History, database: Database, record: RoomRecord, open_room: OpenRoom, arrive_at: ArriveAt
) -> None:
    await arrive_at(await open_room("kitchen"), "ada", grants=Grants(), name="A\0da")
    await written(history)
    (ada,) = await participants_of(database, await only_session(database, record))
    assert ada.display_name == "Ada"


async def test_presence_is_told_from_joining_to_leaving(
    history: History, record: RoomRecord, open_room: OpenRoom, arrive_at: ArriveAt
) -> None:
    came: list[Presence] = []
    went: list[Presence] = []
    history.on_join.add(came.append)
    history.on_leave.add(went.append)
    ada, _ = await arrive_at(await open_room("kitchen"), "ada")
    assert list(history.present) == came
    assert (came[0].peer, went) == (ada, [])
    ada.close()
    assert went == came
    assert list(history.present) == []


async def test_no_history_is_written_that_nobody_wants(
    rooms: RoomManager,
    database: Database,
    settings: Settings,
    record: RoomRecord,
    open_room: OpenRoom,
    arrive_at: ArriveAt,
) -> None:
    history = History(rooms, database, dataclasses.replace(settings, history_days=0))
    history.start()
    await arrive_at(await open_room("kitchen"), "ada")
    assert len(history.writes) == 0
    await history.close()
    assert await sessions_of(database, record) == []


async def test_the_end_of_the_server_is_written_down(
    rooms: RoomManager,
    history: History,
    database: Database,
    record: RoomRecord,
    open_room: OpenRoom,
    arrive_at: ArriveAt,
) -> None:
    await arrive_at(await open_room("kitchen"), "ada")
    await rooms.close()
    await history.close()
    session = await only_session(database, record)
    assert session.end_reason == "server-shutdown"


@pytest.fixture
def frozen(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server that a test freezes; it thaws at the latest with the test's end."""
    yield postgres_server
    postgres_server.thaw()


async def test_a_frozen_database_costs_calls_nothing(
    rooms: RoomManager,
    settings: Settings,
    postgresql_url: str,
    frozen: PostgresServer,
    open_room: OpenRoom,
    arrive_at: ArriveAt,
) -> None:
    database = Database(postgresql_url, timeout=1.5)
    record = await add_room(database, "kitchen", await add_owner(database))
    history = History(rooms, database, settings)
    history.start()
    room = await open_room("kitchen")
    await arrive_at(room, "early")
    await written(history)

    frozen.freeze()
    slowest = 0.0
    for number in range(100):
        start = time.perf_counter()
        peer, _ = await arrive_at(room, f"peer-{number:02}")
        slowest = max(slowest, time.perf_counter() - start)
        peer.close()
    with pytest.raises(Unavailable):
        await sessions_of(database, record)
    assert len(history.writes) == 200
    frozen.thaw()

    await written(history)
    assert slowest < 1
    people = await participants_of(database, await only_session(database, record))
    assert [each.identity for each in people] == ["early", *(f"peer-{number:02}" for number in range(100))]
    assert all(each.leave_reason == "left" for each in people[1:])
    assert history.writes.lost == 0
    await history.close()
    await database.close()
