from __future__ import annotations

from dataclasses import dataclass

from app.rtc.placement import pick_worker


@dataclass(frozen=True, slots=True)
class Worker:
    slot: int
    rooms: int = 0
    peers: int = 0


def test_the_least_loaded_worker_gets_the_room() -> None:
    assert pick_worker([Worker(0, rooms=1, peers=9), Worker(1, rooms=2, peers=3)]) == Worker(1, rooms=2, peers=3)


def test_a_room_that_nobody_has_joined_yet_counts() -> None:
    assert pick_worker([Worker(0, rooms=1), Worker(1)]) == Worker(1)


def test_ties_go_to_the_lowest_slot() -> None:
    assert pick_worker([Worker(2), Worker(1), Worker(3)]) == Worker(1)


def test_without_workers_there_is_none_to_pick() -> None:
    assert pick_worker([]) is None
