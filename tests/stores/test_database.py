"""Transactions, on both databases; what is of one of them alone has its own file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, StatementError

from app.config import Settings
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, Unavailable
from app.stores.database import Database
from app.stores.models import Member, RoomRecord, User
from tests.stores.samples import a_room, a_user, count_users

#: Seconds for a transaction, and for noticing that they are over. A fifth of the former is what a lock that is not to
#: be had leaves for saying so, on a machine that does much else.
TIMEOUT, GRACE = 1.5, 1.0


@pytest.fixture
async def quick(database_url: str) -> AsyncIterator[Database]:
    """A database that loses patience soon."""
    database = Database(database_url, pool_size=3, timeout=TIMEOUT)
    yield database
    await database.close()


async def test_a_transaction_commits_at_its_end(database: Database) -> None:
    async with database.transaction() as tx:
        tx.add(a_user())
    assert await count_users(database) == 1


async def test_an_error_rolls_it_back(database: Database) -> None:
    with pytest.raises(NotAllowed):
        async with database.transaction() as tx:
            tx.add(a_user())
            await tx.flush()
            raise NotAllowed("no")
    assert await count_users(database) == 0


async def test_a_caller_that_goes_away_rolls_it_back(database: Database) -> None:
    added = asyncio.Event()

    async def add() -> None:
        async with database.transaction() as tx:
            tx.add(a_user())
            await tx.flush()
            added.set()
            await asyncio.Event().wait()

    adding = asyncio.create_task(add())
    await added.wait()
    adding.cancel()
    await asyncio.gather(adding, return_exceptions=True)
    assert adding.cancelled()
    assert await count_users(database) == 0


async def test_who_is_cancelled_at_any_moment_leaves_no_error_in_the_log(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def add() -> None:
        async with database.transaction() as tx:
            tx.add(a_user())

    for step in range(100):
        adding = asyncio.create_task(add())
        # Each time a little later: while it connects, works, commits or is over.
        await asyncio.wait([adding], timeout=step / 10_000)
        adding.cancel()
        await asyncio.wait([adding])
    # asyncpg's own futures are not what this is about.
    assert [record.message for record in caplog.records if record.name.startswith("sqlalchemy")] == []
    await add()
    assert await count_users(database) >= 1


async def test_what_was_stored_is_as_it_was_given(database: Database) -> None:
    start = datetime(2026, 3, 29, 1, 30, 0, 123_456, timezone(timedelta(hours=2)))
    async with database.transaction() as tx:
        owner = a_user()
        tx.add(owner)
        await tx.flush()
        room = a_room(owner)
        room.starts_at, room.codecs = start, ["opus", "vp8"]
        tx.add(room)
    async with database.transaction() as tx:
        found = await tx.get_one(RoomRecord, room.id)
    assert found.starts_at == start
    assert found.starts_at is not None and found.starts_at.utcoffset() == timedelta(0)
    assert found.created_at == room.created_at
    assert (found.codecs, found.max_participants, found.permanent) == (["opus", "vp8"], None, True)


async def test_a_change_notes_its_time(database: Database) -> None:
    user = a_user()
    async with database.transaction() as tx:
        tx.add(user)
    before = user.updated_at
    async with database.transaction() as tx:
        (await tx.get_one(User, user.id)).display_name = "Zoé B."
    async with database.transaction() as tx:
        found = await tx.get_one(User, user.id)
    assert found.updated_at > before
    assert found.created_at == user.created_at


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
async def test_a_text_that_cannot_be_stored_is_the_callers_mistake(database: Database, name: str) -> None:
    with pytest.raises(BadRequest):
        async with database.transaction() as tx:
            user = a_user()
            user.display_name = name
            tx.add(user)
    with pytest.raises(BadRequest):
        async with database.transaction() as tx:
            await tx.scalar(select(User).where(User.display_name == name))


async def test_a_time_without_a_zone_is_a_mistake_of_ours(database: Database) -> None:
    with pytest.raises(StatementError, match="without a time zone"):
        async with database.transaction() as tx:
            tx.add(User(email="a", password_hash="", display_name="", created_at=datetime(2026, 1, 1)))


async def test_a_time_that_utc_does_not_know_is_the_callers(database: Database) -> None:
    last = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=2)))
    with pytest.raises(BadRequest):
        async with database.transaction() as tx:
            tx.add(User(email="a", password_hash="", display_name="", created_at=last))


async def test_a_unique_value_that_a_commit_finds_taken_is_a_conflict(database: Database) -> None:
    async with database.transaction() as tx:
        tx.add(a_user("zoe@example.org"))
    with pytest.raises(Conflict):
        async with database.transaction() as tx:
            tx.add(a_user("zoe@example.org"))


async def test_what_belongs_to_nothing_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            tx.add(a_room(a_user()))


async def test_a_value_that_no_code_of_ours_should_give_stays_a_fault(database: Database) -> None:
    user = a_user()
    user.password_hash = "do not log me"
    with pytest.raises(DBAPIError) as caught:
        async with database.transaction() as tx:
            tx.add(user)
            await tx.flush()
            room = a_room(user)
            room.access = "nobody"  # type: ignore[assignment]
            tx.add(room)
    assert user.password_hash not in str(caught.value)


async def test_users_take_with_them_what_is_theirs(database: Database) -> None:
    async with database.transaction() as tx:
        user = a_user()
        tx.add(user)
        await tx.flush()
        room = a_room(user)
        tx.add(room)
        await tx.flush()
        tx.add(Member(room_id=room.id, user_id=user.id, role="owner"))
    async with database.transaction() as tx:
        await tx.delete(await tx.get_one(User, user.id))
    async with database.transaction() as tx:
        assert await tx.get(RoomRecord, room.id) is None
        assert await tx.get(Member, (room.id, user.id)) is None


async def test_many_may_write_at_once(database_url: str, database: Database) -> None:
    # Two of them, as if two processes used the same file.
    other = Database(database_url, timeout=10)
    user = a_user()
    user.display_name = "0"
    async with database.transaction() as tx:
        tx.add(user)

    async def increase(database: Database) -> None:
        async with database.transaction() as tx:
            # Read, then write: the worst for SQLite, unless it takes its lock before.
            found = await tx.get_one(User, user.id, with_for_update=True)
            found.display_name = str(int(found.display_name) + 1)

    await asyncio.gather(*(increase(each) for each in (database, other) for _ in range(50)))
    await other.close()
    async with database.transaction() as tx:
        assert (await tx.get_one(User, user.id)).display_name == "100"


async def test_a_row_that_stays_locked_makes_others_give_up_in_time(database: Database, quick: Database) -> None:
    user = a_user()
    async with database.transaction() as tx:
        tx.add(user)
    async with database.transaction() as tx:
        await tx.get_one(User, user.id, with_for_update=True)
        start = time.monotonic()
        with pytest.raises(Unavailable, match="busy"):
            async with quick.transaction() as other:
                await other.get_one(User, user.id, with_for_update=True)
        assert time.monotonic() - start < TIMEOUT + GRACE
        # The database is well, so nobody else is refused.
        assert await count_users(quick) == 1
    async with quick.transaction() as other:
        await other.get_one(User, user.id, with_for_update=True)


async def test_a_pool_that_is_used_up_makes_others_give_up_in_time(quick: Database) -> None:
    async with quick.transaction(read_only=True), quick.transaction(read_only=True):
        async with quick.transaction(read_only=True):
            start = time.monotonic()
            with pytest.raises(Unavailable):
                await count_users(quick)
            assert time.monotonic() - start < TIMEOUT + GRACE
        assert await count_users(quick) == 0


async def test_a_block_that_takes_too_long_is_ended(quick: Database) -> None:
    start = time.monotonic()
    with pytest.raises(Unavailable):
        async with quick.transaction() as tx:
            tx.add(a_user())
            await tx.flush()
            await asyncio.Event().wait()
    assert time.monotonic() - start < TIMEOUT + GRACE
    # The next is refused at once, as nobody knows why; then all is as before.
    async with asyncio.timeout(5):
        while True:
            try:
                assert await count_users(quick) == 0
                break
            except Unavailable:
                await asyncio.sleep(0.01)


async def test_a_timeout_of_the_block_itself_stays_one(database: Database) -> None:
    with pytest.raises(TimeoutError):
        async with database.transaction():
            raise TimeoutError


async def test_a_database_that_has_a_problem_says_so_at_once(database: Database) -> None:
    database.problem = "the schema is too old"
    with pytest.raises(Unavailable, match="too old"):
        await count_users(database)
    # Whether the problem is over can still be found out.
    assert (await database.check_schema()).is_current
    database.problem = None
    assert await count_users(database) == 0


async def test_a_closed_database_refuses(database_url: str) -> None:
    database = Database.from_settings(Settings(database_url=database_url))
    assert await count_users(database) == 0
    await database.close()
    with pytest.raises(Unavailable, match="going down"):
        await count_users(database)
