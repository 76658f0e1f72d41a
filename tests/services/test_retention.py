from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.config import Settings
from app.errors import Unavailable
from app.services import retention as module
from app.services.retention import LOST, Retention
from app.stores.database import Database
from app.stores.models import (
    Ban,
    Base,
    CallMetric,
    Invitation,
    ParticipantRecord,
    RefreshToken,
    RoomRecord,
    SessionRecord,
    User,
)
from app.stores.types import now
from tests.databases import PostgresServer

from .conftest import add_owner, add_room
from .waiting import eventually

DAY = timedelta(days=1)


@pytest.fixture
def settings() -> Settings:
    return dataclasses.replace(Settings(), history_days=90)


@pytest.fixture
async def retention(database: Database, settings: Settings) -> AsyncIterator[Retention]:
    retention = Retention(database, settings)
    yield retention
    await retention.close()


async def keep(database: Database, *rows: Base) -> None:
    async with database.transaction() as tx:
        for row in rows:
            tx.add(row)
            await tx.flush()


async def count(database: Database, model: type[Base]) -> int:
    async with database.transaction(read_only=True) as tx:
        return await tx.scalar(select(func.count()).select_from(model)) or 0


async def all_of(database: Database, model: Any, order: Any) -> Sequence[Any]:
    async with database.transaction(read_only=True) as tx:
        return (await tx.scalars(select(model).order_by(order))).all()


def call(room: RoomRecord, ended_at: datetime | None, *, started_at: datetime | None = None) -> list[Base]:
    """A call of one person, with one minute measured."""
    start = started_at or (ended_at or now()) - timedelta(hours=1)
    session = SessionRecord(id=UUID(int=hash(start) % 2**64), room_id=room.id, started_at=start, ended_at=ended_at)
    stay = ParticipantRecord(
        session_id=session.id, identity="ada", peer_id="ada", display_name="Ada", joined_at=start, left_at=ended_at
    )
    stay.id = UUID(int=hash(start) % 2**64)
    return [session, stay, CallMetric(participant_id=stay.id, minute=start, bitrate_in=1, bitrate_out=2)]


async def test_history_goes_when_it_is_too_old(database: Database, record: RoomRecord, retention: Retention) -> None:
    await keep(database, *call(record, now() - 91 * DAY), *call(record, now() - 89 * DAY), *call(record, None))
    assert await retention.clean_up() == 3
    kept = [await count(database, model) for model in (SessionRecord, ParticipantRecord, CallMetric)]
    assert kept == [2, 2, 2]


async def test_a_call_that_is_on_keeps_its_session_whatever_its_age(
    database: Database, record: RoomRecord, retention: Retention
) -> None:
    await keep(database, *call(record, None, started_at=now() - 100 * DAY))
    await retention.clean_up()
    kept = [await count(database, model) for model in (SessionRecord, ParticipantRecord, CallMetric)]
    assert kept == [1, 1, 0]


async def test_who_keeps_no_history_loses_what_there_was(
    database: Database, record: RoomRecord, settings: Settings
) -> None:
    await keep(database, *call(record, now() - timedelta(seconds=1)))
    await Retention(database, dataclasses.replace(settings, history_days=0)).clean_up()
    assert await count(database, SessionRecord) == 0


async def test_what_has_expired_goes(database: Database, owner: User, record: RoomRecord, retention: Retention) -> None:
    for number, expires_at in enumerate((now() - DAY, now() + DAY)):
        digest = bytes([number]) * 32
        await keep(
            database,
            RefreshToken(user_id=owner.id, family_id=owner.id, token_hash=digest, expires_at=expires_at),
            Invitation(room_id=record.id, created_by=owner.id, token_hash=digest, expires_at=expires_at),
            Ban(room_id=record.id, kind="identity", value=str(number), expires_at=expires_at),
        )
    await keep(database, Ban(room_id=record.id, kind="identity", value="for good"))
    assert await retention.clean_up() == 3
    assert [await count(database, model) for model in (RefreshToken, Invitation, Ban)] == [1, 1, 2]


async def test_much_goes_in_small_parts(
    database: Database, record: RoomRecord, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "PAUSE", 0)
    calls = [call(record, now() - timedelta(days=91 + number)) for number in range(5)]
    await keep(database, *(row for rows in calls for row in rows))
    assert await retention.clean_up() == 15
    assert await count(database, SessionRecord) == 0


async def test_calls_that_a_former_process_left_open_are_ended(
    database: Database, record: RoomRecord, settings: Settings
) -> None:
    ended, lost = now() - timedelta(hours=2), now() - timedelta(hours=1)
    await keep(database, *call(record, ended), *call(record, None, started_at=lost))
    retention = Retention(database, settings)
    await keep(database, *call(record, None, started_at=now()))
    await retention.end_lost_calls()
    sessions = await all_of(database, SessionRecord, SessionRecord.started_at)
    stays = await all_of(database, ParticipantRecord, ParticipantRecord.joined_at)
    assert [each.end_reason for each in sessions] == [None, "lost", None]
    assert [each.leave_reason for each in stays] == [None, "lost", None]
    assert [each.ended_at is None for each in sessions] == [False, False, True]


async def old_and_lost(database: Database, record: RoomRecord) -> None:
    """Have a call that is too old, and one that a former process left open."""
    await keep(database, *call(record, now() - 91 * DAY), *call(record, None, started_at=now() - DAY))


async def all_done(database: Database) -> None:
    """Wait until the old call is gone and the lost one has an end."""

    async def done() -> bool:
        with suppress(Unavailable):
            return [each.end_reason for each in await all_of(database, SessionRecord, SessionRecord.id)] == [LOST]
        return False

    await eventually(done)


async def test_it_begins_by_itself(database: Database, record: RoomRecord, retention: Retention) -> None:
    await old_and_lost(database, record)
    retention.start()
    await all_done(database)


async def test_it_waits_for_a_database_that_is_away(
    postgresql_url: str, postgres_server: PostgresServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY", 0.05)
    database = Database(postgresql_url)
    await old_and_lost(database, await add_room(database, "kitchen", await add_owner(database)))
    retention = Retention(database, settings)
    postgres_server.stop()
    try:
        retention.start()
        with pytest.raises(Unavailable):
            await count(database, SessionRecord)
    finally:
        postgres_server.start()
    await all_done(database)
    await retention.close()
    await database.close()


async def test_closing_what_was_never_started_is_fine(database: Database, settings: Settings) -> None:
    await Retention(database, settings).close()
