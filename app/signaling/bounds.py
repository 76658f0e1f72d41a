"""
How large a JSON value may be that a client sends, and that may hold anything: an ``appData``.

All else that clients send is bounded by its type (:mod:`app.signaling.schemas`).
"""

from __future__ import annotations

from typing import Any

from msgspec.json import Encoder

from app.errors import BadRequest
from app.mediasoup.rtp_parameters import MAX_TEXT

#: Nothing that real clients send comes near these.
MAX_ITEMS, MAX_DEPTH = 100, 16
#: Bytes of the whole as JSON.
MAX_SIZE = 4_096
_encoder = Encoder()


def check(value: dict[str, Any], path: str) -> None:
    """Refuse what is larger than anything an honest client sends. Raises BadRequest, which names the field."""
    _check_parts(value, path, 0)
    if len(_encoder.encode(value)) > MAX_SIZE:
        raise BadRequest(f"{path}: larger than {MAX_SIZE} bytes")


def _check_parts(value: dict[str, Any] | list[Any], path: str, depth: int) -> None:
    if len(value) > MAX_ITEMS:
        raise BadRequest(f"{path}: more than {MAX_ITEMS} items")
    if depth == MAX_DEPTH:
        raise BadRequest(f"{path}: nested deeper than {MAX_DEPTH} levels")
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if type(key) is str and len(key) > MAX_TEXT:
            raise BadRequest(f"{path}: a key: longer than {MAX_TEXT} characters")
        if isinstance(item, str):
            if len(item) > MAX_TEXT:
                raise BadRequest(f"{path}{_place(key)}: longer than {MAX_TEXT} characters")
        elif isinstance(item, dict | list):
            _check_parts(item, path + _place(key), depth + 1)


def _place(key: str | int) -> str:
    return f".{key}" if isinstance(key, str) else f"[{key}]"
