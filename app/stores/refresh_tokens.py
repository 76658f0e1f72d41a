"""Refresh tokens, as stored: chains of them, called families, each begun by a login."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, exists, select, update

from .models import RefreshToken
from .repository import Repository
from .types import now


def is_alive() -> ColumnElement[bool]:
    """The condition of a token whose family may still be used."""
    return and_(RefreshToken.revoked_at.is_(None), RefreshToken.expires_at > now())


class RefreshTokens(Repository[RefreshToken]):
    """All refresh tokens."""

    MODEL = RefreshToken

    async def find_by_hash(self, token_hash: bytes) -> RefreshToken | None:
        """Find a token and lock it: of two that use the same one at once, the second sees what the first did."""
        return await self._tx.scalar(
            select(RefreshToken).where(RefreshToken.token_hash == token_hash).with_for_update()
        )

    async def family_is_alive(self, family_id: UUID) -> bool:
        """Say whether that login is good: neither logged out nor expired."""
        return bool(await self._tx.scalar(select(exists().where(RefreshToken.family_id == family_id, is_alive()))))

    async def revoke_family(self, family_id: UUID) -> None:
        """End a login."""
        await self._tx.execute(_revoke().where(RefreshToken.family_id == family_id))

    async def revoke_all(self, user_id: UUID, *, but: UUID | None = None) -> None:
        """End all logins of a user, ``but`` for the family of that id."""
        statement = _revoke().where(RefreshToken.user_id == user_id)
        await self._tx.execute(statement if but is None else statement.where(RefreshToken.family_id != but))

    async def delete_expired(self, moment: datetime, *, limit: int) -> int:
        """Forget up to ``limit`` tokens that had expired by ``moment``; gives how many there were."""
        return await self._delete_before(RefreshToken.expires_at, moment, limit)


def _revoke() -> Update:
    return update(RefreshToken).where(RefreshToken.revoked_at.is_(None)).values(revoked_at=now())
