"""
How a database is reached: its driver, its pool, and what each connection is told at its start.

A connection to PostgreSQL is never closed politely: a goodbye would wait for a server that may be frozen.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

#: The part of a transaction's time that one statement, or waiting for a lock, may take: it should end before the
#: transaction's time does, for then the connection can be kept.
STATEMENT_SHARE = 0.8
#: Seconds for connecting where the caller sets no limit.
CONNECT_SECONDS = 30.0
#: Every transaction commits, rolls back or invalidates its connection. Another rollback as it goes back to the pool
#: would be one more answer to wait for, and an error in the log where a task is cancelled just then.
_RETURNED_AS_THEY_ARE: dict[str, Any] = {"pool_reset_on_return": None}


def make_engine(url: str, *, pool_size: int = 1, timeout: float | None = None) -> AsyncEngine:
    """
    Make the engine for ``sqlite:///path`` or ``postgresql://…``; it connects when it is first used.

    ``timeout``: how many seconds a transaction will have; ``None`` for any number, as migrations need.
    """
    parsed = make_url(url)
    make = _sqlite if parsed.get_backend_name() == "sqlite" else _postgresql
    return make(parsed, pool_size, timeout)


# PostgreSQL.


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types.
    """A connection that ends at once; the server finds out by itself, and rolls back."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  # asyncpg's own signature.
        """Hang up."""
        self.terminate()


def _postgresql(url: URL, pool_size: int, timeout: float | None) -> AsyncEngine:
    server_settings = {"application_name": "connect"}
    if timeout is not None:
        milliseconds = str(round(timeout * STATEMENT_SHARE * 1_000))
        server_settings["statement_timeout"] = milliseconds
        server_settings["idle_in_transaction_session_timeout"] = milliseconds
        # Statements are small: compiling them costs more than it gains.
        server_settings["jit"] = "off"

    async def connect() -> Any:
        # asyncpg reads the URL by itself, and so knows all the parameters that libpq does.
        return await asyncpg.connect(
            url.render_as_string(hide_password=False),
            connection_class=_Connection,
            timeout=timeout or CONNECT_SECONDS,
            command_timeout=timeout,
            server_settings=server_settings,
        )

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=(timeout or CONNECT_SECONDS) * STATEMENT_SHARE,
        pool_use_lifo=True,
        hide_parameters=True,
        **_RETURNED_AS_THEY_ARE,
    )


class Staleness:
    """
    Has the pool replace the connections that lead nowhere before anybody uses them.

    Those are the closed ones, which cost nothing to find, and after an outage all from before: that a server went away
    without a word shows on each of them only when its time is over.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._last_outage = float("-inf")
        if engine.dialect.name == "postgresql":
            event.listen(engine.sync_engine, "connect", self._opened)
            event.listen(engine.sync_engine, "checkout", self._check)

    def note_outage(self) -> None:
        """Trust no connection that is open now."""
        self._last_outage = time.monotonic()

    def _opened(self, connection: Any, entry: Any) -> None:
        entry.info["opened"] = time.monotonic()

    def _check(self, connection: Any, entry: Any, proxy: Any) -> None:
        if connection.driver_connection.is_closed() or entry.info["opened"] <= self._last_outage:
            raise DisconnectionError


# SQLite.


def _sqlite(url: URL, pool_size: int, timeout: float | None) -> AsyncEngine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        # The driver must not begin transactions by itself: it would begin them without a lock.
        connect_args={"timeout": (timeout or CONNECT_SECONDS) * STATEMENT_SHARE, "isolation_level": None},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=(timeout or CONNECT_SECONDS) * STATEMENT_SHARE,
        hide_parameters=True,
        **_RETURNED_AS_THEY_ARE,
    )
    # Migrations copy tables and drop the old ones; with foreign keys on, that would delete what belongs to them.
    foreign_keys = "ON" if timeout is not None else "OFF"

    def prepare(connection: Any, entry: Any) -> None:
        cursor = connection.cursor()
        for pragma in (f"foreign_keys = {foreign_keys}", "journal_mode = WAL", "synchronous = NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Take the lock for writing at once: one that reads first and writes then fails if another wrote in between."""
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
