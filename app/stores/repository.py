"""What all repositories share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import delete, inspect, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Conflict, NotFound

from .faults import Fault, fault_of
from .models import Base

M = TypeVar("M", bound=Base)


class Repository(Generic[M]):
    """
    The rows of one table, within a transaction.

    What it gives are models of that transaction: what is assigned to their attributes is stored when it ends. After an
    error of :meth:`add` there is nothing more to do with the transaction than to leave it.
    """

    #: The table, and what is said when a unique value of a row is there already, or what the row belongs to is not.
    MODEL: ClassVar[type[Any]]
    TAKEN: ClassVar[str] = "it is there already"
    ORPHAN: ClassVar[str] = "what this belongs to is gone"

    def __init__(self, tx: AsyncSession) -> None:
        self._tx = tx

    async def add(self, row: M) -> M:
        """
        Add a row.

        :raises Conflict: a unique value of it is there already
        :raises NotFound: what it belongs to is not there
        """
        self._tx.add(row)
        try:
            await self._tx.flush()
        except IntegrityError as error:
            raise self._meaning(error) from None
        return row

    async def add_missing(self, rows: Sequence[M]) -> None:
        """
        Add those rows that are not there yet: for a write that is repeated since nobody knows whether it took effect.

        :raises NotFound: what one of them belongs to is not there
        """
        if not rows:
            return
        insert = postgresql.insert if self._tx.get_bind().dialect.name == "postgresql" else sqlite.insert
        columns = inspect(self.MODEL).column_attrs.keys()
        values = [{name: getattr(row, name) for name in columns} for row in rows]
        try:
            await self._tx.execute(insert(self.MODEL).on_conflict_do_nothing(), values)
        except IntegrityError as error:
            raise self._meaning(error) from None

    async def delete(self, row: M) -> None:
        """Delete a row, and what belongs to it."""
        await self._tx.delete(row)
        await self._tx.flush()

    async def _get(self, key: Any, *, lock: bool = False) -> M | None:
        """Find by primary key; with ``lock``, others that would lock or change the row wait for this transaction."""
        row: M | None = await self._tx.get(self.MODEL, key, with_for_update=lock, populate_existing=lock)
        return row

    async def _delete_before(self, column: InstrumentedAttribute[Any], moment: datetime, limit: int) -> int:
        """Delete up to ``limit`` rows with an earlier time in ``column``; gives how many there were."""
        key = inspect(self.MODEL).primary_key
        some = select(*key).where(column < moment).limit(limit)
        statement = delete(self.MODEL).where(tuple_(*key).in_(some))
        result: Any = await self._tx.execute(statement, execution_options={"synchronize_session": False})
        count: int = result.rowcount
        return count

    def _meaning(self, error: IntegrityError) -> Exception:
        match fault_of(error):
            case Fault.DUPLICATE:
                return Conflict(self.TAKEN)
            case Fault.ORPHAN:
                return NotFound(self.ORPHAN)
            case _:
                return error
