"""Every table of the schema, there and back, against the official FlatBuffers code."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.schema import Schema, Table

from ..conftest import SCHEMAS
from .oracle import Oracle
from .values import Values, comparable, decoded
from .verifier import Verifier

VALUES = Values()
TABLES = [pytest.param(table, id=table.name) for table in Schema.load(SCHEMAS).tables]

few_examples = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
@few_examples
def test_what_one_side_encodes_the_other_decodes(
    table: Table, codec: Codec, oracle: Oracle, data: st.DataObject
) -> None:
    value: dict[str, Any] = data.draw(VALUES.table(table))
    expected = comparable(decoded(table, value))
    message = codec.encode(table.name, value)
    Verifier(message).message(table)
    assert comparable(oracle.decode(table, message)) == expected
    assert comparable(codec.decode(table.name, message)) == expected
    assert comparable(codec.decode(table.name, oracle.encode(table, value))) == expected


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
@settings(few_examples, max_examples=3)
def test_a_message_with_its_size_in_front_is_the_same_behind_it(
    table: Table, codec: Codec, oracle: Oracle, data: st.DataObject
) -> None:
    value: dict[str, Any] = data.draw(VALUES.table(table))
    expected = comparable(decoded(table, value))
    frame = codec.encode(table.name, value, size_prefixed=True)
    Verifier(frame).message(table, 4)
    assert int.from_bytes(frame[:4], "little") == len(frame) - 4
    assert comparable(oracle.decode(table, frame[4:])) == expected
    assert comparable(codec.decode(table.name, oracle.encode(table, value, size_prefixed=True), 4)) == expected
