"""What is wanted of a producer: more at once, less after a while."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.rtc.demand import NOTHING, PATIENCE, Demand

AT_ONCE = float("-inf")
#: ``(seconds since the last, who, the level that is wanted from now on)``
changes = st.lists(st.tuples(st.floats(0, 7), st.sampled_from("abc"), st.integers(NOTHING, 300)))


def test_nobody_at_all_is_told_after_a_while() -> None:
    demand = Demand(2, now=100.0)
    assert (demand.told, demand.wanted, demand.due) == (2, NOTHING, 100.0 + PATIENCE)
    assert demand.tell() == NOTHING
    assert demand.due is None


def test_more_is_told_at_once() -> None:
    demand = Demand(2, now=0.0)
    demand.tell()
    demand.want("a", 0, now=1.0)
    assert demand.due == AT_ONCE
    assert demand.tell() == 0
    demand.want("b", 255, now=1.0)
    assert demand.due == AT_ONCE
    assert demand.tell() == 2


def test_less_is_told_when_it_lasted() -> None:
    demand = Demand(2, now=0.0)
    demand.want("a", 2, now=0.0)
    demand.want("b", 1, now=0.0)
    assert demand.due is None
    demand.want("a", 0, now=10.0)
    demand.want("b", 0, now=12.0)
    assert demand.due == 10.0 + PATIENCE
    demand.want("a", 2, now=13.0)
    assert demand.due is None
    demand.want("a", 0, now=14.0)
    assert demand.due == 14.0 + PATIENCE
    assert demand.tell() == 0


def test_one_layer_is_wanted_or_not() -> None:
    demand = Demand(0, now=0.0)
    demand.want("a", 255, now=0.0)
    assert (demand.wanted, demand.due) == (0, None)
    demand.want("a", NOTHING, now=1.0)
    assert (demand.wanted, demand.due) == (NOTHING, 1.0 + PATIENCE)


@given(st.integers(0, 3), changes)
def test_a_sender_that_is_told_in_time_always_sends_enough_and_less_only_after_a_while(
    top: int, changes: list[tuple[float, str, int]]
) -> None:
    demand, now, wishes = Demand(top, 0.0), 0.0, dict[str, int]()
    last_at_least: dict[int, float] = dict.fromkeys(range(top + 1), 0.0)
    for seconds, who, level in changes:
        # What is due before the next change is told in time.
        if demand.due is not None and demand.due <= now + seconds:
            told_at, before = max(now, demand.due), demand.told
            if demand.tell() < before:
                assert told_at - last_at_least[before] >= PATIENCE - 1e-6
        now += seconds
        # Until now, what was wanted was wanted.
        for each in range(demand.wanted + 1):
            last_at_least[each] = now
        wishes[who] = level
        demand.want(who, level, now)
        assert demand.wanted == min(max(wishes.values()), top)
        if demand.due == AT_ONCE:
            demand.tell()
        assert demand.told >= demand.wanted
        for each in range(demand.wanted + 1):
            last_at_least[each] = now
