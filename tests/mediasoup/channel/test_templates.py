"""Templates: bytes with places to fill in."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.encoder import UUID_BLOCK_SIZE, longest_text
from app.mediasoup.channel.templates import NUMBER, make_template

from .values import TEXT

NUMBERS = st.integers(0, 2**32 - 1)


@given(first=NUMBERS, second=NUMBERS, between=st.binary(max_size=300), behind=st.binary(max_size=300))
def test_numbers_go_where_they_were_whatever_stands_around_them(
    first: int, second: int, between: bytes, behind: bytes
) -> None:
    def make(one: int, other: int) -> bytes:
        # Last comes what looks like the values that the places are found by.
        return struct.pack("<I", other) + between + struct.pack("<I", one) + behind + b"    !!!!PPPPQQQQ"

    assert make_template(make, NUMBER, NUMBER)(first, second) == make(first, second)


@given(number=NUMBERS)
def test_places_may_lie_side_by_side(number: int) -> None:
    make = struct.Struct("<III").pack
    assert make_template(make, NUMBER, NUMBER, NUMBER)(number, 1, 2) == make(number, 1, 2)


@given(number=NUMBERS)
def test_one_place_is_enough(number: int) -> None:
    make = struct.Struct("<4xI4x").pack
    assert make_template(make, NUMBER)(number) == make(number)


@given(text=TEXT)
def test_a_string_of_any_length_fits_if_its_block_does(codec: Codec, text: str) -> None:
    def make(text: str) -> bytes:
        return codec.encode("FBS.Worker.CloseRouterRequest", {"router_id": text})

    block = codec.strings[text]
    assert make_template(make, len(block))(block) == make(text)


def test_the_longest_text_of_a_block_fills_it(codec: Codec) -> None:
    for size in range(8, 64, 8):
        text = "x" * longest_text(size)
        assert (len(codec.strings[text]), len(codec.strings[text + "x"])) == (size, size + 8)
    assert len(codec.strings["3f3c3e3a-0000-4222-8333-444455556666"]) == UUID_BLOCK_SIZE


def test_a_value_that_turns_up_twice_or_not_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="exactly once"):
        make_template(lambda number: struct.pack("<IxI", number, number), NUMBER)
    with pytest.raises(ValueError, match="exactly once"):
        make_template(lambda number: b"abc", NUMBER)


def test_bytes_that_change_their_length_are_refused() -> None:
    with pytest.raises(ValueError, match="change the length"):
        make_template(lambda number: struct.pack("<I", number) + bytes(number >> 30), NUMBER)


@pytest.mark.parametrize("places", [0, 49])
def test_there_are_bounds_to_the_number_of_places(places: int) -> None:
    with pytest.raises(ValueError, match="none or too many"):
        make_template(lambda *numbers: struct.pack(f"<{places}I", *numbers), *[NUMBER] * places)
