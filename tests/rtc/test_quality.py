"""Scores in words, and words that do not flap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rtc.quality import Quality, Silence, Steady, connection_quality, connection_score

QUALITIES: list[Quality] = ["excellent", "good", "poor", "lost"]


@pytest.mark.parametrize(
    ("sent", "received", "expected"),
    [
        ([10], [10, 9], "excellent"),
        ([10], [8, 7], "good"),
        ([5], [10], "poor"),
        ([10], [0, 0], "lost"),
        ([], [10], "excellent"),
        ([8], [], "good"),
        ([], [], None),
    ],
)
def test_the_worse_direction_counts(sent: list[int], received: list[int], expected: Quality | None) -> None:
    assert connection_quality(sent=sent, received=received) == expected


def test_the_score_is_the_mean_of_that_direction() -> None:
    assert connection_score(sent=[10, 8], received=[9, 7]) == 8
    assert connection_score(sent=[], received=[]) is None


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (["good"], ["good"]),
        (["excellent", "poor", "excellent", "poor", "excellent"], ["excellent"] * 5),
        (["excellent", "poor", "poor"], ["excellent", "excellent", "poor"]),
        (["excellent", "poor", "good", "poor"], ["excellent"] * 4),
        (["excellent", "lost", "excellent", "excellent"], ["excellent", "lost", "lost", "excellent"]),
    ],
)
def test_what_counts_of_what_is_found(found: list[Quality], counts: list[Quality]) -> None:
    steady = Steady()
    assert [steady.find(each) for each in found] == counts


@given(st.lists(st.sampled_from(QUALITIES), min_size=1))
def test_what_counts_was_found_before_and_what_lasts_counts(found: list[Quality]) -> None:
    steady = Steady()
    for each in found:
        assert steady.find(each) in found
    steady.find(found[-1])
    assert steady.find(found[-1]) == found[-1]


def test_a_connection_is_silent_when_nothing_came_for_long() -> None:
    silence = Silence(patience=7.0)
    assert not silence.look({"a": 5, "b": 5}, now=0.0)
    assert not silence.look({"a": 6, "b": 5}, now=6.0)
    assert silence.look({"a": 7, "b": 5}, now=8.0)
    assert not silence.look({"a": 7, "b": 6}, now=9.0)
    assert silence.look({"a": 7}, now=16.0)
    assert not silence.look({}, now=30.0)
    # As new: what it was before is forgotten.
    assert not silence.look({"a": 7}, now=60.0)
