"""The official FlatBuffers package with the code that ``flatc`` generates, made to speak the codec's values."""

import importlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flatbuffers

from app.mediasoup.channel.schema import UINT8, Enum, Field, FieldType, Scalar, String, Table, Union, Vector


class Oracle:
    """
    Encodes and decodes with generated code. A context: the code can be imported until it ends.

    Names and numbers come from the generated code where it has them, so that they are checked too.
    """

    def __init__(self, schemas: Path, generated: Path) -> None:
        files = [str(path) for path in sorted(schemas.glob("*.fbs"))]
        subprocess.run(["flatc", "--python", "--gen-object-api", "-o", str(generated), *files], check=True)
        self._path = str(generated)

    def __enter__(self) -> "Oracle":
        sys.path.insert(0, self._path)
        return self

    def __exit__(self, *_: object) -> None:
        sys.path.remove(self._path)

    def encode(self, table: Table, value: Mapping[str, Any], *, size_prefixed: bool = False) -> bytes:
        """Make a message of a value."""
        return self.pack(self.to_object(table, value), size_prefixed=size_prefixed)

    def pack(self, made: Any, *, size_prefixed: bool = False) -> bytes:
        """Make a message of an object of the generated code."""
        builder = flatbuffers.Builder(1024)
        root = made.Pack(builder)
        if size_prefixed:
            builder.FinishSizePrefixed(root)
        else:
            builder.Finish(root)
        return bytes(builder.Output())

    def decode(self, table: Table, data: bytes) -> dict[str, Any]:
        """Read a message without a size prefix."""
        return self.from_object(table, self.unpack(table, data))

    def unpack(self, table: Table, data: bytes) -> Any:
        """Read a message into an object of the generated code."""
        root = flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0)
        return _generated(table.name, "T").InitFromBuf(data, root)

    def to_object(self, table: Table, value: Mapping[str, Any]) -> Any:
        """Make an object of the generated code, all the way down."""
        made = _generated(table.name, "T")()
        for field in table.fields:
            content = value.get(field.name)
            if content is None:
                continue
            if isinstance(field.type, Union):
                member, content = content
                setattr(made, f"{_attribute(field)}Type", getattr(_generated(field.type.name), member))
                content = self.to_object(field.type.members[member], content)
            else:
                content = self._to_official(field.type, content)
            setattr(made, _attribute(field), content)
        return made

    def _to_official(self, kind: FieldType, value: Any) -> Any:
        match kind:
            case Enum():
                return _numbers(kind)[value]
            case Table():
                return self.to_object(kind, value)
            case Vector(item=item):
                return [self._to_official(item, content) for content in value]
            case _:
                return value

    def from_object(self, table: Table, made: Any) -> dict[str, Any]:
        """Turn an object of the generated code into what the codec decodes."""
        return {field.name: self._field(field, made) for field in table.fields}

    def _field(self, field: Field, made: Any) -> Any:
        content = getattr(made, _attribute(field))
        if content is None:
            return None
        if isinstance(field.type, Union):
            number = getattr(made, f"{_attribute(field)}Type")
            numbers = vars(_generated(field.type.name))
            (member,) = (name for name in field.type.members if numbers[name] == number)
            return member, self.from_object(field.type.members[member], content)
        return self._from_official(field.type, content)

    def _from_official(self, kind: FieldType, value: Any) -> Any:
        match kind:
            case Enum():
                return next(name for name, number in _numbers(kind).items() if number == value)
            case String():
                return value.decode()
            case Table():
                return self.from_object(kind, value)
            case Vector(item=item) if item == UINT8:
                return bytes(value)
            case Vector(item=item):
                return [self._from_official(item, content) for content in value]
            case Scalar(name="bool"):
                return bool(value)
            case _:
                return value


def _generated(name: str, suffix: str = "") -> Any:
    return getattr(importlib.import_module(name), name.rpartition(".")[2] + suffix)


def _attribute(field: Field) -> str:
    first, *others = field.name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def _numbers(enum: Enum) -> dict[str, int]:
    """Return the generated code's enumerators, in lower case as the codec has them."""
    return {name.lower(): number for name, number in vars(_generated(enum.name)).items() if not name.startswith("__")}
