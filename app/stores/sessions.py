"""Calls that were held, as stored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from .models import SessionRecord
from .pages import Cursor, Page, read_page
from .repository import Repository


class Sessions(Repository[SessionRecord]):
    """All calls."""

    MODEL = SessionRecord
    ORPHAN = "the room is gone"

    async def get(self, id: UUID) -> SessionRecord | None:
        """Find a call."""
        return await self._get(id)

    async def page(self, room_id: UUID, *, limit: int, after: Cursor | None = None) -> Page[SessionRecord]:
        """List the calls of a room, newest first."""
        query = select(SessionRecord).where(SessionRecord.room_id == room_id)
        key = (SessionRecord.started_at, SessionRecord.id)
        return await read_page(self._tx, query, key, limit=limit, after=after, newest_first=True)

    async def end(self, id: UUID, at: datetime, reason: str) -> None:
        """Note that a call ended; nothing happens when it is not stored (any more)."""
        values = {"ended_at": at, "end_reason": reason}
        await self._tx.execute(update(SessionRecord).where(SessionRecord.id == id).values(values))

    async def note_peak(self, id: UUID, participants: int) -> None:
        """Note that so many were in a call at a time, unless there were more at another."""
        fewer = SessionRecord.peak_participants < participants
        query = update(SessionRecord).where(SessionRecord.id == id, fewer)
        await self._tx.execute(query.values(peak_participants=participants))

    async def close_open(self, at: datetime, reason: str, *, but: Collection[UUID] = ()) -> None:
        """End all calls that began before ``at`` and have no end, ``but`` these, which go on."""
        is_open = SessionRecord.ended_at.is_(None) & (SessionRecord.started_at < at) & SessionRecord.id.not_in(but)
        await self._tx.execute(update(SessionRecord).where(is_open).values(ended_at=at, end_reason=reason))

    async def delete_ended(self, moment: datetime, *, limit: int) -> int:
        """Forget up to ``limit`` calls that had ended by ``moment``, with all about them; gives how many there were."""
        return await self._delete_before(SessionRecord.ended_at, moment, limit)
