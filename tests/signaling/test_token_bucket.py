"""A burst, and then a rate."""

from __future__ import annotations

import pytest

from app.errors import TooManyRequests
from app.signaling.token_bucket import TokenBucket


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def takes(bucket: TokenBucket) -> int:
    """Take as many as there are; gives how many."""
    count = 0
    try:
        while True:
            bucket.take()
            count += 1
    except TooManyRequests:
        return count


def test_a_burst_is_allowed_and_then_a_rate(clock: Clock) -> None:
    bucket = TokenBucket(10, 2.0, clock)
    assert takes(bucket) == 10
    clock.now += 0.4
    assert takes(bucket) == 0
    clock.now += 0.1
    assert takes(bucket) == 1
    clock.now += 3
    assert takes(bucket) == 6


def test_who_waited_long_has_no_more_than_the_burst(clock: Clock) -> None:
    bucket = TokenBucket(3, 2.0, clock)
    takes(bucket)
    clock.now += 1_000
    assert takes(bucket) == 3


def test_it_says_when_to_come_back(clock: Clock) -> None:
    bucket = TokenBucket(1, 0.25, clock)
    bucket.take()
    with pytest.raises(TooManyRequests, match="in 4 s") as caught:
        bucket.take()
    assert caught.value.retry_after == 4
    clock.now += 3.5
    with pytest.raises(TooManyRequests, match="in 1 s"):
        bucket.take()
    clock.now += caught.value.retry_after - 3.5
    bucket.take()
