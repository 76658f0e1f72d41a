"""Invitations to rooms, as stored."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select

from .models import Invitation
from .pages import Cursor, Page, read_page
from .repository import Repository
from .types import now


class Invitations(Repository[Invitation]):
    """All invitations."""

    MODEL = Invitation
    ORPHAN = "the room or the account is gone"

    async def get(self, id: UUID) -> Invitation | None:
        """Find an invitation, good or not."""
        return await self._get(id)

    async def find_by_hash(self, token_hash: bytes) -> Invitation | None:
        """Find an invitation, good or not, and lock it: who uses it counts that, too."""
        return await self._tx.scalar(select(Invitation).where(Invitation.token_hash == token_hash).with_for_update())

    async def count(self, room_id: UUID) -> int:
        """Count the invitations to a room that are neither revoked nor expired."""
        return await self._tx.scalar(select(func.count()).where(_is_open(room_id))) or 0

    async def page(self, room_id: UUID, *, limit: int, after: Cursor | None = None) -> Page[Invitation]:
        """List the invitations to a room that are neither revoked nor expired, newest first."""
        query = select(Invitation).where(_is_open(room_id))
        key = (Invitation.created_at, Invitation.id)
        return await read_page(self._tx, query, key, limit=limit, after=after, newest_first=True)

    async def delete_expired(self, moment: datetime, *, limit: int) -> int:
        """Forget up to ``limit`` invitations that had expired by ``moment``; gives how many there were."""
        return await self._delete_before(Invitation.expires_at, moment, limit)


def _is_open(room_id: UUID) -> ColumnElement[bool]:
    return and_(Invitation.room_id == room_id, Invitation.revoked_at.is_(None), Invitation.expires_at > now())
