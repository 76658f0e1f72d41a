"""Access tokens: JWTs by which somebody who signed in uses the REST API for some minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.config import Settings
from app.errors import Unauthorized

from .jwts import OwnTokens, Token, expiry
from .secret_keys import SecretKeys

AUDIENCE = "connect:api"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token for its holder, and the seconds for which it is good."""

    text: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """
    What an access token says: who signed in.

    ``family_id`` is the sign-in, which all refresh tokens that came of it share; when it is revoked, so is this token.
    """

    user_id: UUID
    family_id: UUID
    token_id: UUID
    expires_at: datetime


class AccessTokens:
    """Makes access tokens, and verifies them."""

    def __init__(self, keys: SecretKeys, settings: Settings) -> None:
        self._own = OwnTokens(keys.derive(b"access tokens"), AUDIENCE)
        self._seconds = settings.access_token_seconds

    def mint(self, user_id: UUID, family_id: UUID, *, seconds: int | None = None) -> AccessToken:
        """Make a token for somebody who signed in, for so many seconds or as long as the settings say."""
        seconds = self._seconds if seconds is None else seconds
        expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
        claims = {"sub": str(user_id), "fam": str(family_id)}
        return AccessToken(self._own.sign(claims, token_id=str(uuid4()), expires_at=expires_at), seconds)

    def verify(self, text: str) -> AccessClaims:
        """
        Read a token. Whether its sign-in was revoked is for the database to say.

        :raises Unauthorized: it is not good; the message says why
        """
        claims = self._own.verify(Token.parse(text))
        return AccessClaims(_id(claims, "sub"), _id(claims, "fam"), _id(claims, "jti"), expiry(claims))


def _id(claims: Mapping[str, Any], name: str) -> UUID:
    try:
        return UUID(claims.get(name))
    except (TypeError, ValueError, AttributeError):
        raise Unauthorized(f"the token's {name} is no id") from None
