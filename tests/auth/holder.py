"""Somebody with an API key, who makes room tokens without us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app.auth.room_tokens import RoomClaims, RoomTokens
from app.config import Settings
from app.errors import ConnectError, Unauthorized

from .forging import KEYS, forge, soon

TOKENS = RoomTokens(KEYS, Settings())
API_KEY, SECRET = "CKabcdef", "a secret of more than 32 characters"
HEADER = {"alg": "HS256", "typ": "JWT"}
VIDEO: dict[str, Any] = {"roomJoin": True, "room": "demo"}
CLAIMS: dict[str, Any] = {"iss": API_KEY, "sub": "zoe", "exp": soon(), "video": VIDEO}


async def find_secret(id: str) -> str | None:
    """One API key exists."""
    return SECRET if id == API_KEY else None


async def find_nothing(id: str) -> str | None:
    """Nobody has to ask the database for tokens of Connect's own."""
    raise AssertionError(f"the secret of {id} was asked for")


def by_api_key(changes: Mapping[str, Any] | None = None) -> str:
    """A token that the holder of the API key signed."""
    return forge({**CLAIMS, **(changes or {})}, SECRET.encode(), HEADER)


def with_video(**changes: Any) -> str:
    """A token of the holder of the API key with other grants."""
    return by_api_key({"video": {**VIDEO, **changes}})


async def verify(text: str) -> RoomClaims:
    return await TOKENS.verify(text, find_secret)


async def refusal(text: str, error: type[ConnectError] = Unauthorized) -> str:
    """Say why a token was refused."""
    with pytest.raises(error) as caught:
        await verify(text)
    assert type(caught.value) is error
    return str(caught.value)
