"""
The worker's message schema: the tables, enums and unions that its ``.fbs`` files define.

mediasoup's schemas use these, scalars, strings and vectors; field defaults, ``= null`` and ``(required)``.
"""

import hashlib
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from app.mediasoup.channel.fbs import Declaration, FbsFile, SchemaError


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number or a boolean: its name, its ``struct`` code, and the Python types that it may be given as."""

    name: str
    code: str
    accepts: tuple[type, ...]

    @property
    def size(self) -> int:
        """Bytes that a value takes, which is its alignment too."""
        return struct.calcsize(f"<{self.code}")


@dataclass(frozen=True, slots=True)
class String:
    """Text in UTF-8."""


@dataclass(frozen=True, slots=True, eq=False)
class Enum:
    """Named numbers. ``numbers`` has the enumerators in lower case."""

    name: str
    base: Scalar
    numbers: Mapping[str, int]


@dataclass(slots=True, eq=False)
class Table:
    """A record whose fields may be absent."""

    name: str
    fields: tuple["Field", ...] = field(default=(), repr=False)

    @property
    def codes(self) -> dict[int, str]:
        """The ``struct`` code of each slot: that of an offset, unless the value itself lies there."""
        codes: dict[int, str] = {}
        for member in self.fields:
            match member.type:
                case Scalar(code=code) | Enum(base=Scalar(code=code)):
                    codes[member.slot] = code
                case Union():
                    codes[member.slot - 1] = UINT8.code
                    codes[member.slot] = OFFSET
                case _:
                    codes[member.slot] = OFFSET
        return codes


@dataclass(slots=True, eq=False)
class Union:
    """One of several tables. The first member has number 1; 0 stands for none."""

    name: str
    members: Mapping[str, Table] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Vector:
    """Any number of values of one type."""

    item: "Scalar | Enum | String | Table"


FieldType: TypeAlias = Scalar | Enum | String | Table | Union | Vector
Named: TypeAlias = Enum | Table | Union
Default: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Field:
    """
    A field of a table.

    ``slot`` is its entry in the vtable. A union takes two: the number of its member has the entry before.
    ``default`` is what an absent scalar or enum reads as: None with ``= null``, and for every other type.
    """

    name: str
    type: FieldType
    slot: int
    default: Default
    required: bool


BOOL: Final = Scalar("bool", "?", (bool,))
UINT8: Final = Scalar("uint8", "B", (int,))
STRING: Final = String()
OFFSET: Final = "I"
"""The ``struct`` code of the way from a slot to what belongs there."""

_BUILT_IN: Final[Mapping[str, Scalar | String]] = {
    "string": STRING,
    "bool": BOOL,
    **dict.fromkeys(("int8", "byte"), Scalar("int8", "b", (int,))),
    **dict.fromkeys(("uint8", "ubyte"), UINT8),
    **dict.fromkeys(("int16", "short"), Scalar("int16", "h", (int,))),
    **dict.fromkeys(("uint16", "ushort"), Scalar("uint16", "H", (int,))),
    **dict.fromkeys(("int32", "int"), Scalar("int32", "i", (int,))),
    **dict.fromkeys(("uint32", "uint"), Scalar("uint32", "I", (int,))),
    **dict.fromkeys(("int64", "long"), Scalar("int64", "q", (int,))),
    **dict.fromkeys(("uint64", "ulong"), Scalar("uint64", "Q", (int,))),
    **dict.fromkeys(("float32", "float"), Scalar("float32", "f", (float, int))),
    **dict.fromkeys(("float64", "double"), Scalar("float64", "d", (float, int))),
}


class Schema:
    """
    All types of a folder of ``.fbs`` files, by full name (``FBS.Message.Message``).

    ``digest`` is the SHA-256 of the files' names and contents in hexadecimal; it tells releases apart.
    """

    def __init__(self, types: Mapping[str, Named], digest: str) -> None:
        self.types = types
        self.digest = digest

    @classmethod
    def load(cls, directory: Path) -> "Schema":
        """Read every ``.fbs`` file in ``directory``. Raises :exc:`SchemaError`."""
        texts = {path.name: _read(path) for path in sorted(directory.glob("*.fbs"))}
        if not texts:
            raise SchemaError(f"{directory}: no .fbs files there")
        digest = hashlib.sha256()
        for name, text in texts.items():
            digest.update(f"{name}\0{len(text)}\0{text}".encode())
        return cls(_link(texts), digest.hexdigest())

    @property
    def tables(self) -> list[Table]:
        """Every table, in the order of the files' names."""
        return [item for item in self.types.values() if isinstance(item, Table)]

    def table(self, name: str) -> Table:
        """Return the table with this full name. Raises :exc:`SchemaError`."""
        found = self.types.get(name)
        if not isinstance(found, Table):
            raise SchemaError(f"no table {name} in the schema")
        return found

    def union(self, name: str) -> Union:
        """Return the union with this full name. Raises :exc:`SchemaError`."""
        found = self.types.get(name)
        if not isinstance(found, Union):
            raise SchemaError(f"no union {name} in the schema")
        return found


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise SchemaError(f"{path}: {error}") from error


def _link(texts: Mapping[str, str]) -> dict[str, Named]:
    """Parse the files, then put the types that their words stand for in the place of the words."""
    types: dict[str, Named] = {}
    declared: list[tuple[Declaration, Named]] = []
    for name, text in texts.items():
        file = FbsFile(name, text)
        if missing := set(file.includes) - texts.keys():
            raise SchemaError(f"{name}: includes {', '.join(missing)}, not there")
        for declaration in file.declarations:
            if declaration.full_name in types:
                raise SchemaError(f"{name}: {declaration.full_name} is there twice")
            item = types[declaration.full_name] = _declare(declaration)
            declared.append((declaration, item))
    for declaration, item in declared:
        if isinstance(item, Union):
            item.members = _union_members(declaration, types)
        elif isinstance(item, Table):
            item.fields = tuple(_fields(declaration, types))
    return types


def _declare(declaration: Declaration) -> Named:
    """Make a type; tables and unions are still without their members, as these may be declared later."""
    if len({member.name.lower() for member in declaration.members}) != len(declaration.members):
        raise _error(declaration, "a name is there twice")
    if declaration.keyword == "enum":
        return _enum(declaration)
    return (Union if declaration.keyword == "union" else Table)(declaration.full_name)


def _enum(declaration: Declaration) -> Enum:
    base = _BUILT_IN.get(declaration.base)
    if not isinstance(base, Scalar) or base.accepts != (int,):
        raise _error(declaration, f"{declaration.base} is no type for an enum")
    numbers: dict[str, int] = {}
    following = 0
    for member in declaration.members:
        number = following if member.default is None else int(_number(declaration, base, member.default))
        numbers[member.name.lower()] = number
        following = number + 1
    if len(set(numbers.values())) != len(numbers):
        raise _error(declaration, "a number is there twice")
    return Enum(declaration.full_name, base, numbers)


def _union_members(declaration: Declaration, types: Mapping[str, Named]) -> dict[str, Table]:
    members: dict[str, Table] = {}
    for member in declaration.members:
        found = _find(declaration, member.type, types)
        if not isinstance(found, Table):
            raise _error(declaration, f"{member.name} is not a table")
        members[member.name] = found
    return members


def _fields(declaration: Declaration, types: Mapping[str, Named]) -> Iterator[Field]:
    slot = 0
    for member in declaration.members:
        kind: FieldType = _find(declaration, member.type, types)
        if member.vector:
            kind = _vector(declaration, kind)
        slot += isinstance(kind, Union)
        default = None
        if isinstance(kind, Scalar | Enum):
            if member.required:
                raise _error(declaration, f"{member.name} can't be required")
            default = _default(declaration, kind, member.default)
        elif member.default is not None:
            raise _error(declaration, f"{member.name} can't have a default")
        yield Field(member.name, kind, slot, default, member.required)
        slot += 1


def _find(declaration: Declaration, word: str, types: Mapping[str, Named]) -> Scalar | String | Named:
    """Find the type that a word stands for, in the declaration's namespace first, then in those around it."""
    if word in _BUILT_IN:
        return _BUILT_IN[word]
    spaces = declaration.namespace.split(".")
    for depth in range(len(spaces), -1, -1):
        if found := types.get(".".join([*spaces[:depth], word])):
            return found
    raise _error(declaration, f"no type {word}")


def _vector(declaration: Declaration, item: FieldType) -> Vector:
    # No message has these others, and each would need a layout of its own.
    number = item.base if isinstance(item, Enum) else item
    if isinstance(item, Union | Vector) or (isinstance(number, Scalar) and number.size > 4):
        raise _error(declaration, "vectors of unions or of 8-byte numbers are not known here")
    return Vector(item)


def _default(declaration: Declaration, kind: Scalar | Enum, word: str | None) -> Default:
    if word == "null":
        return None
    if isinstance(kind, Scalar):
        return _number(declaration, kind, word or "0")
    for name, number in kind.numbers.items():
        if name == word.lower() if word else number == 0:
            return name
    raise _error(declaration, f"{kind.name} has no {word or 0} for a default")


def _number(declaration: Declaration, kind: Scalar, word: str) -> bool | int | float:
    """Read a number or a boolean, and make sure that it fits its type."""
    try:
        if kind is BOOL:
            return {"0": False, "false": False, "true": True}[word]
        number = int(word, 0) if kind.accepts == (int,) else float(word)
        struct.pack(f"<{kind.code}", number)
        if not math.isfinite(number):
            raise ValueError(word)
    except (ValueError, LookupError, struct.error) as error:
        raise _error(declaration, f"{word} is no {kind.name}") from error
    return number


def _error(declaration: Declaration, problem: str) -> SchemaError:
    return SchemaError(f"{declaration.full_name}: {problem}")
