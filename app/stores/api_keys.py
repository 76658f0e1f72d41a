"""API keys, as stored."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from .models import ApiKeyRecord
from .pages import Cursor, Page, read_page
from .repository import Repository


class ApiKeyRecords(Repository[ApiKeyRecord]):
    """All API keys."""

    MODEL = ApiKeyRecord
    TAKEN = "a key of this id exists already"
    ORPHAN = "the account is gone"

    async def get(self, id: str) -> ApiKeyRecord | None:
        """Find a key, revoked or not, with its owner."""
        query = select(ApiKeyRecord).where(ApiKeyRecord.id == id).options(joinedload(ApiKeyRecord.owner))
        return await self._tx.scalar(query)

    async def count(self, owner_id: UUID) -> int:
        """Count the keys of a user that are not revoked."""
        query = select(func.count()).where(ApiKeyRecord.owner_id == owner_id, ApiKeyRecord.revoked_at.is_(None))
        return await self._tx.scalar(query) or 0

    async def page(self, owner_id: UUID, *, limit: int, after: Cursor | None = None) -> Page[ApiKeyRecord]:
        """List the keys of a user that are not revoked, newest first."""
        query = select(ApiKeyRecord).where(ApiKeyRecord.owner_id == owner_id, ApiKeyRecord.revoked_at.is_(None))
        key = (ApiKeyRecord.created_at, ApiKeyRecord.id)
        return await read_page(self._tx, query, key, limit=limit, after=after, newest_first=True)
