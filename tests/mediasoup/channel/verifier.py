"""
Checks a message as the official C++ verifier does: bounds, alignment, terminated strings, required fields.

The Python package has none. Written from the format's description, without the codec's help:
https://flatbuffers.dev/internals/.
"""

import struct
from dataclasses import dataclass

from app.mediasoup.channel.schema import Enum, Field, Scalar, String, Table, Union, Vector


@dataclass
class Verifier:
    """Verifies one message, whose alignment counts from the first byte of ``data``."""

    data: bytes

    def message(self, table: Table, start: int = 0) -> None:
        """Verify the message that begins at ``start`` and has ``table`` for its root."""
        self._table(table, self._follow(start))

    def _read(self, code: str, at: int) -> int:
        size = struct.calcsize(f"<{code}")
        assert at % size == 0, f"{code} at {at} is not aligned"
        assert 0 <= at <= len(self.data) - size, f"{code} at {at} is out of bounds"
        number: int = struct.unpack_from(f"<{code}", self.data, at)[0]
        return number

    def _follow(self, at: int) -> int:
        offset = self._read("I", at)
        assert offset, f"an offset at {at} leads nowhere"
        return at + offset

    def _table(self, table: Table, at: int) -> None:
        vtable = at - self._read("i", at)
        entries = self._read("H", vtable) // 2 - 2
        assert at + self._read("H", vtable + 2) <= len(self.data)
        places = [self._read("H", vtable + 4 + 2 * slot) for slot in range(entries)]
        for field in table.fields:
            if place := places[field.slot]:
                member = at + places[field.slot - 1] if isinstance(field.type, Union) else 0
                self._field(field, at + place, member)
            else:
                assert not field.required, f"{field.name} is missing"

    def _field(self, field: Field, at: int, member: int) -> None:
        match field.type:
            case Scalar(code=code) | Enum(base=Scalar(code=code)):
                self._read(code, at)
            case Union(members=members):
                self._table(list(members.values())[self._read("B", member) - 1], self._follow(at))
            case Vector(item=item):
                self._vector(item, self._follow(at))
            case String():
                self._string(self._follow(at))
            case Table() as table:
                self._table(table, self._follow(at))

    def _string(self, at: int) -> None:
        end = at + 4 + self._read("I", at)
        assert self.data[end] == 0, f"the string at {at} is not terminated"

    def _vector(self, item: Scalar | Enum | String | Table, at: int) -> None:
        length = self._read("I", at)
        for index in range(length):
            match item:
                case Scalar(code=code) | Enum(base=Scalar(code=code)):
                    self._read(code, at + 4 + index * struct.calcsize(f"<{code}"))
                case String():
                    self._string(self._follow(at + 4 + 4 * index))
                case Table():
                    self._table(item, self._follow(at + 4 + 4 * index))
