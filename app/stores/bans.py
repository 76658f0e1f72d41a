"""Who may not enter which room, as stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from .models import Ban, BanKind
from .pages import Cursor, Page, read_page
from .repository import Repository
from .types import now


class Bans(Repository[Ban]):
    """All bans."""

    MODEL = Ban
    TAKEN = "that is banned already"
    ORPHAN = "the room is gone"

    async def get(self, id: UUID) -> Ban | None:
        """Find a ban, expired or not."""
        return await self._get(id)

    async def find(self, room_id: UUID, kind: BanKind, value: str) -> Ban | None:
        """Find the ban of an identity or a token, expired or not: a room has at most one of each."""
        return await self._tx.scalar(select(Ban).where(Ban.room_id == room_id, Ban.kind == kind, Ban.value == value))

    async def active_for(self, room_id: UUID, identity: str, token_id: str | None) -> Ban | None:
        """Find a ban that keeps somebody out now."""
        is_theirs = and_(Ban.kind == "identity", Ban.value == identity)
        if token_id is not None:
            is_theirs = or_(is_theirs, and_(Ban.kind == "token", Ban.value == token_id))
        return await self._tx.scalar(select(Ban).where(_is_active(room_id), is_theirs).limit(1))

    async def all_active(self, room_id: UUID, *, limit: int = 10_000) -> Sequence[Ban]:
        """Give the bans of a room that hold now, the newest if there are more than ``limit``."""
        query = select(Ban).where(_is_active(room_id)).order_by(Ban.created_at.desc()).limit(limit)
        return (await self._tx.scalars(query)).all()

    async def count(self, room_id: UUID) -> int:
        """Count the bans of a room, expired ones too."""
        return await self._tx.scalar(select(func.count()).where(Ban.room_id == room_id)) or 0

    async def page(self, room_id: UUID, *, limit: int, after: Cursor | None = None) -> Page[Ban]:
        """List the bans of a room that hold now, newest first."""
        query = select(Ban).where(_is_active(room_id))
        return await read_page(self._tx, query, (Ban.created_at, Ban.id), limit=limit, after=after, newest_first=True)

    async def delete_expired(self, moment: datetime, *, limit: int) -> int:
        """Forget up to ``limit`` bans that had expired by ``moment``; gives how many there were."""
        return await self._delete_before(Ban.expires_at, moment, limit)


def _is_active(room_id: UUID) -> ColumnElement[bool]:
    return and_(Ban.room_id == room_id, or_(Ban.expires_at.is_(None), Ban.expires_at > now()))
