"""Who was in which call, as stored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from .models import ParticipantRecord
from .pages import Cursor, Page, read_page
from .repository import Repository


class Participants(Repository[ParticipantRecord]):
    """All stays in calls."""

    MODEL = ParticipantRecord
    ORPHAN = "the call is gone"

    async def get(self, id: UUID) -> ParticipantRecord | None:
        """Find a stay."""
        return await self._get(id)

    async def page(self, session_id: UUID, *, limit: int, after: Cursor | None = None) -> Page[ParticipantRecord]:
        """List who was in a call, who came first first."""
        query = select(ParticipantRecord).where(ParticipantRecord.session_id == session_id)
        key = (ParticipantRecord.joined_at, ParticipantRecord.id)
        return await read_page(self._tx, query, key, limit=limit, after=after)

    async def leave(self, id: UUID, at: datetime, reason: str) -> None:
        """Note that somebody left; nothing happens when the stay is not stored (any more)."""
        values = {"left_at": at, "leave_reason": reason}
        await self._tx.execute(update(ParticipantRecord).where(ParticipantRecord.id == id).values(values))

    async def close_open(self, at: datetime, reason: str, *, but_in: Collection[UUID] = ()) -> None:
        """End all stays that began before ``at`` and have no end, but those in these calls, which go on."""
        is_open = (
            ParticipantRecord.left_at.is_(None)
            & (ParticipantRecord.joined_at < at)
            & ParticipantRecord.session_id.not_in(but_in)
        )
        await self._tx.execute(update(ParticipantRecord).where(is_open).values(left_at=at, leave_reason=reason))

    async def close_in(self, session_id: UUID, at: datetime, reason: str) -> None:
        """End all stays in a call that have no end."""
        is_open = (ParticipantRecord.session_id == session_id) & ParticipantRecord.left_at.is_(None)
        await self._tx.execute(update(ParticipantRecord).where(is_open).values(left_at=at, leave_reason=reason))

    async def delete_left(self, moment: datetime, *, limit: int) -> int:
        """Forget up to ``limit`` stays that had ended by ``moment``; gives how many there were."""
        return await self._delete_before(ParticipantRecord.left_at, moment, limit)
