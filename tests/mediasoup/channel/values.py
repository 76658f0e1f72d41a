"""Values for every table of a schema, made by hypothesis, and what they become on the other side."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from app.mediasoup.channel.schema import UINT8, Enum, FieldType, Scalar, String, Table, Union, Vector

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


class Values:
    """Strategies for values, one a table, so that a table may hold itself."""

    def __init__(self) -> None:
        self._tables: dict[Table, st.SearchStrategy[dict[str, Any]]] = {}

    def of(self, kind: FieldType) -> st.SearchStrategy[Any]:
        """Make values that a field of this type can hold."""
        match kind:
            case Scalar():
                return _scalars(kind)
            case Enum():
                return st.sampled_from(sorted(kind.numbers))
            case String():
                return TEXT
            case Vector(item=item):
                lists = st.lists(self.of(item), max_size=3)
                return lists | st.binary(max_size=9) if item == UINT8 else lists
            case Union():
                return st.one_of(*(st.tuples(st.just(name), self.of(member)) for name, member in kind.members.items()))
            case Table():
                return self.table(kind)

    def table(self, table: Table) -> st.SearchStrategy[dict[str, Any]]:
        """Make values of a table, with any of its optional fields; an absent one may be None instead."""
        if table not in self._tables:
            self._tables[table] = st.deferred(self._maker(table))
        return self._tables[table]

    def _maker(self, table: Table) -> Callable[[], st.SearchStrategy[dict[str, Any]]]:
        def make() -> st.SearchStrategy[dict[str, Any]]:
            fields = {field.name: self.of(field.type) for field in table.fields}
            required = {field.name: fields[field.name] for field in table.fields if field.required}
            optional = {name: st.none() | fields[name] for name in fields.keys() - required.keys()}
            return st.fixed_dictionaries(required, optional=optional)

        return make


def _scalars(kind: Scalar) -> st.SearchStrategy[Any]:
    if kind.accepts == (bool,):
        return st.booleans()
    bits = 8 * kind.size
    if kind.accepts == (int,):
        signed = kind.code.islower()
        return st.integers(-(1 << bits - 1) if signed else 0, (1 << bits - signed) - 1)
    return st.floats(width=32 if bits == 32 else 64) | st.integers(-1000, 1000)


def decoded(table: Table, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``value`` reads as after a journey: every field is there."""
    return {field.name: _decoded(field.type, value.get(field.name), field.default) for field in table.fields}


def _decoded(kind: FieldType, value: Any, default: Any = None) -> Any:
    if value is None:
        return default
    match kind:
        case Scalar(accepts=accepts) if float in accepts:
            return float(value)
        case Vector(item=item) if item == UINT8:
            return bytes(value)
        case Vector(item=item):
            return [_decoded(item, content) for content in value]
        case Union():
            member, content = value
            return member, decoded(kind.members[member], content)
        case Table():
            return decoded(kind, value)
        case _:
            return value


def comparable(value: Any) -> Any:
    """Make NaN equal to NaN."""
    match value:
        case float() if math.isnan(value):
            return "NaN"
        case dict():
            return {key: comparable(content) for key, content in value.items()}
        case list() | tuple():
            return type(value)(comparable(content) for content in value)
        case _:
            return value
