"""Signing in and out: access tokens for some minutes each, and the refresh tokens by which one gets the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.access_tokens import AccessToken, AccessTokens
from app.auth.opaque_tokens import digest, new_opaque_token
from app.auth.passwords import Passwords
from app.auth.secret_keys import SecretKeys
from app.config import Settings
from app.errors import Unauthorized
from app.stores.database import Database
from app.stores.models import RefreshToken, User
from app.stores.refresh_tokens import RefreshTokens
from app.stores.types import now
from app.stores.users import Users

from .callers import OPERATOR, Caller, operator

#: How long after its first use a refresh token may be used once more: the answer to that use was lost, or another
#: tab of the same browser used it at the same time.
GRACE = timedelta(seconds=5)
#: Seconds that a token of the operator is good: long enough for one command.
OPERATOR_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody who signed in gets."""

    user: User
    access_token: AccessToken
    refresh_token: str = field(repr=False)


class Logins:
    """
    Signs people in, and says who they are from then on.

    A login begins a family of refresh tokens, each of which is good for one use. When one is used again, somebody
    has stolen it or its successor: the whole family is revoked.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        tokens: AccessTokens,
        settings: Settings,
        now: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._tokens = tokens
        self._life = timedelta(days=settings.refresh_token_days)
        self._now = now

    async def login(self, email: str, password: str) -> Login:
        """
        Sign somebody in. A hash of old parameters is replaced on the way.

        :raises Unauthorized: no account has this address and password; in equal words and time for either
        """
        async with self._database.transaction(read_only=True) as tx:
            user = await Users(tx).find_by_email(email)
        if user is None:
            await self._passwords.verify_nobody(password)
            raise _wrong()
        hash = user.password_hash
        if not await self._passwords.verify(hash, password):
            raise _wrong()
        new_hash = await self._passwords.hash(password) if self._passwords.needs_rehash(hash) else hash
        async with self._database.transaction() as tx:
            # No transaction was open while the password was verified: much may have happened.
            user = await Users(tx).get(user.id)
            if user is None or user.password_hash != hash:
                raise _wrong()
            user.password_hash = new_hash
            return await self._begin(tx, user, uuid4())

    async def refresh(self, token: str) -> Login:
        """
        Give the next pair of tokens for a refresh token.

        :raises Unauthorized: it is none, is not good any more, or was used before
        """
        async with self._database.transaction() as tx:
            found = await RefreshTokens(tx).find_by_hash(digest(token))
            state = self._state(found)
            if found is not None and state == "stolen":
                await RefreshTokens(tx).revoke_family(found.family_id)
                logger.warning("a refresh token of user {} was used twice; that sign-in is revoked", found.user_id)
            elif found is not None and state == "good":
                found.used_at = found.used_at or self._now()
                user = await Users(tx).get(found.user_id)
                if user is not None:
                    return await self._begin(tx, user, found.family_id)
        # After the transaction, so that what was revoked stays so.
        raise Unauthorized("the refresh token is not good, or not any more; sign in again")

    async def logout(self, token: str) -> None:
        """End the sign-in that a refresh token is of, and all its tokens, at once. Any other text changes nothing."""
        async with self._database.transaction() as tx:
            found = await RefreshTokens(tx).find_by_hash(digest(token))
            if found is not None:
                await RefreshTokens(tx).revoke_family(found.family_id)

    async def authenticate(self, text: str) -> Caller:
        """
        Say whose access token this is.

        :raises Unauthorized: it is not good, or its sign-in has ended
        """
        claims = self._tokens.verify(text)
        if claims.user_id == OPERATOR:
            return operator()
        async with self._database.transaction(read_only=True) as tx:
            user = await Users(tx).of_family(claims.user_id, claims.family_id)
        if user is None:
            raise Unauthorized("you are signed out; sign in again")
        return Caller(user, claims.family_id)

    def _state(self, token: RefreshToken | None) -> Literal["good", "bad", "stolen"]:
        now = self._now()
        if token is None or token.revoked_at is not None or token.expires_at <= now:
            return "bad"
        return "stolen" if token.used_at is not None and now - token.used_at > GRACE else "good"

    async def _begin(self, tx: AsyncSession, user: User, family_id: UUID) -> Login:
        """Add a link to a family of tokens."""
        text = new_opaque_token()
        await RefreshTokens(tx).add(
            RefreshToken(
                user_id=user.id,
                family_id=family_id,
                token_hash=digest(text),
                created_at=self._now(),
                expires_at=self._now() + self._life,
            )
        )
        return Login(user, self._tokens.mint(user.id, family_id), text)


def operator_token(settings: Settings) -> str:
    """
    Make an access token for commands of the operator, who has the secret keys and so needs no account, nor a database.

    :raises SettingsError: the secret keys can't be read
    """
    tokens = AccessTokens(SecretKeys.from_settings(settings), settings)
    return tokens.mint(OPERATOR, OPERATOR, seconds=OPERATOR_SECONDS).text


def _wrong() -> Unauthorized:
    return Unauthorized("wrong e-mail address or password")
