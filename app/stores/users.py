"""Accounts, as stored."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import exists, select

from .models import RefreshToken, User
from .pages import Cursor, Page, read_page
from .refresh_tokens import is_alive
from .repository import Repository


def plain_email(email: str) -> str:
    """Write an address as it is stored and compared: nobody tells two apart by their case."""
    return email.strip().casefold()


class Users(Repository[User]):
    """All accounts."""

    MODEL = User
    TAKEN = "an account with this e-mail address exists already"

    async def get(self, id: UUID, *, lock: bool = False) -> User | None:
        """Find an account; ``lock`` it to count what it owns before adding to that."""
        return await self._get(id, lock=lock)

    async def find_by_email(self, email: str) -> User | None:
        """Find the account of an address, however that is written."""
        return await self._tx.scalar(select(User).where(User.email == plain_email(email)))

    async def of_family(self, user_id: UUID, family_id: UUID) -> User | None:
        """Give the account as long as that login of it is good: neither logged out nor expired."""
        family = exists().where(RefreshToken.family_id == family_id, RefreshToken.user_id == user_id, is_alive())
        return await self._tx.scalar(select(User).where(User.id == user_id, family))

    async def page(self, *, limit: int, after: Cursor | None = None) -> Page[User]:
        """List all accounts, newest first."""
        key = (User.created_at, User.id)
        return await read_page(self._tx, select(User), key, limit=limit, after=after, newest_first=True)
