"""PostgreSQL away, dead or frozen: every transaction ends in time, nothing is left over, and it works again soon."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from sqlalchemy import text

from app.errors import ConnectError, Unavailable
from app.stores.database import Database
from tests.databases import PostgresServer

#: Seconds for a transaction, for noticing that they are over, and for working again after the server's return. The
#: second is a fraction of this on a machine that has nothing else to do. A polite goodbye to a frozen server takes two.
TIMEOUT, GRACE, RECOVERY = 1.0, 1.8, 5.0

#: What may happen to a server, and what brings it back.
OUTAGES: dict[str, tuple[Callable[[PostgresServer], None], Callable[[PostgresServer], None]]] = {
    "frozen": (PostgresServer.freeze, PostgresServer.thaw),
    "stopped": (PostgresServer.stop, PostgresServer.start),
    "killed": (PostgresServer.kill, PostgresServer.start),
}


class Outage:
    """What happens to the server: it begins, and it ends at the latest with the test."""

    def __init__(self, server: PostgresServer, kind: str) -> None:
        self._server = server
        self._begin, self._end = OUTAGES[kind]
        self.is_on = False

    def begin(self) -> None:
        self._begin(self._server)
        self.is_on = True

    def end(self) -> None:
        self._end(self._server)
        self.is_on = False


@pytest.fixture(params=list(OUTAGES))
def outage(request: pytest.FixtureRequest, postgres_server: PostgresServer, postgresql_url: str) -> Iterator[Outage]:
    outage = Outage(postgres_server, request.param)
    yield outage
    if outage.is_on:
        outage.end()


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    database = Database(postgresql_url, pool_size=5, timeout=TIMEOUT)
    yield database
    await database.close()


async def ask(database: Database) -> None:
    async with database.transaction() as tx:
        assert await tx.scalar(text("SELECT 1")) == 1


async def refusal(database: Database) -> float:
    """Ask what can't be answered; give the seconds that it took to hear so."""
    start = time.monotonic()
    with pytest.raises(Unavailable):
        await ask(database)
    return time.monotonic() - start


async def until_it_answers(database: Database) -> None:
    """Ask until there are answers, on all connections of the pool."""
    async with asyncio.timeout(RECOVERY):
        while True:
            results = await asyncio.gather(*(ask(database) for _ in range(20)), return_exceptions=True)
            if results == [None] * 20:
                return
            assert {type(each) for each in results} <= {type(None), Unavailable}
            await asyncio.sleep(0.01)


def other_tasks() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_a_transaction_fails_in_time_and_works_soon_after(database: Database, outage: Outage) -> None:
    await asyncio.gather(*(ask(database) for _ in range(5)))
    outage.begin()
    assert await refusal(database) < TIMEOUT + GRACE
    assert await refusal(database) < TIMEOUT, "the second must not wait once more"
    outage.end()
    await until_it_answers(database)


async def test_transactions_that_are_on_fail_in_time(database: Database, outage: Outage) -> None:
    async def use_after(begun: asyncio.Event) -> None:
        async with database.transaction() as tx:
            await tx.execute(text("CREATE TEMPORARY TABLE seen (value integer)"))
            arrived.release()
            await begun.wait()
            await tx.execute(text("INSERT INTO seen VALUES (1)"))

    begun, arrived = asyncio.Event(), asyncio.Semaphore(0)
    users = [asyncio.create_task(use_after(begun)) for _ in range(5)]
    for _ in users:
        await arrived.acquire()
    outage.begin()
    begun.set()
    async with asyncio.timeout(TIMEOUT + GRACE):
        results = await asyncio.gather(*users, return_exceptions=True)
    assert [type(each) for each in results] == [Unavailable] * 5
    assert other_tasks() == set()


async def test_nothing_is_left_of_hundreds_that_were_not_answered(database: Database, outage: Outage) -> None:
    await ask(database)
    outage.begin()
    for _ in range(4):
        # As if the pause was over each time: all of them try.
        database._breaker.succeeded()
        async with asyncio.timeout(TIMEOUT + GRACE):
            results = await asyncio.gather(*(ask(database) for _ in range(50)), return_exceptions=True)
        assert {type(each) for each in results} == {Unavailable}
    assert other_tasks() == set()
    outage.end()
    await until_it_answers(database)


async def test_a_caller_that_goes_away_leaves_nothing_behind(database: Database, outage: Outage) -> None:
    await ask(database)
    outage.begin()
    caller = asyncio.create_task(ask(database))
    # Whether it is connecting, or waits for an answer already.
    await asyncio.sleep(0.05)
    caller.cancel()
    async with asyncio.timeout(GRACE):
        await asyncio.gather(caller, return_exceptions=True)
    assert other_tasks() == set()
    outage.end()
    await until_it_answers(database)


async def test_a_block_that_dawdles_is_not_rolled_back_politely(database: Database, outage: Outage) -> None:
    with pytest.raises(Unavailable):
        async with database.transaction() as tx:
            await tx.execute(text("SELECT 1"))
            outage.begin()
            async with asyncio.timeout(TIMEOUT + GRACE):
                await asyncio.Event().wait()
    assert other_tasks() == set()


async def test_an_error_in_the_block_waits_for_no_rollback_either(database: Database, outage: Outage) -> None:
    with pytest.raises(ConnectError):
        async with database.transaction() as tx:
            await tx.execute(text("SELECT 1"))
            outage.begin()
            start = time.monotonic()
            raise Unavailable("of the caller's own")
    assert time.monotonic() - start < TIMEOUT + GRACE
    assert other_tasks() == set()


async def test_closing_does_not_wait_for_the_server(postgresql_url: str, outage: Outage) -> None:
    database = Database(postgresql_url, pool_size=5, timeout=TIMEOUT)
    await asyncio.gather(*(ask(database) for _ in range(5)))
    outage.begin()
    asking = asyncio.create_task(refusal(database))
    await asyncio.sleep(0)
    async with asyncio.timeout(TIMEOUT + GRACE):
        await database.close()
    await asking
    with pytest.raises(Unavailable, match="going down"):
        await ask(database)
    assert other_tasks() == set()


async def test_a_database_that_was_never_there_is_no_fault(postgres_server: PostgresServer) -> None:
    database = Database(postgres_server.url("nowhere"), timeout=TIMEOUT)
    assert await refusal(database) < TIMEOUT + GRACE
    with pytest.raises(Unavailable):
        await database.check_schema()
    await database.close()


class Relay:
    """Stands between a database and its server; it can lose the connections that are open without a word."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._losses = 0
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        await asyncio.gather(self._copy(reader, onward_writer), self._copy(onward_reader, writer))

    def lose_all(self) -> None:
        self._losses += 1

    async def until_all_ended(self) -> None:
        async with asyncio.timeout(RECOVERY):
            await asyncio.gather(*self._serving)

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        losses = self._losses
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                if losses == self._losses:
                    sink.write(data)
        sink.close()
        with contextlib.suppress(ConnectionError):
            await sink.wait_closed()


async def test_one_lost_connection_is_enough_to_trust_none(
    postgres_server: PostgresServer, postgresql_url: str
) -> None:
    relay = Relay(postgres_server)
    async with await asyncio.start_server(relay.serve, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        database = Database(postgresql_url.replace(str(postgres_server.port), str(port)), pool_size=5, timeout=TIMEOUT)
        await asyncio.gather(*(ask(database) for _ in range(5)))
        relay.lose_all()
        await refusal(database)
        await until_it_answers(database)
        await database.close()
        await relay.until_all_ended()
