"""
Room tokens: JWTs that let their holder into one room, with certain grants.

Connect makes them for those who sign in or come as guests, and so may everybody with an API key: those have LiveKit's
claims, so that its server SDKs, in any language, can mint them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from app.config import Settings
from app.errors import BadRequest, NotAllowed, Unauthorized

from .grants import Grants
from .jwts import ISSUER, MAX_SIZE, OwnTokens, Token, checked_text, expiry, text_claim
from .secret_keys import SecretKeys

AUDIENCE = "connect:room"

#: Characters of ids: of issuers, identities, rooms and tokens.
MAX_ID = 128
#: Characters of a peer's metadata; how many attributes it may have, and characters of the name and value of one.
MAX_METADATA, MAX_ATTRIBUTES, MAX_ATTRIBUTE = 4_096, 32, 512

#: Gives the secret of an API key; ``None`` if there is no such key, or not any more.
FindSecret = Callable[[str], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class RoomToken:
    """A token for its holder; its id, to revoke it by; and when it ends to be good."""

    text: str = field(repr=False)
    token_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomClaims:
    """
    What a room token says.

    ``issuer`` is :data:`~app.auth.jwts.ISSUER` or the id of an API key. ``name`` is ``None`` where the token leaves it
    to its holder. Only tokens of Connect itself have a ``role``.
    """

    issuer: str
    room: str
    identity: str
    name: str | None
    metadata: str
    attributes: Mapping[str, str]
    grants: Grants
    role: str | None
    token_id: str | None
    expires_at: datetime


class RoomTokens:
    """Makes room tokens, and verifies them and those of the holders of API keys."""

    def __init__(self, keys: SecretKeys, settings: Settings) -> None:
        self._own = OwnTokens(keys.derive(b"room tokens"), AUDIENCE)
        self._seconds = settings.room_token_seconds
        self._max_name = settings.limits.max_name_length

    def mint(
        self,
        *,
        room: str,
        identity: str,
        name: str,
        grants: Grants,
        role: str,
        metadata: str = "",
        attributes: Mapping[str, str] | None = None,
    ) -> RoomToken:
        """
        Make a token for one room.

        :raises BadRequest: metadata and attributes make it longer than a token may be
        """
        # In whole seconds, as the token says it.
        expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=self._seconds)
        token_id = str(uuid4())
        claims = {
            "sub": identity,
            # The limit may be lower now than it was when the name was given.
            "name": name[: self._max_name],
            "metadata": metadata,
            "attributes": dict(attributes or {}),
            "video": {"roomJoin": True, "room": room, **grants.to_claim()},
            "role": role,
        }
        text = self._own.sign(claims, token_id=token_id, expires_at=expires_at)
        if len(text) > MAX_SIZE:
            raise BadRequest("metadata and attributes are too long for a token")
        return RoomToken(text, token_id, expires_at)

    async def verify(self, text: str, find_secret: FindSecret) -> RoomClaims:
        """
        Read a token. Whether it, or its holder, was banned is for the database to say.

        :raises Unauthorized: it is not good; the message says why
        :raises NotAllowed: it is good, but lets into no room
        """
        token = Token.parse(text)
        issuer = text_claim(token.claims, "iss", MAX_ID)
        if issuer == ISSUER:
            return self._read(self._own.verify(token), issuer)
        secret = await find_secret(issuer) if issuer else None
        if secret is None:
            raise Unauthorized("the token's issuer (iss) is no API key that is known here")
        return self._read({**token.verify(secret, AUDIENCE), "role": None}, issuer)

    def _read(self, claims: Mapping[str, Any], issuer: str) -> RoomClaims:
        video = _object(claims, "video")
        return RoomClaims(
            issuer=issuer,
            room=_room(video),
            identity=_identity(claims),
            name=text_claim(claims, "name", self._max_name) or None,
            metadata=text_claim(claims, "metadata", MAX_METADATA),
            attributes=_attributes(claims),
            grants=_grants(video),
            role=text_claim(claims, "role", MAX_ID) or None,
            token_id=text_claim(claims, "jti", MAX_ID) or None,
            expires_at=expiry(claims),
        )


def _room(video: Mapping[str, Any]) -> str:
    """Read which room the token is for."""
    may_join = video.get("roomJoin")
    if may_join is not None and not isinstance(may_join, bool):
        raise Unauthorized("the token's video.roomJoin is neither true nor false")
    room = "" if video.get("room") is None else checked_text(video["room"], "video.room", MAX_ID)
    if not may_join or not room:
        raise NotAllowed("the token lets into no room: it needs video.roomJoin and video.room")
    return room


def _identity(claims: Mapping[str, Any]) -> str:
    identity = text_claim(claims, "sub", MAX_ID)
    if not identity:
        raise Unauthorized("the token does not name its holder (sub)")
    return identity


def _grants(video: Mapping[str, Any]) -> Grants:
    try:
        return Grants.from_claim(video)
    except ValueError as error:
        raise Unauthorized(f"the token's {error}") from error


def _attributes(claims: Mapping[str, Any]) -> dict[str, str]:
    attributes = _object(claims, "attributes")
    if len(attributes) > MAX_ATTRIBUTES:
        raise Unauthorized(f"the token has more than {MAX_ATTRIBUTES} attributes")
    return {
        checked_text(name, "attributes", MAX_ATTRIBUTE): checked_text(value, "attributes", MAX_ATTRIBUTE)
        for name, value in attributes.items()
    }


def _object(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = claims.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unauthorized(f"the token's {name} is no object")
    return value
