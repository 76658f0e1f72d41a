from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.rtc.bus import Node, WorkerLoad
from app.rtc.placement import Capacity, cpu_of, is_full, pick_node, pick_worker

CAPACITY = Capacity(cpu=0.8, consumers=100)


def worker(slot: int, *, rooms: int = 0, peers: int = 0, cpu: float = 0.0, consumers: int = 0) -> WorkerLoad:
    return WorkerLoad(slot=slot, cpu=cpu, consumers=consumers, rooms=rooms, peers=peers)


def node(id: str, *workers: WorkerLoad, region: str = "", draining: bool = False) -> Node:
    workers = workers or (worker(0),)
    return Node(
        id, epoch=1, region=region, url=None, media_ip="10.0.0.1", version="1", draining=draining, workers=workers
    )


FULL = worker(0, cpu=0.9)

some_workers = st.lists(
    st.builds(
        worker,
        st.integers(0, 7),
        rooms=st.integers(0, 3),
        peers=st.integers(0, 3),
        cpu=st.sampled_from([0.0, 0.3, 0.79, 0.8, 1.0]),
        consumers=st.sampled_from([0, 99, 100]),
    ),
    max_size=4,
    unique_by=lambda each: each.slot,
)
some_nodes = st.lists(
    st.builds(
        lambda id, workers, region, draining: node(id, *workers, region=region, draining=draining),
        st.sampled_from("abcdef"),
        some_workers,
        st.sampled_from(["", "eu", "us"]),
        st.booleans(),
    ),
    max_size=5,
    unique_by=lambda each: each.id,
)


# Workers


def test_the_least_loaded_worker_gets_the_room() -> None:
    best = worker(1, rooms=2, peers=3)
    assert pick_worker([worker(0, rooms=1, peers=9), best], CAPACITY) == best


def test_a_room_that_nobody_has_joined_yet_counts() -> None:
    assert pick_worker([worker(0, rooms=1), worker(1)], CAPACITY) == worker(1)


def test_ties_go_to_the_lowest_slot() -> None:
    assert pick_worker([worker(2), worker(1), worker(3)], CAPACITY) == worker(1)


def test_a_full_worker_gets_a_room_only_if_all_are_full() -> None:
    by_cpu, by_consumers = worker(0, cpu=0.8), worker(1, consumers=100, rooms=1)
    busy = worker(2, cpu=0.79, consumers=99, rooms=9)
    assert pick_worker([by_cpu, by_consumers, busy], CAPACITY) == busy
    assert pick_worker([by_cpu, by_consumers], CAPACITY) == by_cpu


def test_without_workers_there_is_none_to_pick() -> None:
    assert pick_worker([], CAPACITY) is None
    assert pick_worker([], CAPACITY, {0}) is None


def test_who_comes_to_a_room_comes_to_the_worker_that_has_it() -> None:
    has_it = worker(0, rooms=5, peers=50)
    assert pick_worker([has_it, worker(1)], CAPACITY, {0}) == has_it


def test_when_that_is_full_another_worker_takes_the_room_too() -> None:
    full, least, other = worker(0, consumers=100), worker(1, rooms=1), worker(2, rooms=2)
    assert pick_worker([full, other, least], CAPACITY, {0}) == least
    assert pick_worker([full, other, least], CAPACITY, {0, 2}) == other


def test_when_all_are_full_the_room_takes_no_further_worker() -> None:
    assert pick_worker([worker(0, cpu=1, peers=9), worker(1, cpu=0.9)], CAPACITY, {0}) == worker(0, cpu=1, peers=9)


@given(some_workers, st.sets(st.integers(0, 7)))
def test_the_chosen_worker_is_the_best_there_is(workers: Sequence[WorkerLoad], serving: set[int]) -> None:
    chosen = pick_worker(workers, CAPACITY, serving)
    assert (chosen is None) == (not workers)
    if chosen is None:
        return
    assert chosen in workers
    free = [each for each in workers if not CAPACITY.is_full(each)]
    assert chosen in (free or workers)
    if any(each.slot in serving for each in free or workers):
        assert chosen.slot in serving


# Nodes


def pick(nodes: Sequence[Node], *, room: str = "kitchen", serving: str = "", region: str = "") -> str | None:
    chosen = pick_node(nodes, room, serving.split(), region, CAPACITY)
    return None if chosen is None else chosen.id


def test_a_node_that_has_the_room_goes_before_all_others() -> None:
    nodes = [node("a", region="eu"), node("b", worker(0, cpu=0.7), region="us")]
    assert pick(nodes, serving="b", region="eu") == "b"


def test_a_node_of_the_region_goes_before_an_idle_one() -> None:
    nodes = [node("a", region="us"), node("b", worker(0, cpu=0.7), region="eu")]
    assert pick(nodes, region="eu") == "b"


def test_an_idle_node_goes_before_a_busy_one() -> None:
    assert pick([node("a", worker(0, cpu=0.5)), node("b", worker(0, cpu=0.1))]) == "b"


def test_a_full_node_is_chosen_only_when_all_are() -> None:
    assert pick([node("a", FULL, region="eu"), node("b")], serving="a", region="eu") == "b"
    assert pick([node("a", FULL), node("b", worker(0, cpu=1))], serving="b") == "b"
    assert pick([node("a", FULL, worker(1)), node("b")], serving="a") == "a"


def test_a_node_without_workers_is_full() -> None:
    empty = Node("a", epoch=1, region="", url=None, media_ip="", version="1")
    assert is_full(empty, CAPACITY)
    assert cpu_of(empty) == 1
    assert pick([empty, node("b", worker(0, cpu=0.7))]) == "b"


def test_a_node_that_drains_is_never_chosen() -> None:
    assert pick([node("a", draining=True), node("b", FULL)], serving="a") == "b"
    assert pick([node("a", draining=True)]) is None


def test_rooms_are_spread_among_nodes_that_are_alike() -> None:
    nodes = [node(id) for id in "abc"]
    chosen = [pick(nodes, room=f"room-{number}") for number in range(300)]
    assert all(chosen.count(id) > 60 for id in "abc")


@given(some_nodes, st.text(max_size=5), st.sets(st.sampled_from("abcdef")), st.sampled_from(["", "eu"]))
def test_the_chosen_node_is_the_best_there_is(nodes: Sequence[Node], room: str, serving: set[str], region: str) -> None:
    chosen = pick_node(nodes, room, serving, region, CAPACITY)
    eligible = [each for each in nodes if not each.draining]
    assert (chosen is None) == (not eligible)
    for better in (
        lambda each: not is_full(each, CAPACITY),
        lambda each: each.id in serving,
        lambda each: each.region == region,
    ):
        # Who has what counts more goes on to the next round, if anybody has it.
        eligible = [each for each in eligible if better(each)] or eligible
    assert chosen is None or chosen in eligible


@given(some_nodes, st.text(max_size=5), st.sets(st.sampled_from("abcdef")), st.data())
def test_everybody_who_knows_the_same_chooses_the_same(
    nodes: Sequence[Node], room: str, serving: set[str], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(nodes))
    assert pick_node(nodes, room, serving, "", CAPACITY) == pick_node(shuffled, room, serving, "", CAPACITY)


@given(st.text(max_size=5), st.integers(1, 5))
def test_when_a_node_goes_only_its_rooms_go_elsewhere(room: str, count: int) -> None:
    nodes = [node(id) for id in "abcdef"[:count]]
    chosen = pick(nodes, room=room)
    for gone in itertools.filterfalse(lambda each: each.id == chosen, nodes):
        assert pick([each for each in nodes if each is not gone], room=room) == chosen
