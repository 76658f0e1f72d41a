"""Who belongs to which room, as stored."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload

from .models import Member, RoomRecord
from .pages import Cursor, Page, read_page
from .repository import Repository


class Members(Repository[Member]):
    """All memberships; a room's owner has one, too."""

    MODEL = Member
    TAKEN = "they are a member already"
    ORPHAN = "the room or the account is gone"

    async def get(self, room_id: UUID, user_id: UUID) -> Member | None:
        """Find a membership, with its user."""
        query = select(Member).where(Member.room_id == room_id, Member.user_id == user_id)
        return await self._tx.scalar(query.options(joinedload(Member.user)))

    async def count(self, room_id: UUID) -> int:
        """Count the members of a room."""
        return await self._tx.scalar(select(func.count()).where(Member.room_id == room_id)) or 0

    async def page(self, room_id: UUID, *, limit: int, after: Cursor | None = None) -> Page[Member]:
        """List the members of a room with their users, who came first first."""
        query = select(Member).where(Member.room_id == room_id).options(joinedload(Member.user))
        return await read_page(self._tx, query, (Member.created_at, Member.user_id), limit=limit, after=after)

    async def page_of_user(self, user_id: UUID, *, limit: int, after: Cursor | None = None) -> Page[Member]:
        """List the memberships of a user with their rooms, the newest room first."""
        query = select(Member).where(Member.user_id == user_id).join(Member.room).options(contains_eager(Member.room))
        key = (RoomRecord.created_at, RoomRecord.id)
        return await read_page(self._tx, query, key, limit=limit, after=after, newest_first=True)
