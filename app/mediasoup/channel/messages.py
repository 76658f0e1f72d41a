"""
What the worker says, as values.

It says the same things again and again: the same fields of the same tables, strings of the same length. Such messages
differ only where numbers and the letters of strings stand. The rest is their skeleton, and two messages with the same
skeleton are read in the same way; so each skeleton that comes often gets a function that takes all values out at once.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from ..errors import MalformedMessageError
from . import decoder
from .codec import Codec
from .decoder import Numbered, places_of
from .generated import Namespace
from .requests import MESSAGE
from .schema import UINT8, Enum, Field, Scalar, String, Table, Union, Vector

#: Messages of one length that are read plainly before a skeleton is made of one of them.
LEARN_AFTER: Final = 32
#: Bytes of a message that is worth it, and values in it.
LONGEST: Final = 2048
MOST_VALUES: Final = 128
#: Skeletons of messages of one length, which are tried one after the other.
MOST_OF_A_LENGTH: Final = 4
#: Skeletons in all. The worker has a few dozen; when they are more, it starts anew.
MOST_SKELETONS: Final = 256

Read = Callable[[bytes], dict[str, Any] | None]


class MessageDecoder:
    """Reads the messages of one worker."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._lengths: dict[int, _Length] = {}
        self._skeletons = 0

    def decode(self, message: bytes) -> dict[str, Any]:
        """Give what ``codec.decode()`` gives, but in a fraction of its time. Raises :exc:`MalformedMessageError`."""
        length = self._lengths.get(len(message))
        if length is not None:
            for read in length.readers:
                try:
                    value = read(message)
                except decoder.FAULTS as error:
                    raise MalformedMessageError(f"Message: {error}") from error
                if value is not None:
                    return value
        value = self._codec.decode(MESSAGE, message)
        if len(message) <= LONGEST:
            self._learn(length, message)
        return value

    def _learn(self, length: _Length | None, message: bytes) -> None:
        """Note that such a message came, which is known to be well formed."""
        if length is None:
            length = self._lengths[len(message)] = _Length()
        length.read_plainly += 1
        if length.read_plainly % LEARN_AFTER == 0 and len(length.readers) < MOST_OF_A_LENGTH:
            read = _Skeleton(message, self._codec.schema.table(MESSAGE)).reader()
            if read is not None:
                length.readers.append(read)
                self._skeletons += 1
        if self._skeletons > MOST_SKELETONS:
            self._lengths.clear()
            self._skeletons = 0


class _Length:
    """What is known of messages of one length."""

    __slots__ = ("read_plainly", "readers")

    def __init__(self) -> None:
        self.read_plainly = 0
        self.readers: list[Read] = []


class _Skeleton:
    """Where the values of a well-formed message are, and the source of what it says."""

    def __init__(self, message: bytes, table: Table) -> None:
        self._message = message
        self._namespace = Namespace()
        # Where each value starts, and what takes it out with struct.
        self._values: list[tuple[int, str]] = []
        self._source = self._table(table, self._follow(0))

    def reader(self) -> Read | None:
        """
        Make the function that reads messages with this skeleton, and gives None for others.

        There is none for a message in which values are too many, or share bytes as no encoder would have them.
        """
        if len(self._values) > MOST_VALUES:
            return None
        format_, names, bones, at = "<", [], {}, 0
        values = sorted((start, code, f"v{number}") for number, (start, code) in enumerate(self._values))
        for start, code, name in [*values, (len(self._message), "", "")]:
            if start < at:
                return None
            if start > at:
                bones[f"b{at}"] = self._message[at:start]
                names.append(f"b{at}")
                format_ += f"{start - at}s"
            if code:
                names.append(name)
                format_ += code
            at = start + struct.calcsize(f"<{code}")
        read: Read = self._namespace.define(
            "read",
            "message",
            [
                f"{', '.join(names)}, = unpack(message)",
                f"if {' or '.join(f'{bone} != own_{bone}' for bone in bones)}: return None",
                f"return {self._source}",
            ],
            unpack=struct.Struct(format_).unpack,
            **{f"own_{bone}": content for bone, content in bones.items()},
        )
        return read

    def _table(self, table: Table, at: int) -> str:
        """Write what the table at a place says."""
        vtable = at - self._number(at, "i")
        places = places_of(table, self._message[vtable : vtable + self._number(vtable, "H")])
        fields = (f"{field.name!r}: {self._field(field, at, places)}" for field in table.fields)
        return f"{{{', '.join(fields)}}}"

    def _field(self, field: Field, table_at: int, places: dict[int, int]) -> str:
        if field.slot not in places:
            return repr(field.default)
        at = table_at + places[field.slot]
        match field.type:
            case Scalar() | Enum() as kind:
                return self._value(kind, at)
            case Union(members=members):
                name, table = list(members.items())[self._message[table_at + places[field.slot - 1]] - 1]
                return f"({name!r}, {self._table(table, self._follow(at))})"
            case kind:
                return self._value(kind, self._follow(at))

    def _value(self, kind: Scalar | Enum | String | Table | Vector, at: int) -> str:
        match kind:
            case Scalar(code=code):
                return self._take(at, code)
            case Enum(base=base):
                return f"{self._enum(kind)}[{self._take(at, base.code)}]"
            case String():
                return f"{self._take(at + 4, f'{self._number(at)}s')}.decode()"
            case Table():
                return self._table(kind, at)
            case Vector(item=item):
                return self._vector(item, at + 4, self._number(at))

    def _vector(self, item: Scalar | Enum | String | Table, at: int, count: int) -> str:
        if item == UINT8:
            return self._take(at, f"{count}s")
        if isinstance(item, Scalar | Enum):
            size = (item.base if isinstance(item, Enum) else item).size
            items = [self._value(item, at + size * index) for index in range(count)]
        else:
            items = [self._value(item, self._follow(at + 4 * index)) for index in range(count)]
        return f"[{', '.join(items)}]"

    def _take(self, at: int, code: str) -> str:
        """Write what stands for the value at a place."""
        self._values.append((at, code))
        return f"v{len(self._values) - 1}"

    def _enum(self, enum: Enum) -> str:
        names = {number: name for name, number in enum.numbers.items()}
        return self._namespace.bind(enum.name, Numbered(enum.name, names))

    def _follow(self, at: int) -> int:
        return at + self._number(at)

    def _number(self, at: int, code: str = "I") -> int:
        number: int = struct.unpack_from(f"<{code}", self._message, at)[0]
        return number
