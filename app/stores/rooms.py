"""Rooms, as stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from .models import RoomRecord
from .pages import Cursor, Page, read_page
from .repository import Repository


class RoomRecords(Repository[RoomRecord]):
    """All rooms."""

    MODEL = RoomRecord
    TAKEN = "a room of this code exists already"
    ORPHAN = "the account is gone"

    async def get(self, id: UUID, *, lock: bool = False) -> RoomRecord | None:
        """Find a room by its id."""
        return await self._get(id, lock=lock)

    async def find_by_code(self, code: str, *, lock: bool = False) -> RoomRecord | None:
        """Find a room by the name that people know; ``lock`` it to count what is in it before adding to that."""
        query = select(RoomRecord).where(RoomRecord.code == code)
        return await self._tx.scalar(query.with_for_update() if lock else query)

    async def owned_by(self, user_id: UUID) -> Sequence[RoomRecord]:
        """Give all rooms of an owner; the limit on rooms of a user bounds them."""
        return (await self._tx.scalars(select(RoomRecord).where(RoomRecord.owner_id == user_id))).all()

    async def count_owned(self, user_id: UUID) -> int:
        """Count the rooms of an owner."""
        return await self._tx.scalar(select(func.count()).where(RoomRecord.owner_id == user_id)) or 0

    async def abandoned(self, moment: datetime, *, but: Collection[str], limit: int) -> Sequence[RoomRecord]:
        """Give up to ``limit`` rooms that are for one call, which should have been before ``moment``."""
        last_use = func.coalesce(RoomRecord.ends_at, RoomRecord.starts_at, RoomRecord.created_at)
        query = select(RoomRecord).where(RoomRecord.permanent.is_(False), last_use < moment)
        return (await self._tx.scalars(query.where(RoomRecord.code.not_in(but)).limit(limit))).all()

    async def page(self, *, limit: int, after: Cursor | None = None) -> Page[RoomRecord]:
        """List all rooms, newest first."""
        key = (RoomRecord.created_at, RoomRecord.id)
        return await read_page(self._tx, select(RoomRecord), key, limit=limit, after=after, newest_first=True)
