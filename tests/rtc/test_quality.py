"""Scores in words, and words that do not flap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rtc.quality import Heard, Quality, Silence, Steady, connection_quality, connection_score

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
    silence = Silence()

    def look(now: float, **bytes: int) -> bool:
        return silence.look(
            {id: Heard(count, patience=9.0 if id == "slow" else 7.0) for id, count in bytes.items()}, now
        )

    assert not look(0.0, a=5, b=5)
    assert not look(6.0, a=6, b=5)
    assert look(8.0, a=7, b=5)
    assert not look(9.0, a=7, b=6)
    assert look(16.0, a=7)
    assert not look(30.0)
    # As new: what it was before is forgotten.
    assert not look(60.0, a=7)


def test_each_transport_may_be_silent_for_as_long_as_what_comes_by_it() -> None:
    silence = Silence()
    for now, lost in [(0.0, False), (8.0, False), (9.5, True)]:
        assert silence.look({"listening": Heard(5, patience=9.0)}, now) == lost
    # From the moment on that media come by it, too, there has to be more of it.
    assert silence.look({"listening": Heard(5, patience=5.0)}, 9.6)
