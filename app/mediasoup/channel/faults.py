"""
What is wrong with a value that the encoder has refused.

The encoder only notices that something is wrong; these functions, which need not be fast, walk through the value and
raise the error that names the field. Both follow the same rules, and the tests hold them together.
"""

import struct
from collections.abc import Mapping
from typing import Any

from app.mediasoup.channel.encoder import Block
from app.mediasoup.channel.schema import UINT8, Enum, FieldType, Scalar, String, Table, Union, Vector
from app.mediasoup.errors import InvalidValueError


def check(kind: FieldType, value: Any, path: str) -> None:
    """Raise :exc:`InvalidValueError` for the first thing wrong with a value; ``path`` says where it is."""
    match kind:
        case Scalar():
            _check_scalar(kind, value, path)
        case Enum():
            _check_name(value, kind.numbers, path)
        case String():
            _check_string(value, path)
        case Vector():
            _check_vector(kind, value, path)
        case Union():
            _check_union(kind, value, path)
        case Table():
            _check_table(kind, value, path)


def _check_scalar(kind: Scalar, value: Any, path: str) -> None:
    if type(value) not in kind.accepts:
        raise _wrong_type(kind.name, value, path)
    try:
        struct.pack(f"<{kind.code}", value)
    except (struct.error, OverflowError):
        # A huge number is not worth its digits, and Python refuses to write them.
        shown = value if abs(value) < 1 << 80 else "a number this large"
        raise InvalidValueError(path, f"{shown} is out of range for {kind.name}") from None


def _check_name(value: Any, names: Mapping[str, object], path: str) -> None:
    if not isinstance(value, str):
        raise _wrong_type("one of the schema's names", value, path)
    if value not in names:
        raise InvalidValueError(path, f"{value[:64]!r} is none of {', '.join(names)}")


def _check_string(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise _wrong_type("a string", value, path)
    if "\0" in value:
        raise InvalidValueError(path, "a string can't have a zero character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidValueError(path, f"a string that UTF-8 can't write: {error.reason}") from None


def _check_vector(kind: Vector, value: Any, path: str) -> None:
    if kind.item == UINT8 and isinstance(value, bytes | bytearray | memoryview):
        return
    if type(value) not in (list, tuple):
        raise _wrong_type("a list", value, path)
    for index, item in enumerate(value):
        check(kind.item, item, f"{path}[{index}]")


def _check_union(kind: Union, value: Any, path: str) -> None:
    if type(value) not in (list, tuple) or len(value) != 2:
        raise _wrong_type("a pair of a member's name and its value", value, path)
    member, content = value
    _check_name(member, kind.members, path)
    if not isinstance(content, Block):
        check(kind.members[member], content, path)


def _check_table(kind: Table, value: Any, path: str) -> None:
    if not isinstance(value, Mapping):
        raise _wrong_type("a mapping", value, path)
    for key in value.keys() - {field.name for field in kind.fields}:
        raise InvalidValueError(f"{path}.{str(key)[:64]}", f"{kind.name} has no such field")
    for field in kind.fields:
        content = value.get(field.name)
        if content is not None:
            check(field.type, content, f"{path}.{field.name}")
        elif field.required:
            raise InvalidValueError(f"{path}.{field.name}", "is required")


def _wrong_type(expected: str, value: Any, path: str) -> InvalidValueError:
    return InvalidValueError(path, f"{expected} expected, not {type(value).__name__}")
