from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Unavailable
from app.services import write_behind
from app.services.write_behind import BATCH, Losses, WriteBehind
from app.stores.database import Database
from app.stores.models import User
from app.stores.users import Users
from tests.rtc.fakes import until


class Book:
    """What was written, and whether anything can be."""

    def __init__(self) -> None:
        self.pages: list[int] = []
        self.tries: list[int] = []
        self.away = False


class Note:
    """A number to be written into the book."""

    def __init__(self, book: Book, number: int) -> None:
        self._book, self._number = book, number

    async def apply(self, tx: AsyncSession) -> None:
        self._book.tries.append(self._number)
        if self._book.away:
            raise Unavailable("not now")
        self._book.pages.append(self._number)


class NewUser:
    """Somebody who gets an account, unless the database refuses."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def apply(self, tx: AsyncSession) -> None:
        await Users(tx).add(User(email=f"{self._name}@example.org", password_hash="", display_name=self._name))


class Mistake:
    """A write that can't be done at all."""

    async def apply(self, tx: AsyncSession) -> None:
        raise KeyError("a mistake of ours")


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def writes(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WriteBehind]:
    monkeypatch.setattr(write_behind, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(write_behind, "LONGEST_DELAY", 0.005)
    writes = WriteBehind(database, limit=500)
    writes.start()
    yield writes
    await writes.close()


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What was logged as a warning or worse."""
    said: list[str] = []
    handler = logger.add(lambda message: said.append(message.record["message"]), level="WARNING")
    yield said
    logger.remove(handler)


async def names(database: Database) -> set[str]:
    async with database.transaction(read_only=True) as tx:
        return {user.display_name for user in (await Users(tx).page(limit=100)).items}


async def all_written(writes: WriteBehind) -> None:
    async with asyncio.timeout(20):
        await writes.flush()


async def test_what_is_put_is_written_in_order(writes: WriteBehind, book: Book) -> None:
    for number in range(450):
        writes.put(Note(book, number))
    await all_written(writes)
    assert book.pages == list(range(450))
    assert len(writes) == writes.lost == 0


async def test_nothing_is_put_that_nobody_waits_for(writes: WriteBehind) -> None:
    await all_written(writes)


async def test_while_the_database_is_away_writes_wait(writes: WriteBehind, book: Book) -> None:
    book.away = True
    for number in range(10):
        writes.put(Note(book, number))
    await until(lambda: len(book.tries) >= 3)
    assert (len(writes), book.pages) == (10, [])
    book.away = False
    await all_written(writes)
    assert book.pages == list(range(10))


async def test_the_oldest_are_lost_when_too_many_wait(writes: WriteBehind, book: Book, said: list[str]) -> None:
    book.away = True
    for number in range(BATCH):
        writes.put(Note(book, number))
    await until(lambda: book.tries)
    for number in range(BATCH, BATCH + 600):
        writes.put(Note(book, number))
    assert len(writes) == BATCH + 500
    book.away = False
    await all_written(writes)
    assert writes.lost == 100
    assert book.pages == [*range(BATCH), *range(BATCH + 100, BATCH + 600)]
    assert len(said) == 1
    assert "1 writes are lost" in said[0]


async def test_after_each_failure_fewer_are_tried_at_once(writes: WriteBehind, book: Book) -> None:
    book.away = True
    for number in range(BATCH):
        writes.put(Note(book, number))
    await until(lambda: len(book.tries) >= 20)
    assert writes._size == 1
    book.away = False
    await all_written(writes)
    assert book.pages == list(range(BATCH))


async def test_what_the_database_refuses_takes_no_other_with_it(writes: WriteBehind, database: Database) -> None:
    for name in ("ada", "bob", "ada", "cyd"):
        writes.put(NewUser(name))
    await all_written(writes)
    assert await names(database) == {"ada", "bob", "cyd"}
    assert writes.lost == 1


async def test_a_mistake_of_ours_is_told_and_stops_nothing(
    writes: WriteBehind, database: Database, said: list[str]
) -> None:
    writes.put(Mistake())
    writes.put(NewUser("ada"))
    await all_written(writes)
    assert await names(database) == {"ada"}
    assert any("Mistake" in line for line in said)


async def test_closing_writes_what_waits(database: Database, book: Book) -> None:
    writes = WriteBehind(database)
    writes.start()
    writes.put(Note(book, 1))
    await writes.close()
    assert book.pages == [1]


async def test_closing_does_not_wait_for_ever(database: Database, book: Book, said: list[str]) -> None:
    book.away = True
    writes = WriteBehind(database)
    writes.start()
    writes.put(Note(book, 1))
    await writes.close(0.01)
    assert len(writes) == 1
    assert "1 writes are lost" in said[0]


async def test_closing_what_was_never_started_is_fine(database: Database) -> None:
    await WriteBehind(database).close()


def test_losses_are_told_at_once_and_then_once_a_minute(said: list[str]) -> None:
    clock = iter([0.0, 1.0, 59.0, 61.0])
    losses = Losses("{} are lost", time=lambda: next(clock))
    for _ in range(4):
        losses.add(2)
    assert said == ["2 are lost", "6 are lost"]
    assert losses.total == 8


def test_the_last_losses_are_told_at_the_end(said: list[str]) -> None:
    losses = Losses("{} are lost", time=lambda: 0.0)
    losses.add(1)
    losses.add(1)
    losses.tell()
    losses.tell()
    assert said == ["1 are lost", "1 are lost"]
