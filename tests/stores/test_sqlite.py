"""What SQLite alone does."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from app.errors import Unavailable
from app.stores.database import Database
from tests.stores.samples import a_user, count_users

#: Seconds for a transaction, and for noticing that they are over.
TIMEOUT, GRACE = 1.5, 1.0


async def test_readers_do_not_wait_for_a_writer(sqlite_url: str) -> None:
    database = Database(sqlite_url, timeout=10)
    async with database.transaction() as tx:
        tx.add(a_user())
        await tx.flush()
        async with asyncio.timeout(5):
            assert await count_users(database) == 0
    assert await count_users(database) == 1
    await database.close()


async def test_a_file_that_another_program_locks_is_unavailable_in_time(sqlite_url: str) -> None:
    database = Database(sqlite_url, timeout=TIMEOUT)
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(Unavailable, match="busy"):
            async with database.transaction() as tx:
                tx.add(a_user())
        assert time.monotonic() - start < TIMEOUT + GRACE
        other.execute("ROLLBACK")
    other.close()
    async with database.transaction() as tx:
        tx.add(a_user())
    await database.close()


async def test_it_keeps_a_write_ahead_log_and_its_promises(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    async with database.transaction() as tx:
        assert await tx.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await tx.scalar(text("PRAGMA foreign_keys")) == 1
    await database.close()


async def test_it_makes_the_folder_of_its_file(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/some/where/connect.db")
    assert (await database.check_schema()).current is None
    await database.close()


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    path.write_text("This is a letter to my aunt, and not what you expect." * 20)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(Unavailable):
        await count_users(database)
    await database.close()
