"""The database: transactions that are never slow to fail, whatever the server does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.config import Settings
from app.errors import BadRequest, Conflict, ConnectError, NotFound, Unavailable

from . import migrating
from .breaker import GONE, Breaker
from .engine import Staleness, make_engine
from .faults import Fault, fault_of

#: What callers are told. Repositories know better what is taken, or gone; this is for what a commit found.
MEANINGS: dict[Fault, Callable[[], ConnectError]] = {
    Fault.BUSY: lambda: Unavailable("the database is busy; try again"),
    Fault.BAD_DATA: lambda: BadRequest("a value can't be stored"),
    Fault.DUPLICATE: lambda: Conflict("somebody else has it already"),
    Fault.ORPHAN: lambda: NotFound("what this belongs to is gone"),
}


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which revision the database has (``None``: it was never migrated), and which this code is made for."""

    current: str | None
    head: str

    @property
    def is_current(self) -> bool:
        """Whether this code can work with the database."""
        return self.current == self.head


class Database:
    """
    PostgreSQL or SQLite, behind transactions of at most ``timeout`` seconds.

    It connects when it must: a database that is away at the start may come later. After one transaction was not
    answered, others are refused at once for a second.
    """

    def __init__(self, url: str, *, pool_size: int = 10, timeout: float = 1.5) -> None:
        self._timeout = timeout
        self._engine = make_engine(url, pool_size=pool_size, timeout=timeout)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._staleness = Staleness(self._engine)
        self._breaker = Breaker()
        # SQLite has one writer at a time, and lets the others find out by trying again and again.
        self._writer: asyncio.Lock | None = asyncio.Lock() if self._engine.dialect.name == "sqlite" else None
        self._in_use = 0
        self._unused = asyncio.Event()
        self._unused.set()
        self._closed = False
        #: Why nobody can work with it for now, as callers are told: that its schema is not the right one, say.
        self.problem: str | None = None
        #: Not set while it is being found out whether there is a problem: then callers wait, as for an answer.
        self.examined = asyncio.Event()
        self.examined.set()

    @classmethod
    def from_settings(cls, settings: Settings) -> Database:
        """Make the one that the settings name."""
        return cls(
            settings.database_url,
            pool_size=settings.database_pool_size,
            timeout=settings.database_timeout_seconds,
        )

    def transaction(self, *, read_only: bool = False) -> AbstractAsyncContextManager[AsyncSession]:
        """
        Work with the database: commits at the end of the block, rolls back when an error leaves it.

        Do nothing else inside, for the time is short and connections are few. After an error of the database there is
        nothing more to do with this transaction than to leave it. ``read_only`` ones wait for nobody on SQLite.

        :raises Unavailable: the database does not answer, is busy, or was closed; whether a commit that was not
            answered took effect is not known
        :raises BadRequest: a value can't be stored
        :raises Conflict: a unique value is there already
        :raises NotFound: what a row belongs to is not there
        """
        return self._transaction(read_only) if self.problem is None else self._doubtful_transaction(read_only)

    @asynccontextmanager
    async def _doubtful_transaction(self, read_only: bool) -> AsyncIterator[AsyncSession]:
        """As :meth:`_transaction`, if the problem turns out to be none."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self.examined.wait()
        if self.problem is not None:
            raise Unavailable(self.problem)
        async with self._transaction(read_only) as tx:
            yield tx

    @asynccontextmanager
    async def _transaction(self, read_only: bool) -> AsyncIterator[AsyncSession]:
        if self._closed:
            raise Unavailable("the server is going down")
        self._breaker.check()
        try:
            async with asyncio.timeout(self._timeout) as limit, self._turn(read_only), self._session(read_only) as tx:
                yield tx
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise self._gone(f"no answer in {self._timeout:g} s") from error
        except SQLAlchemyError as error:
            if (answer := self._answer(error)) is None:
                raise
            raise answer from error
        except Unavailable:
            # Ours, from connecting, or a caller's: in either case no news of the database.
            raise
        except ConnectError:
            # What the caller found in the database did not please it.
            self._breaker.succeeded()
            raise
        else:
            self._breaker.succeeded()

    async def check_schema(self) -> SchemaState:
        """
        Compare the database's schema with what this code is made for, whatever :attr:`problem` there is.

        :raises Unavailable: the database does not answer
        """
        async with self._transaction(read_only=True) as tx:
            connection = await tx.connection()
            return SchemaState(await connection.run_sync(migrating.revision_of), migrating.head())

    async def close(self) -> None:
        """Begin no more transactions, wait for those that are on (their time is bounded), and disconnect."""
        self._closed = True
        await self._unused.wait()
        await self._engine.dispose()

    def _turn(self, read_only: bool) -> AbstractAsyncContextManager[object]:
        return nullcontext() if self._writer is None or read_only else self._writer

    @asynccontextmanager
    async def _session(self, read_only: bool) -> AsyncIterator[AsyncSession]:
        session = self._sessions()
        self._enter()
        try:
            await self._connect(session, read_only)
            try:
                yield session
                await session.commit()
            except Exception:
                await session.rollback()
                raise
        except asyncio.CancelledError:
            # Out of time, or not wanted any more. What the connection is in the middle of is not waited for.
            await session.invalidate()
            raise
        finally:
            await session.close()
            self._leave()

    async def _connect(self, session: AsyncSession, read_only: bool) -> None:
        options = {"read_only": True, "postgresql_readonly": True} if read_only else {}
        try:
            await session.connection(execution_options=options)
        except OSError as error:
            raise self._gone(str(error) or type(error).__name__) from error

    def _answer(self, error: SQLAlchemyError) -> ConnectError | None:
        """What to tell the caller; ``None`` for a mistake of ours."""
        fault = fault_of(error)
        if fault is Fault.GONE:
            return self._gone(str(getattr(error, "orig", error)))
        return None if fault is None else MEANINGS[fault]()

    def _gone(self, reason: str) -> Unavailable:
        self._staleness.note_outage()
        self._breaker.failed(reason)
        return Unavailable(GONE)

    def _enter(self) -> None:
        self._in_use += 1
        self._unused.clear()

    def _leave(self) -> None:
        self._in_use -= 1
        if not self._in_use:
            self._unused.set()
