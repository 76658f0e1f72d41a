"""What PostgreSQL alone does; when it goes away is in ``test_outages.py``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.errors import BadRequest, Unavailable
from app.stores.database import Database
from app.stores.models import User
from tests.stores.samples import a_user, count_users

#: Seconds for a transaction.
TIMEOUT = 1.5


@pytest.fixture
async def postgresql(postgresql_url: str) -> AsyncIterator[Database]:
    database = Database(postgresql_url, pool_size=1, timeout=TIMEOUT)
    yield database
    await database.close()


async def test_a_slow_statement_is_ended_and_the_connection_kept(postgresql: Database) -> None:
    async def backend() -> object:
        async with postgresql.transaction() as tx:
            return await tx.scalar(text("SELECT pg_backend_pid()"))

    pid = await backend()
    with pytest.raises(Unavailable, match="busy"):
        async with postgresql.transaction() as tx:
            await tx.execute(text("SELECT pg_sleep(10)"))
    assert await backend() == pid


async def test_a_read_only_transaction_refuses_to_write(postgresql: Database) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with postgresql.transaction(read_only=True) as tx:
            tx.add(a_user())
    async with postgresql.transaction() as tx:
        tx.add(a_user())


async def test_a_text_too_long_is_the_callers_mistake(postgresql: Database) -> None:
    with pytest.raises(BadRequest):
        async with postgresql.transaction() as tx:
            tx.add(a_user("x" * 300))


async def test_a_migration_under_running_statements_costs_one_try(postgresql: Database) -> None:
    assert await count_users(postgresql) == 0
    async with postgresql.transaction() as tx:
        tx.add(a_user())
    async with postgresql.transaction() as tx:
        await tx.scalar(select(User))
    async with postgresql.transaction() as tx:
        await tx.execute(text("ALTER TABLE users ALTER COLUMN display_name TYPE text"))
    for _ in range(2):
        try:
            async with postgresql.transaction() as tx:
                assert await tx.scalar(select(User))
            break
        except Unavailable:
            continue
    else:
        pytest.fail("the second try failed as well")
