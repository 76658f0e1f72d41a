"""What an error of the database means: is it gone, was it only busy, or was the data such as it can't keep?"""

from __future__ import annotations

import sqlite3
from enum import Enum, auto

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class Fault(Enum):
    """What is the matter."""

    #: The database does not answer, or can't work.
    GONE = auto()
    #: It works, but this transaction had to give way or took too long.
    BUSY = auto()
    #: The data can't be stored.
    BAD_DATA = auto()
    #: A unique value is there already.
    DUPLICATE = auto()
    #: What the row belongs to is not there.
    ORPHAN = auto()


#: SQLSTATE, or its first two letters for a whole class, by https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL = {
    "08": Fault.GONE,  # Connection exceptions.
    "28": Fault.GONE,  # Wrong password.
    "3D": Fault.GONE,  # No such database.
    "53": Fault.GONE,  # Too many connections, disk full, out of memory.
    "57": Fault.GONE,  # Starting up, shutting down, crashed.
    "58": Fault.GONE,  # Input or output failed.
    "0A000": Fault.BUSY,  # The plan of a prepared statement is out of date: a migration ran.
    "25P03": Fault.BUSY,  # Idle in the transaction for too long.
    "40": Fault.BUSY,  # Deadlocks and the like.
    "55P03": Fault.BUSY,  # The lock was not to be had.
    "57014": Fault.BUSY,  # The statement took too long.
    "22": Fault.BAD_DATA,  # A text too long, a number out of range.
    "23505": Fault.DUPLICATE,
    "23503": Fault.ORPHAN,
}

#: By https://www.sqlite.org/rescode.html; what has no extended code here goes by its primary one.
SQLITE = {
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_INTERRUPT: Fault.BUSY,
    sqlite3.SQLITE_PROTOCOL: Fault.BUSY,
    sqlite3.SQLITE_CANTOPEN: Fault.GONE,
    sqlite3.SQLITE_CORRUPT: Fault.GONE,
    sqlite3.SQLITE_FULL: Fault.GONE,
    sqlite3.SQLITE_IOERR: Fault.GONE,
    sqlite3.SQLITE_NOTADB: Fault.GONE,
    sqlite3.SQLITE_PERM: Fault.GONE,
    sqlite3.SQLITE_READONLY: Fault.GONE,
    sqlite3.SQLITE_TOOBIG: Fault.BAD_DATA,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Fault.DUPLICATE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Fault.DUPLICATE,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Fault.ORPHAN,
}


def fault_of(error: SQLAlchemyError) -> Fault | None:
    """Say what ``error`` means; ``None``: nothing that was foreseen."""
    if isinstance(error, PoolTimeoutError):
        return Fault.BUSY
    if isinstance(error, DBAPIError):
        return Fault.GONE if error.connection_invalidated else _of_driver(error.orig)
    if isinstance(error, StatementError) and isinstance(error.orig, ValueError):
        # The type of the column refused a value.
        return Fault.BAD_DATA
    return None


def _of_driver(error: BaseException | None) -> Fault | None:
    if isinstance(error, sqlite3.Error):
        # Without a code: Python's own doing.
        code = getattr(error, "sqlite_errorcode", 0)
        return SQLITE.get(code) or SQLITE.get(code & 0xFF)
    # Of asyncpg's errors, SQLAlchemy makes its own.
    cause = error.__cause__ if error else None
    if isinstance(cause, asyncpg.PostgresError):
        sqlstate = cause.sqlstate or ""
        return POSTGRESQL.get(sqlstate) or POSTGRESQL.get(sqlstate[:2])
    return Fault.GONE if isinstance(cause, asyncpg.InterfaceError) else None
