"""
How large anything may be that a client sends: texts, lists and objects, wherever they are.

So nobody makes work or mirrors megabytes with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from app.errors import BadRequest
from app.rtc.chat import MAX_TEXT as MAX_CHAT_TEXT
from app.rtc.company import MAX_PAYLOAD
from app.rtc.self_description import MAX_METADATA

#: Nothing that real clients send comes near these.
MAX_ITEMS, MAX_TEXT, MAX_DEPTH = 100, 512, 16
#: Texts with a bound of their own, by their place.
MAX_TEXT_OF = {"data.text": MAX_CHAT_TEXT, "data.metadata": MAX_METADATA, "data.payload": MAX_PAYLOAD}
#: Lists with a bound of their own.
MAX_ITEMS_OF = {
    **{"encodings": 32, "headerExtensions": 64, "rtcpFeedback": 32, "parameters": 32},
    # As many ids as fit into a message that is not too large anyway.
    **dict.fromkeys(("producers", "consumers", "dataProducers", "dataConsumers"), 10_000),
}
MIN_ITEMS = min(MAX_ITEMS_OF.values())
_SCALARS = frozenset((bool, int, float))


def check(value: object, path: str) -> None:
    """Refuse what is larger than anything an honest client sends. Raises BadRequest, which names the field."""
    if not is_small(value):
        refuse_large(value, path)


def is_small(value: object, depth: int = 0) -> bool:
    """
    Say whether nothing in ``value`` comes near a bound, as nothing does in what honest clients send.

    :func:`refuse_large` takes ten times as long, since it knows each bound and the way to it. Only what is not small is
    worth that.
    """
    if isinstance(value, Struct):
        items: Collection[object] = astuple(value)
    elif isinstance(value, list):
        items = value
    elif isinstance(value, dict):
        items = (*value, *value.values())
    else:
        return not isinstance(value, str) or len(value) <= MAX_TEXT
    if len(items) > MIN_ITEMS or depth == MAX_DEPTH - 1:
        return False
    for item in items:
        if not item or type(item) in _SCALARS:
            continue
        if type(item) is str:
            if len(item) > MAX_TEXT:
                return False
        elif not is_small(item, depth + 1):
            return False
    return True


def refuse_large(value: object, path: str, depth: int = 0) -> None:
    """Look for what breaks a bound. Raises BadRequest, which names it, and its bound."""
    if isinstance(value, str):
        if len(value) > (limit := MAX_TEXT_OF.get(path, MAX_TEXT)):
            raise BadRequest(f"{path}: longer than {limit} characters")
    elif isinstance(value, Struct | dict | list):
        name = path.rpartition(".")[2]
        limit = MAX_ITEMS_OF.get(name, MAX_ITEMS)
        if not isinstance(value, Struct) and len(value) > limit:
            raise BadRequest(f"{path}: more than {limit} items")
        if depth == MAX_DEPTH:
            raise BadRequest(f"{path}: nested deeper than {MAX_DEPTH} levels")
        for place, item in _items(value):
            refuse_large(item, path + place, depth + 1)


def _items(value: Struct | dict[Any, Any] | list[Any]) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_large(key, "a key", 0)
            yield f".{key}", item
    else:
        for place, name in _fields(type(value)):
            yield place, getattr(value, name)


@cache
def _fields(kind: type[Struct]) -> tuple[tuple[str, str], ...]:
    """Give the place of each field in a path, and its name. There are as many kinds as schemas."""
    return tuple((f".{field.encode_name}", field.name) for field in msgspec.structs.fields(kind))
