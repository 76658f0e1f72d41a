"""Lists in pages. A page begins after a row, not at a number, so that rows which come or go shift nothing."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, Uuid, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import BadRequest

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row that a page begins after: its time, and its id for rows of the same time."""

    at: datetime
    id: str

    def to_text(self) -> str:
        """Write it for a client, which gives it back as it is."""
        return base64.urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> Cursor:
        """
        Read what :meth:`to_text` wrote.

        :raises BadRequest: it did not write this
        """
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            at, _, id = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(" ")
            cursor = cls(datetime.fromisoformat(at), id)
        except ValueError:
            raise _not_ours() from None
        if cursor.at.utcoffset() != timedelta(0) or "\0" in id:
            raise _not_ours()
        return cursor


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows of a list; ``next`` is where the rest begins, ``None`` when there is none."""

    items: Sequence[M]
    next: Cursor | None


async def read_page(
    tx: AsyncSession,
    query: Select[M],
    key: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[Any]],
    *,
    limit: int,
    after: Cursor | None,
    newest_first: bool = False,
) -> Page[M]:
    """
    Read a page of ``query``'s rows, ordered by ``key``: a time and an id.

    :raises BadRequest: ``after`` is of some other list
    """
    if after is not None:
        position = _position(key, after)
        query = query.where(tuple_(*key) < position if newest_first else tuple_(*key) > position)
    query = query.order_by(*(column.desc() if newest_first else column.asc() for column in key)).limit(limit + 1)
    # One row more tells whether there is a next page.
    rows = (await tx.execute(query.add_columns(*key))).all()
    shown = rows[:limit]
    next = Cursor(shown[-1][1], str(shown[-1][2])) if len(rows) > limit else None
    return Page([row[0] for row in shown], next)


def _position(key: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[Any]], after: Cursor) -> Any:
    at, id = key
    try:
        value = UUID(after.id) if isinstance(id.type, Uuid) else after.id
    except ValueError:
        raise _not_ours() from None
    return tuple_(literal(after.at, at.type), literal(value, id.type))


def _not_ours() -> BadRequest:
    message = "not a position that an earlier page gave"
    # What clients call it.
    return BadRequest(f"cursor: {message}", {"cursor": [message]})
