from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.errors import Unavailable
from app.services.schema_watch import SchemaWatch
from app.stores import migrating
from app.stores.database import Database, SchemaState
from tests.databases import PostgresServer
from tests.rtc.fakes import until


async def works(database: Database) -> bool:
    try:
        async with database.transaction():
            return True
    except Unavailable:
        return False


async def test_nobody_uses_a_database_until_its_schema_is_known_to_be_right(database: Database) -> None:
    watch = SchemaWatch(database)
    assert not await works(database)
    watch.start()
    await until(lambda: database.problem is None)
    assert await works(database)


async def test_who_comes_during_the_first_look_waits_for_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = asyncio.Event()
    check_schema = database.check_schema

    async def check_slowly() -> SchemaState:
        await looked_at.wait()
        return await check_schema()

    monkeypatch.setattr(database, "check_schema", check_slowly)
    SchemaWatch(database).start()
    early = asyncio.create_task(works(database))
    await asyncio.sleep(0)
    looked_at.set()
    assert await early


async def test_a_first_look_that_takes_too_long_is_not_waited_for(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(database_url, timeout=0.05)
    monkeypatch.setattr(database, "check_schema", asyncio.Event().wait)
    watch = SchemaWatch(database)
    watch.start()
    with pytest.raises(Unavailable, match="has not answered yet"):
        async with database.transaction():
            pass
    watch.close()
    await database.close()


async def test_a_schema_that_is_behind_is_said_until_somebody_migrates(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    database = Database(url, timeout=10)
    watch = SchemaWatch(database, interval=0.01)
    watch.start()
    await until(lambda: "python -m app migrate" in (database.problem or ""))
    with pytest.raises(Unavailable, match="python -m app migrate"):
        async with database.transaction():
            pass
    await asyncio.to_thread(migrating.upgrade, url)
    await until(lambda: database.problem is None)
    assert await works(database)
    await database.close()


async def test_a_database_that_comes_later_is_waited_for(postgres_server: PostgresServer, postgresql_url: str) -> None:
    postgres_server.stop()
    database = Database(postgresql_url, timeout=1)
    watch = SchemaWatch(database, interval=0.01)
    try:
        watch.start()
        assert not await works(database)
    finally:
        postgres_server.start()
    await until(lambda: database.problem is None)
    assert await works(database)
    await database.close()


async def test_who_looks_no_more_changes_nothing(database: Database) -> None:
    watch = SchemaWatch(database)
    watch.start()
    watch.close()
    await asyncio.sleep(0)
    assert not await works(database)
