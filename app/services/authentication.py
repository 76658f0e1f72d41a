"""Whose bearer token it is."""

from __future__ import annotations

from app.auth.access_tokens import AUDIENCE
from app.auth.jwts import Token

from .access import Access
from .callers import Caller, Holder
from .logins import Logins


class Authentication:
    """Knows access tokens and, where those are welcome, room tokens."""

    def __init__(self, logins: Logins, access: Access) -> None:
        self._logins = logins
        self._access = access

    async def authenticate(self, token: str, auth: str) -> Caller | Holder:
        """
        Give the caller for an operation's ``auth``; ``room`` stands for both kinds of tokens.

        :raises Unauthorized: it is not good (any more), or of the wrong kind
        :raises NotAllowed: the holder of a room token may not enter that room now
        :raises NotFound: there is no such room
        """
        # Which one it claims to be; whether it is, its own check says.
        if auth == "room" and Token.parse(token).claims.get("aud") != AUDIENCE:
            return await self._access.holder(token)
        return await self._logins.authenticate(token)
