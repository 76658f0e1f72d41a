"""How batches look on the wire."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.bus.batch import Batch, decode, encode, make_stamp, time_of

texts, values = st.text(max_size=20), st.binary(max_size=50)
batches = st.builds(
    Batch,
    part=texts,
    whole=st.booleans(),
    put=st.dictionaries(texts, values),
    drop=st.lists(texts),
    common=st.dictionaries(texts, st.tuples(texts, values)),
    words=st.lists(st.tuples(st.integers(0, 2**53), values)),
    to=texts,
)


@given(batches)
def test_a_batch_comes_out_as_it_went_in(batch: Batch) -> None:
    assert decode(encode(batch)) == batch


def test_no_batch_looks_like_the_end_of_a_part() -> None:
    assert not encode(Batch("")).startswith(b"-")


@given(st.integers(0, 10**16 - 1), st.integers(0, 10**16 - 1))
def test_stamps_compare_as_their_times(one: int, other: int) -> None:
    assert time_of(make_stamp(one, "a/0")) == one
    assert (make_stamp(one, "a/0") < make_stamp(other, "a/0")) == (one < other)
