"""The time of the bus."""

from __future__ import annotations

from app.bus.clock import Clock


def test_stamps_only_grow_whatever_the_time_does() -> None:
    clock = Clock()
    clock.set(1_000_000)
    stamps = [clock.stamp() for _ in range(1000)]
    clock.set(500_000)
    stamps += [clock.stamp() for _ in range(1000)]
    assert stamps == sorted(set(stamps))


def test_what_is_said_after_something_was_seen_is_later() -> None:
    clock = Clock()
    seen = clock.now() + 10_000_000
    clock.saw(seen)
    assert clock.stamp() > seen
    assert clock.now() < seen
