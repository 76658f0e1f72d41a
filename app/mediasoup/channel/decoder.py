"""
FlatBuffers bytes to values, by functions generated from the schema.

A table's vtable says which fields are there and where. The worker sends the same few again and again, so each vtable
gets a Python function of its own, kept under its bytes: it reads all fields with one ``struct``, and everything that
the vtable says is checked once, when the function is made.

Nothing in the bytes is trusted. Offsets only lead forward; what they lead to is checked to lie inside the message; and
since a hostile message may lead to the same bytes from many places, everything read is counted.
"""

import struct
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

from app.mediasoup.channel.generated import Namespace
from app.mediasoup.channel.schema import UINT8, Enum, Field, Scalar, String, Table, Union, Vector
from app.mediasoup.errors import MalformedMessageError

Decode: TypeAlias = Callable[[bytes, int, list[int]], dict[str, Any]]
"""Read the table at a place of a message. The list has one number: how many bytes may still be read."""

_T = TypeVar("_T")

FAULTS: Final = (struct.error, ValueError)
"""What a :data:`Decode` function raises for bytes that are no message, besides :exc:`MalformedMessageError`."""

_SHAPES_KEPT: Final = 256
"""Functions kept for a table. The worker needs a handful; when they are more, it starts anew."""

_BEYOND: Final = "a vector or string goes beyond the message"
_READ_AGAIN: Final = "the same bytes are led to again and again"

_offset = struct.Struct("<I").unpack_from
_signed_offset = struct.Struct("<i").unpack_from
_vtable_size = struct.Struct("<H").unpack_from


class Decoder:
    """Makes the functions and keeps them."""

    def __init__(self) -> None:
        self._namespace = Namespace(string=_string, span=_span, items=_items, numbers=_numbers)
        self._names: dict[Enum | Table | Union, str] = {}

    def function(self, table: Table) -> Decode:
        """Return the function that reads a table."""
        decode: Decode = self._namespace.values[self._table(table)]
        return decode

    def _table(self, table: Table) -> str:
        if table not in self._names:
            shapes = _Shapes(table, self._make)
            self._names[table] = self._namespace.bind(f"decode_{table.name}", _reader(shapes))
        return self._names[table]

    def _make(self, table: Table, vtable: bytes) -> Decode:
        """Make the function that reads a table with this vtable."""
        places = places_of(table, vtable)
        format_ = "<"
        for slot, place in places.items():
            format_ += f"{place - struct.calcsize(format_)}x{table.codes[slot]}"
        slots = "".join(f"v{slot}, " for slot in places)
        decode: Decode = self._namespace.define(
            "decode",
            "buf, pos, left",
            [
                f"{slots}= unpack(buf, pos)" if slots else "",
                "return {",
                *(f"    {field.name!r}: {self._value(field, places)}," for field in table.fields),
                "}",
            ],
            unpack=struct.Struct(format_).unpack_from,
        )
        return decode

    def _value(self, field: Field, places: dict[int, int]) -> str:
        """Write the expression that gives a field's value, once what slot n holds is in ``vn``."""
        if field.slot not in places:
            if field.required:
                raise MalformedMessageError(f"{field.name} is not there, and is required")
            return repr(field.default)
        raw, at = f"v{field.slot}", f"buf, pos + {places[field.slot]} + v{field.slot}, left"
        match field.type:
            case Scalar():
                return raw
            case Enum() as enum:
                return f"{self._enum(enum)}[{raw}]"
            case Union() as union:
                if field.slot - 1 not in places:
                    raise MalformedMessageError(f"{field.name} does not say which member it is")
                return f"((member := {self._union(union)}[v{field.slot - 1}])[0], member[1]({at}))"
            case String():
                return f"string({at})"
            case Table() as table:
                return f"{self._table(table)}({at})"
            case Vector(item=item):
                return self._vector(item, at)

    def _vector(self, item: Scalar | Enum | String | Table, at: str) -> str:
        match item:
            case Scalar():
                return f"span({at}, 1)" if item == UINT8 else f"numbers({at}, {item.code!r})"
            case Enum():
                return f"[{self._enum(item)}[number] for number in numbers({at}, {item.base.code!r})]"
            case String():
                return f"items({at}, string)"
            case Table():
                return f"items({at}, {self._table(item)})"

    def _enum(self, enum: Enum) -> str:
        if enum not in self._names:
            names = Numbered(enum.name, {number: name for name, number in enum.numbers.items()})
            self._names[enum] = self._namespace.bind(enum.name, names)
        return self._names[enum]

    def _union(self, union: Union) -> str:
        if union not in self._names:
            members = {n: (name, self.function(table)) for n, (name, table) in enumerate(union.members.items(), 1)}
            self._names[union] = self._namespace.bind(union.name, Numbered(union.name, members))
        return self._names[union]


class Numbered(dict[int, _T]):
    """What the numbers of an enum or a union stand for."""

    def __init__(self, name: str, known: dict[int, _T]) -> None:
        super().__init__(known)
        self._name = name

    def __missing__(self, number: int) -> _T:
        raise MalformedMessageError(f"{self._name} has no number {number}")


class _Shapes(dict[bytes, Decode]):
    """The functions of one table by the vtables that they are for."""

    def __init__(self, table: Table, make: Callable[[Table, bytes], Decode]) -> None:
        super().__init__()
        self._table = table
        self._make = make

    def __missing__(self, vtable: bytes) -> Decode:
        decode = self._make(self._table, vtable)
        if len(self) == _SHAPES_KEPT:
            self.clear()
        self[vtable] = decode
        return decode


def places_of(table: Table, vtable: bytes) -> dict[int, int]:
    """
    Read where the fields of a table are: its slots and their places from the table's start, first place first.

    Slots that the schema does not know are left out.
    """
    if len(vtable) < 4 or len(vtable) % 2:
        raise MalformedMessageError("a vtable's size is wrong")
    size, end, *entries = struct.unpack(f"<{len(vtable) // 2}H", vtable)
    if size != len(vtable):
        raise MalformedMessageError("a vtable goes beyond the message")
    codes = table.codes
    places = {slot: place for slot, place in enumerate(entries) if place and slot in codes}
    places = dict(sorted(places.items(), key=lambda item: item[1]))
    # The first 4 bytes are the vtable's offset.
    free = 4
    for slot, place in places.items():
        if place < free:
            raise MalformedMessageError("fields lie in one another")
        free = place + struct.calcsize(f"<{codes[slot]}")
    if free > end:
        raise MalformedMessageError("a field lies beyond its table")
    return places


def _reader(shapes: _Shapes) -> Decode:
    """Make the function that reads a table whatever its vtable is."""

    def read(buf: bytes, pos: int, left: list[int]) -> dict[str, Any]:
        left[0] -= 4
        if left[0] < 0:
            raise MalformedMessageError(_READ_AGAIN)
        vtable = pos - _signed_offset(buf, pos)[0]
        if vtable < 0:
            raise MalformedMessageError("a vtable lies before the message")
        (size,) = _vtable_size(buf, vtable)
        return shapes[buf[vtable : vtable + size]](buf, pos, left)

    return read


def _string(buf: bytes, pos: int, left: list[int]) -> str:
    # This is _span() written out: most of what is read is strings, and one call less is felt.
    (length,) = _offset(buf, pos)
    data = buf[pos + 4 : pos + 4 + length]
    if len(data) != length:
        raise MalformedMessageError(_BEYOND)
    left[0] -= length + 4
    if left[0] < 0:
        raise MalformedMessageError(_READ_AGAIN)
    return data.decode()


def _items(buf: bytes, pos: int, left: list[int], read: Callable[[bytes, int, list[int]], _T]) -> list[_T]:
    """Read a vector of strings or tables. Each offset counts from its own place; each item counts what it reads."""
    (length,) = _offset(buf, pos)
    end = pos + 4 + 4 * length
    if end > len(buf):
        raise MalformedMessageError(_BEYOND)
    return [read(buf, place + _offset(buf, place)[0], left) for place in range(pos + 4, end, 4)]


def _numbers(buf: bytes, pos: int, left: list[int], code: str) -> list[Any]:
    """Read a vector of numbers or booleans."""
    number = struct.Struct(f"<{code}")
    return [value for (value,) in number.iter_unpack(_span(buf, pos, left, number.size))]


def _span(buf: bytes, pos: int, left: list[int], size: int) -> bytes:
    """Return the bytes of a vector whose items take ``size`` bytes each."""
    (length,) = _offset(buf, pos)
    data = buf[pos + 4 : pos + 4 + length * size]
    if len(data) != length * size:
        raise MalformedMessageError(_BEYOND)
    left[0] -= 4 + len(data)
    if left[0] < 0:
        raise MalformedMessageError(_READ_AGAIN)
    return data
