from __future__ import annotations

import string
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import marshmallow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.signaling.knock import VALID_ID
from app.stores import pages
from app.web import fields

TIME = datetime(2030, 12, 31, 23, 0, tzinfo=UTC)
CURSOR = pages.Cursor(TIME, "5")


def load(field: marshmallow.fields.Field[Any], value: object) -> Any:
    return field.deserialize(value)


def refused(field: marshmallow.fields.Field[Any], value: object) -> bool:
    try:
        load(field, value)
    except marshmallow.ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    ("field", "value", "loaded"),
    [
        (fields.Text(max=5), "", ""),
        (fields.Text(max=5), "a\nb", "a\nb"),
        (fields.Name(max=5), " a b ", "a b"),
        (fields.Name(max=5), "\U0001f600", "\U0001f600"),
        (fields.Email(), "Ada@Example.ORG", "ada@example.org"),
        (fields.Email(), "a.b+c@localhost", "a.b+c@localhost"),
        (fields.Password(), " 8 chars", " 8 chars"),
        (fields.RoomCode(), "bcdf-ghjk-mnpq", "bcdf-ghjk-mnpq"),
        (fields.Uuid(), "00000000-0000-4000-8000-00000000000A", UUID("00000000-0000-4000-8000-00000000000a")),
        (fields.Time(), "2030-12-31T23:00:00Z", TIME),
        (fields.Time(), "2031-01-01T01:00:00.000+02:00", TIME),
        (fields.Whole(min=1, max=5), 5, 5),
        (fields.Whole(min=1, max=5), 5.0, 5),
        (fields.QueryWhole(min=1, max=5), "5", 5),
        (fields.Flag(), False, False),
        (fields.Items(fields.Text(max=1), max=2), ["a", "b"], ["a", "b"]),
        (fields.Cursor(), CURSOR.to_text(), CURSOR),
    ],
)
def test_what_is_right_is_taken(field: marshmallow.fields.Field[Any], value: object, loaded: object) -> None:
    assert load(field, value) == loaded


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (fields.Text(max=5), [1, True, None, [], {}, "sixsix", "a\0", "\ud800"]),
        (fields.Name(max=5), ["", "  ", "\u3000", "a\nb", "a\x9fb", "     b", 1]),
        (
            fields.Email(),
            ["ada", "a@", "@b", "a b@c", "a@b c", "a@-b", ".a@b", "a.@b", "a..b@c", "a@b\n", "ä@b", f"{'a' * 65}@b", 1],
        ),
        (fields.Password(), ["7 chars", "x" * 257, "\0" * 8, 12345678, None]),
        (fields.RoomCode(), ["", "a b", "a/b", "x" * 65, "a\n", "ä", 1]),
        (fields.Uuid(), ["", "0" * 32, "{00000000-0000-4000-8000-000000000000}", 1, b"0" * 16]),
        (fields.Time(), ["2030-12-31", "2030-12-31T23:00:00", "2030-02-30T00:00:00Z", "2030-W01-1T00:00:00Z"]),
        (
            fields.Time(),
            ["1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", 1924988400, None],
        ),
        (fields.Whole(min=1, max=5), [0, 6, 1.5, "1", True, None, float("nan"), float("inf"), 1e300]),
        (fields.QueryWhole(min=1, max=5), ["", "0", "6", "+1", "1.0", " 1", "१", "1" * 5000, "true"]),
        (fields.Flag(), [0, 1, "true", "", None, []]),
        (fields.Items(fields.Text(max=1), max=2), [["a", "b", "c"], "ab", {"a": 1}, [1], None]),
        (fields.Cursor(), ["", "x", "A" * 200, "ä", pages.Cursor(datetime.min.replace(tzinfo=UTC), "5").to_text()]),
    ],
)
def test_what_is_wrong_is_refused(field: marshmallow.fields.Field[Any], values: list[object]) -> None:
    assert [value for value in values if not refused(field, value)] == []


@pytest.mark.parametrize("field", [fields.Time(), fields.Cursor()])
def test_nothing_is_dumped_as_nothing(field: marshmallow.fields.Field[Any]) -> None:
    assert field.serialize("x", {"x": None}) is None


def test_times_are_dumped_in_utc() -> None:
    local = datetime.fromisoformat("2031-01-01T01:00:00+02:00")
    assert fields.Time().serialize("x", {"x": local}) == "2030-12-31T23:00:00Z"


@given(st.text(string.printable, max_size=66))
def test_room_codes_are_what_the_websocket_takes(text: str) -> None:
    assert refused(fields.RoomCode(), text) == (VALID_ID.fullmatch(text) is None)


@given(st.text() | st.text(string.ascii_letters + "@.-", max_size=20))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    for field in (
        *(fields.Name(max=9), fields.Email(), fields.Uuid(), fields.Time(), fields.Cursor()),
        fields.QueryWhole(min=0, max=9),
    ):
        refused(field, text)
