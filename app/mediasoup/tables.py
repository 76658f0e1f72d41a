"""Reading the worker's tables, as the codec decodes them, into typed values."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)
Reader = Callable[[Any], Any]


def read(cls: type[S], table: Mapping[str, Any]) -> S:
    """
    Make a ``cls`` of a decoded table whose fields have the same names.

    Nested tables and vectors of them are read likewise; the worker's maps (vectors of key and value) become dicts.
    A field that is missing on the wire gets the default of ``cls``, and a vector that is missing there is empty. A
    class with a ``from_table`` of its own reads itself.
    """
    values = {}
    for name, reader in _readers(cls):
        value = table.get(name)
        if value is not None:
            values[name] = reader(value) if reader is not None else value
        elif name in table and (reader is _read_map or reader is _as_list):
            values[name] = reader(())
    return cls(**values)


@cache
def _readers(cls: type[msgspec.Struct]) -> tuple[tuple[str, Reader | None], ...]:
    return tuple((field.name, _reader(field.type)) for field in msgspec.structs.fields(cls))


def _reader(kind: Any) -> Reader | None:
    """Choose how to read a field of the type ``kind``; None means as it is."""
    origin = typing.get_origin(kind)
    if origin is types.UnionType or origin is typing.Union:
        (kind,) = (member for member in typing.get_args(kind) if member is not type(None))
        return _reader(kind)
    if origin is list:
        (item,) = typing.get_args(kind)
        reader = _reader(item)
        return _as_list if reader is None else lambda rows: [reader(row) for row in rows]
    if origin is dict:
        return _read_map
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        from_table = getattr(kind, "from_table", None) or (lambda row: read(kind, row))
        # Some callers have read a part of the table already.
        return lambda row: row if isinstance(row, kind) else from_table(row)
    return None


def _as_list(values: Any) -> list[Any]:
    # Byte vectors come as bytes.
    return list(values)


def _read_map(rows: Any) -> dict[Any, Any]:
    # A row is a key and a value, under whatever names (`key` and `values`, `layer` and `bitrate`).
    return {key: value for key, value in (row.values() for row in rows)}
