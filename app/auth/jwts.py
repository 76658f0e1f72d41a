"""
JWTs as Connect knows them: signed with HS256, short, and not good for ever. What access tokens and room tokens share.

Whatever is wrong with a token is said to its holder by :exc:`~app.errors.Unauthorized`, in words that hold no secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import jwt
from jwt.types import Options

from app.errors import Unauthorized

ALGORITHM = "HS256"
#: Characters of a token at most. Longer ones are refused unread.
MAX_SIZE = 8_192
#: Seconds by which the clocks of issuer and server may differ.
LEEWAY = 10
#: ``iss`` of Connect's own tokens.
ISSUER = "connect"

# The end of the year 9999, where datetime ends, too.
_LAST_TIME = 253_402_300_799
# Neither PostgreSQL nor UTF-8 takes these.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_OPTIONS: Options = {
    "require": ["exp"],
    # Their types are checked where they are read, and the audience with a better message.
    "verify_aud": False,
    "verify_sub": False,
    "verify_jti": False,
    "enforce_minimum_key_length": True,
}
# What PyJWT finds, in our words: its own may quote the token.
_REASONS: dict[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "the token has expired",
    jwt.ImmatureSignatureError: "the token is not good yet",
    jwt.InvalidSignatureError: "the token's signature is wrong",
    jwt.MissingRequiredClaimError: "the token does not say when it expires (exp)",
    jwt.InvalidKeyError: "the secret of the token's issuer is too short to be safe",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart. Nothing of it is to be believed before :meth:`verify`, not even ``claims``."""

    text: str = field(repr=False)
    key_id: str | None
    claims: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Token:
        """
        Take a token apart.

        :raises Unauthorized: it is none, or not signed with HS256
        """
        if len(text) > MAX_SIZE:
            raise Unauthorized(f"the token is longer than {MAX_SIZE} characters")
        # Header lines may hold anything; PyJWT expects what UTF-8 can say.
        if not text.isascii():
            raise Unauthorized("the token is malformed")
        try:
            parts = jwt.decode_complete(text, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise Unauthorized("the token is malformed") from error
        if parts["header"].get("alg") != ALGORITHM:
            raise Unauthorized(f"the token is not signed with {ALGORITHM}")
        return cls(text, parts["header"].get("kid"), parts["payload"])

    def verify(self, key: str | bytes, audience: str) -> Mapping[str, Any]:
        """
        Give the claims if the token was signed with this key, for this audience or for none in particular, and is
        good now.

        :raises Unauthorized: any of that is not so
        """
        if not _is_for(audience, self.claims.get("aud", audience)):
            raise Unauthorized(f"the token is not for {audience}")
        for name in ("exp", "nbf", "iat"):
            self._check_time(name)
        try:
            jwt.decode(self.text, key, algorithms=[ALGORITHM], leeway=LEEWAY, options=_OPTIONS)
        except jwt.PyJWTError as error:
            _refuse(error)
        return self.claims

    def _check_time(self, name: str) -> None:
        # PyJWT would take texts as well, and times that no calendar has.
        time = self.claims.get(name, 0)
        if type(time) not in (int, float) or not 0 <= time <= _LAST_TIME:
            raise Unauthorized(f"the token's {name} is no time")


class OwnTokens:
    """The tokens that Connect itself makes for one audience: the first of its keys signs, all are good to verify."""

    def __init__(self, keys: Mapping[str, bytes], audience: str) -> None:
        self._keys = keys
        self._audience = audience

    def sign(self, claims: Mapping[str, Any], *, token_id: str, expires_at: datetime) -> str:
        """Make a token of these claims and those that every token has."""
        key_id, key = next(iter(self._keys.items()))
        common = {"iss": ISSUER, "aud": self._audience, "jti": token_id, "iat": datetime.now(UTC), "exp": expires_at}
        return jwt.encode({**common, **claims}, key, ALGORITHM, headers={"kid": key_id})

    def verify(self, token: Token) -> Mapping[str, Any]:
        """
        Give the claims of a token of ours.

        :raises Unauthorized: it is none, or not good now
        """
        if token.claims.get("iss") != ISSUER or "aud" not in token.claims:
            raise Unauthorized("the token was not made by Connect")
        if token.key_id is None:
            raise Unauthorized("the token does not name its key (kid)")
        key = self._keys.get(token.key_id)
        if key is None:
            raise Unauthorized("the token's key is not known here, or not any more")
        return token.verify(key, self._audience)


def expiry(claims: Mapping[str, Any]) -> datetime:
    """Give when a verified token ends to be good."""
    return datetime.fromtimestamp(claims["exp"], UTC)


def text_claim(claims: Mapping[str, Any], name: str, longest: int) -> str:
    """
    Read a claim of so many characters at most; one that is missing is empty.

    :raises Unauthorized: it is too long, or no text that can be kept
    """
    value = claims.get(name)
    return "" if value is None else checked_text(value, name, longest)


def checked_text(value: object, name: str, longest: int) -> str:
    """
    Give ``value`` if it is a text of so many characters at most.

    :raises Unauthorized: it is not; the message says ``name``
    """
    if not isinstance(value, str) or _UNSTORABLE.search(value):
        raise Unauthorized(f"the token's {name} is no text")
    if len(value) > longest:
        raise Unauthorized(f"the token's {name} is longer than {longest} characters")
    return value


def _is_for(audience: str, claimed: object) -> bool:
    return claimed == audience or (isinstance(claimed, list) and audience in claimed)


def _refuse(error: jwt.PyJWTError) -> NoReturn:
    reason = next((words for kind, words in _REASONS.items() if isinstance(error, kind)), "the token is malformed")
    raise Unauthorized(reason) from error
