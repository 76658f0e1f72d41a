from __future__ import annotations

import pytest

from app.errors import Unavailable
from app.stores.breaker import Breaker


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(pause=1.0, clock=clock)


def test_it_lets_everybody_try_while_all_is_well(breaker: Breaker) -> None:
    for _ in range(3):
        breaker.check()
    breaker.succeeded()
    breaker.check()


def test_after_a_failure_it_refuses_for_a_pause(breaker: Breaker, clock: Clock) -> None:
    breaker.failed("no answer")
    clock.now += 0.99
    with pytest.raises(Unavailable, match="does not answer"):
        breaker.check()


def test_after_the_pause_one_may_try_in_each(breaker: Breaker, clock: Clock) -> None:
    breaker.failed("no answer")
    for _ in range(3):
        clock.now += 1.0
        breaker.check()
        with pytest.raises(Unavailable):
            breaker.check()


def test_another_failure_begins_another_pause(breaker: Breaker, clock: Clock) -> None:
    breaker.failed("no answer")
    clock.now += 1.0
    breaker.check()
    clock.now += 0.5
    breaker.failed("no answer")
    clock.now += 0.99
    with pytest.raises(Unavailable):
        breaker.check()


def test_a_success_ends_it(breaker: Breaker) -> None:
    breaker.failed("no answer")
    breaker.succeeded()
    for _ in range(3):
        breaker.check()
