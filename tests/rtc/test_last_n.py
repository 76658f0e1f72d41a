"""Who spoke most recently."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.rtc.last_n import RecentSpeakers, lower

names = st.sampled_from("abcdef")
limits = st.none() | st.integers(0, 9)


def room(people: str, speakers: str = "") -> RecentSpeakers:
    recent = RecentSpeakers()
    for each in people:
        recent.add(each)
    for each in speakers:
        recent.spoke(each)
    return recent


def test_who_never_spoke_comes_in_the_order_of_arrival() -> None:
    assert room("abcd").first(2, "dcba") == {"a", "b"}


def test_who_spoke_last_is_first() -> None:
    recent = room("abcd", speakers="cdc")
    assert recent.first(1, "abcd") == {"c"}
    assert recent.first(2, "abcd") == {"c", "d"}
    assert recent.first(3, "abcd") == {"a", "c", "d"}


def test_who_left_is_forgotten_and_comes_back_as_somebody_new() -> None:
    recent = room("abc", speakers="a")
    recent.remove("a")
    recent.spoke("a")
    recent.add("a")
    assert recent.first(2, "abc") == {"b", "c"}


def test_only_those_who_were_asked_about_are_given() -> None:
    recent = room("abc", speakers="c")
    assert recent.first(1, "ab") == {"a"}
    assert recent.first(5, "ab") == {"a", "b"}
    assert recent.first(0, "ab") == set()
    assert recent.first(1, "z") == {"z"}


@given(st.lists(names), st.integers(0, 6))
def test_whoever_speaks_among_the_first_changes_nothing_for_them(speakers: list[str], count: int) -> None:
    recent = room("abcdef", "".join(speakers))
    before = recent.first(count, "abcdef")
    for each in sorted(before):
        recent.spoke(each)
        assert recent.first(count, "abcdef") == before


@given(st.lists(names, min_size=1), st.integers(1, 6))
def test_who_speaks_takes_at_most_one_place_and_is_in(speakers: list[str], count: int) -> None:
    recent = room("abcdef")
    for each in speakers:
        before = recent.first(count, "abcdef")
        recent.spoke(each)
        after = recent.first(count, "abcdef")
        assert each in after
        assert len(after) == count
        assert len(before - after) <= 1


@given(limits, limits)
def test_the_lower_limit_holds_and_none_is_no_limit(one: int | None, other: int | None) -> None:
    both = [limit for limit in (one, other) if limit is not None]
    assert lower(one, other) == lower(other, one) == (min(both) if both else None)
