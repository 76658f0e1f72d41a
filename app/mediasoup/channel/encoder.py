"""
Values to FlatBuffers bytes, by functions generated from the schema.

Each table gets a Python function of its own, made when it is first needed: its source has a short passage for
each field, and everything known beforehand (offsets, struct formats, enumerators) is a constant in it.

The bytes are laid out so that no function needs to know where its result will lie. Every object becomes a *block*:
a multiple of 8 bytes, to be placed at a multiple of 8, that begins with the object and has all that belongs to it
behind. A table's block is

    offset of the vtable | fields, largest first | vtable | padding | blocks of its strings, vectors and tables

so every offset in it is known once the lengths of the blocks behind are. The official builder shares vtables and
pads less; its messages are a quarter shorter, and take over ten times as long to make.

Functions here only notice that a value is wrong; :mod:`app.mediasoup.channel.faults` finds out what is.
"""

import struct
from collections.abc import Callable, Container, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from app.mediasoup.channel.generated import Namespace, indented
from app.mediasoup.channel.schema import UINT8, Enum, Field, FieldType, Scalar, String, Table, Union, Vector

Encode: TypeAlias = Callable[[Any], bytes]

FAULTS: Final = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, struct.error)
"""What an :data:`Encode` function raises for a value that its table can't hold."""

LENGTH_SIZE: Final = 4
"""Bytes before a string or a vector that tell its length."""
UUID_BLOCK_SIZE: Final = 48
"""Bytes of the block of a string of 36 characters."""
_BLOCK: Final = 8
_SHAPES_KEPT: Final = 1024
"""Vtables kept for a table; when they are more, which takes many optional fields, it starts anew."""


class Block(bytes):
    """A table's block that was made before. A union takes it in the place of the table's value."""

    __slots__ = ()


class Encoder:
    """
    Makes the functions and keeps them.

    ``strings`` has the blocks of strings; it raises one of :data:`FAULTS` for what can't be a string.
    """

    def __init__(self) -> None:
        self.strings: Mapping[str, bytes] = _Strings()
        self._namespace = Namespace(
            Block=Block,
            strings=self.strings,
            string=self.strings.__getitem__,
            octets=_octets,
            numbers=_numbers,
            blocks=_blocks,
            sequence=_sequence,
            refuse_unknown=_refuse_unknown,
        )
        self._names: dict[Enum | Table | Union, str] = {}
        self._made: set[Table] = set()

    def function(self, table: Table) -> Encode:
        """Return the function that makes a table's block of a mapping."""
        name = self._table(table)
        if table not in self._made:
            self._namespace.values[name] = self._make(name, table)
            self._made.add(table)
        encode: Encode = self._namespace.values[name]
        return encode

    def _table(self, table: Table) -> str:
        """Return the name of a table's function. Until it is made, the name stands for what makes it when called."""
        if table not in self._names:
            self._names[table] = self._namespace.bind(f"encode_{table.name}", lambda value: self.function(table)(value))
        return self._names[table]

    def _make(self, name: str, table: Table) -> Encode:
        layout = _Layout(table)
        lines = ["get = value.get", f"mask = {(1 << len(table.fields)) - 1}", f"at = {layout.size}"]
        for bit, field in enumerate(table.fields):
            lines += self._passage(field, 1 << bit, layout)
        lines += [
            "vtable, count = vtables[mask]",
            "if len(value) != count: refuse_unknown(value, keys)",
        ]
        slots = "".join(f"v{slot}, " for slot in layout.offsets)
        head = f"pack({-layout.inline}, {slots}vtable)"
        blocks = "".join(f", b{field.slot}" for field in table.fields if not isinstance(field.type, Scalar | Enum))
        lines.append(f"return b''.join(({head}{blocks}))" if blocks else f"return {head}")
        encode: Encode = self._namespace.define(
            name,
            "value",
            lines,
            pack=struct.Struct(layout.format).pack,
            vtables=_Vtables(layout),
            keys=frozenset(field.name for field in table.fields),
        )
        return encode

    def _passage(self, field: Field, bit: int, layout: "_Layout") -> list[str]:
        """Write the lines that leave what goes into slot n in ``vn``, and the block behind it, if any, in ``bn``."""
        name, slot = field.name, field.slot
        present = self._conversion(field.type, slot, layout)
        if field.required:
            return [f"v{slot} = value[{name!r}]", *present]
        absent = [f"mask -= {bit}", f"v{slot} = 0"]
        if not isinstance(field.type, Scalar | Enum):
            absent.append(f"b{slot} = b''")
        if isinstance(field.type, Union):
            absent.append(f"v{slot - 1} = 0")
        return [
            f"v{slot} = get({name!r})",
            f"if v{slot} is None:",
            *indented(absent),
            "else:",
            *indented(present),
        ]

    def _conversion(self, kind: FieldType, slot: int, layout: "_Layout") -> list[str]:
        if isinstance(kind, Scalar):
            wrong = " and ".join(f"v{slot}.__class__ is not {accepted.__name__}" for accepted in kind.accepts)
            return [f"if {wrong}: raise TypeError"]
        if isinstance(kind, Enum):
            return [f"v{slot} = {self._enum(kind)}[v{slot}]"]
        if isinstance(kind, Union):
            block = [
                f"member, content = v{slot}",
                f"v{slot - 1}, encode = {self._union(kind)}[member]",
                f"b{slot} = content if content.__class__ is Block else encode(content)",
            ]
        else:
            block = [f"b{slot} = {self._block(kind, f'v{slot}')}"]
        return [*block, f"v{slot} = at - {layout.offsets[slot]}", f"at += len(b{slot})"]

    def _block(self, kind: String | Table | Vector, value: str) -> str:
        """Write the expression that makes the block of the value of an expression."""
        if isinstance(kind, String):
            return f"strings[{value}]"
        if isinstance(kind, Table):
            return f"{self._table(kind)}({value})"
        item = kind.item
        if item == UINT8:
            return f"octets({value})"
        if isinstance(item, Scalar):
            return f"numbers({value}, {item.code!r}, {self._namespace.bind('accepts', item.accepts)})"
        if isinstance(item, Enum):
            enumerators = f"[{self._enum(item)}[item] for item in sequence({value})]"
            return f"numbers({enumerators}, {item.base.code!r}, {self._namespace.bind('accepts', item.base.accepts)})"
        return f"blocks({value}, {'string' if isinstance(item, String) else self._table(item)})"

    def _enum(self, enum: Enum) -> str:
        if enum not in self._names:
            self._names[enum] = self._namespace.bind(enum.name, dict(enum.numbers))
        return self._names[enum]

    def _union(self, union: Union) -> str:
        if union not in self._names:
            self._names[union] = self._namespace.bind(union.name, _Members(union, self.function))
        return self._names[union]


class _Layout:
    """Where a table's fields go: the same place whichever of them are there."""

    def __init__(self, table: Table) -> None:
        self.fields = table.fields
        codes = table.codes
        self.slots = len(codes)
        ordered = sorted(codes, key=lambda slot: -struct.calcsize(f"<{codes[slot]}"))
        # The vtable's offset takes 4 bytes, so the 8-byte fields that may follow need 4 more.
        gap = "4x" if ordered and codes[ordered[0]] in "qQd" else ""
        self.offsets: dict[int, int] = {}
        """The place of each slot, from the table's start."""
        fields = f"<i{gap}"
        for slot in ordered:
            self.offsets[slot] = struct.calcsize(fields)
            fields += codes[slot]
        fields += "x" * (struct.calcsize(fields) % 2)
        self.inline = struct.calcsize(fields)
        """Bytes before the vtable."""
        unpadded = f"{fields}{4 + 2 * self.slots}s"
        self.format = f"{unpadded}{-struct.calcsize(unpadded) % _BLOCK}x"
        self.size = struct.calcsize(self.format)


class _Vtables(dict[int, tuple[bytes, int]]):
    """The vtable for each set of present fields, a bit a field in their order; and how many they are."""

    def __init__(self, layout: _Layout) -> None:
        super().__init__()
        self._layout = layout

    def __missing__(self, mask: int) -> tuple[bytes, int]:
        layout = self._layout
        entries = [0] * layout.slots
        for bit, field in enumerate(layout.fields):
            if mask >> bit & 1:
                entries[field.slot] = layout.offsets[field.slot]
                if isinstance(field.type, Union):
                    entries[field.slot - 1] = layout.offsets[field.slot - 1]
        size = 4 + 2 * layout.slots
        vtable = struct.pack(f"<{2 + layout.slots}H", size, layout.inline, *entries)
        if len(self) == _SHAPES_KEPT:
            self.clear()
        self[mask] = vtable, mask.bit_count()
        return self[mask]


class _Members(dict[str, tuple[int, Encode]]):
    """The number and the function of each member of a union that was met so far."""

    def __init__(self, union: Union, function: Callable[[Table], Encode]) -> None:
        super().__init__()
        self._tables = union.members
        self._function = function

    def __missing__(self, member: str) -> tuple[int, Encode]:
        table = self._tables[member]
        self[member] = list(self._tables).index(member) + 1, self._function(table)
        return self[member]


class _Strings(dict[str, bytes]):
    """
    The blocks of strings.

    Short ones are kept, since most are MIME types, feedback types, parameter names and ids that come again. Keys of
    ciphers are longer, and are not.
    """

    LONGEST_KEPT = 36
    """Characters: a UUID."""
    MOST_KEPT = 4096

    def __missing__(self, text: str) -> bytes:
        if not isinstance(text, str):
            raise TypeError
        data = text.encode()
        if b"\0" in data:
            raise ValueError
        # Text ends with a zero byte at least.
        block = _length(len(data)) + data + bytes(_BLOCK - (4 + len(data)) % _BLOCK)
        if len(text) <= self.LONGEST_KEPT:
            if len(self) == self.MOST_KEPT:
                self.clear()
            self[text] = block
        return block


def longest_text(block_size: int) -> int:
    """Tell how many bytes the longest string has whose block takes so many."""
    return block_size - LENGTH_SIZE - 1


_EMPTY_VECTOR: Final = bytes(_BLOCK)

_length = struct.Struct("<I").pack


@lru_cache(256)
def _pack_offsets(count: int) -> Callable[..., bytes]:
    """Make the function that packs a vector of so many offsets, its length first."""
    unpadded = f"<{1 + count}I"
    return struct.Struct(f"{unpadded}{-struct.calcsize(unpadded) % _BLOCK}x").pack


def _blocks(values: Any, encode: Encode) -> bytes:
    """Make the block of a vector whose items are blocks."""
    if not _sequence(values):
        return _EMPTY_VECTOR
    parts = [encode(value) for value in values]
    # Each offset counts from its own place, which is 4 bytes further than that of the one before.
    at = -(-(4 + 4 * len(parts)) // _BLOCK) * _BLOCK - 4
    offsets = []
    for part in parts:
        offsets.append(at)
        at += len(part) - 4
    return b"".join((_pack_offsets(len(parts))(len(parts), *offsets), *parts))


def _numbers(values: Any, code: str, accepted: Container[type]) -> bytes:
    """Make the block of a vector of numbers or booleans."""
    for value in _sequence(values):
        if type(value) not in accepted:
            raise TypeError
    return _vector(len(values), struct.pack(f"<{len(values)}{code}", *values))


def _octets(values: Any) -> bytes:
    """Make the block of a vector of bytes."""
    if isinstance(values, bytes | bytearray | memoryview):
        data = bytes(values)
        return _vector(len(data), data)
    return _numbers(values, UINT8.code, UINT8.accepts)


def _vector(count: int, data: bytes) -> bytes:
    return _length(count) + data + bytes(-(4 + len(data)) % _BLOCK)


def _sequence(values: Any) -> Any:
    if values.__class__ is not list and values.__class__ is not tuple:
        raise TypeError
    return values


def _refuse_unknown(value: Mapping[str, object], keys: frozenset[str]) -> None:
    """Look closer at a mapping that has keys which no field took: they are unknown, or their values are None."""
    if not keys.issuperset(value):
        raise LookupError
