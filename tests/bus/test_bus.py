"""What every bus does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.errors import Conflict
from app.rtc.bus import RequestFailed
from tests.bus.people import Nodes, Somebody, agree_on_all
from tests.rtc.fakes import until


async def test_parts_know_each_others_facts(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann, ben, bob = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r"), Somebody("bob")
    await bob.enter(b, "r", 1)
    ann.set(name=b"Ann", hand=b"up")
    ben.set(name=b"Ben")
    bob.set(name=b"Bob")
    await agree_on_all(ann, ben, bob)
    ann.set(hand=None, name=b"Anne")
    await agree_on_all(ann, ben, bob)
    assert ben.told.count(("a/0", "hand", None)) == 1


async def test_a_late_comer_finds_all_that_is_there(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann = await Somebody("ann").enter(a, "r")
    ann.set(name=b"Ann")
    ann.board.agree("locked", b"yes")
    await ann.board.flush()
    ben = await Somebody("ben").enter(b, "r")
    assert ben.sees() == {"a/0": {"name": b"Ann"}}
    assert ben.board.common == {"locked": b"yes"}
    assert ben.told == []


async def test_who_closes_is_gone_for_all(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    ann.set(name=b"Ann")
    await agree_on_all(ann, ben)
    await ann.board.close()
    await until(lambda: ("a/0", "name", None) in ben.told)
    assert ben.board.others == {}


async def test_nothing_is_left_of_a_room_that_all_left(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    ann.set(name=b"Ann")
    ann.board.agree("locked", b"yes")
    await agree_on_all(ann, ben)
    await ann.board.close()
    await ben.board.close()
    assert await a.peek("r") == ({}, {})
    ben = await Somebody("ben").enter(b, "r")
    assert (ben.board.others, ben.board.common) == ({}, {})


async def test_what_is_said_arrives_in_order(nodes: Nodes) -> None:
    a, b, c = await nodes.start("a"), await nodes.start("b"), await nodes.start("c")
    ann, ben, cat = Somebody("ann"), Somebody("ben"), Somebody("cat")
    for somebody, bus in ((ann, a), (ben, b), (cat, c)):
        await somebody.enter(bus, "r")
    for number in range(100):
        ann.board.say(b"ann %d" % number)
        ben.board.say(b"ben %d" % number)
        if number % 10 == 0:
            await ann.board.flush()
    await until(lambda: len(cat.words) == 200 and len(ann.words) == len(ben.words) == 100)
    for name in (b"ann", b"ben"):
        assert [word for _, word in cat.words if word.startswith(name)] == [b"%s %d" % (name, n) for n in range(100)]
    assert [word for part, word in cat.words if part == "b/0"] == [word for _, word in ann.words]


async def test_a_word_to_one_part_is_heard_by_it_alone(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann, ben, bob = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r"), Somebody("bob")
    await bob.enter(b, "r", 1)
    ann.board.say(b"first")
    ann.board.say(b"to Ben", to="b/0")
    ann.board.say(b"last")
    await until(lambda: len(ben.words) == 3 and len(bob.words) == 2)
    assert [word for _, word in ben.words] == [b"first", b"to Ben", b"last"]
    assert [word for _, word in bob.words] == [b"first", b"last"]
    assert ann.words == []


async def test_the_last_to_say_something_common_is_right(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    for number in range(20):
        ann.board.agree("title", b"ann %d" % number)
        ben.board.agree("title", b"ben %d" % number)
        ben.board.agree("other", b"%d" % number)
        await asyncio.sleep(0)
    await ann.board.flush()
    ben.board.agree("title", b"last")
    await until(lambda: ann.board.common == ben.board.common == {"title": b"last", "other": b"19"})
    assert ann.told[-1] == ("title", b"last")


async def test_rooms_have_nothing_to_do_with_each_other(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r b\n")
    fay, gus = await Somebody("fay").enter(a, "r b\n"), await Somebody("gus").enter(b, "r")
    for somebody in (ann, ben, fay, gus):
        somebody.set(name=somebody.name.encode())
    await agree_on_all(ann, gus)
    await agree_on_all(ben, fay)


async def test_a_node_without_the_room_may_peek(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann = await Somebody("ann").enter(a, "r")
    ann.set(name=b"Ann")
    ann.board.agree("locked", b"yes")
    await ann.board.flush()
    assert await b.peek("r") == ({"a/0": {"name": b"Ann"}}, {"locked": b"yes"})
    assert await b.peek("other") == ({}, {})


async def test_who_takes_a_part_over_goes_on_with_its_facts(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    ann.set(name=b"Ann", hand=b"up")
    await agree_on_all(ann, ben)
    ben.told.clear()
    ann.board.let_go()
    heir = await Somebody("heir").enter(a, "r")
    heir.set(name=b"Ann", hand=b"down")
    await agree_on_all(heir, ben)
    assert ben.told == [("a/0", "hand", b"down")]
    heir.board.let_go()
    a.settle()
    await until(lambda: ben.board.others == {})


async def test_a_node_that_leaves_takes_its_facts_along(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    ann.set(name=b"Ann")
    await agree_on_all(ann, ben)
    lost: list[tuple[str, Any]] = []
    b.on_node_lost.add(lambda node_id: lost.append((node_id, dict(ben.board.others))))
    await until(lambda: b.nodes.keys() == {"a", "b"})
    await a.close()
    await until(lambda: lost)
    assert lost == [("a", {})]
    assert b.nodes.keys() == {"b"}


async def test_nodes_answer_each_other(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")

    async def add(node_id: str, data: Any) -> Any:
        return {"of": node_id, "sum": sum(data)}

    b.serve("add", add)
    assert await a.request("b", "add", (1, 2)) == {"of": "a", "sum": 3}
    assert await b.request("b", "add", [3]) == {"of": "b", "sum": 3}


async def test_a_refused_request_says_why(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")

    async def refuse(node_id: str, data: Any) -> Any:
        raise Conflict("taken")

    b.serve("refuse", refuse)
    for bus in (a, b):
        with pytest.raises(RequestFailed, match="taken") as refused:
            await bus.request("b", "refuse", None)
        assert refused.value.code == "conflict"
    with pytest.raises(RequestFailed, match="there is no dance"):
        await a.request("b", "dance", None)
    with pytest.raises(RequestFailed, match="no node"):
        await a.request("nobody", "refuse", None)


async def test_a_request_that_takes_too_long_fails(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    ended = asyncio.Event()

    async def sleep(node_id: str, data: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    b.serve("sleep", sleep)
    with pytest.raises(RequestFailed, match="in time"):
        await a.request("b", "sleep", None, timeout=0.2)
    async with asyncio.timeout(5):
        await ended.wait()


async def test_a_node_takes_only_so_many_requests_at_a_time(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")
    c = await nodes.start("c")
    free = asyncio.Event()

    async def wait(node_id: str, data: Any) -> Any:
        await free.wait()

    b.serve("wait", wait)
    requests = [asyncio.create_task(bus.request("b", "wait", None, timeout=10)) for bus in (a, c) for _ in range(129)]
    await until(lambda: any(request.done() for request in requests))
    free.set()
    results = await asyncio.gather(*requests, return_exceptions=True)
    assert [str(result) for result in results if result is not None] == ["busy", "busy"]


async def test_a_part_that_fails_keeps_nobody_from_anything(nodes: Nodes) -> None:
    a, b = await nodes.start("a"), await nodes.start("b")

    class Broken(Somebody):
        def noted(self, part: str, key: str, value: bytes | None) -> None:
            raise RuntimeError("broken on purpose")

    ann, ben, bob = await Somebody("ann").enter(a, "r"), await Broken("ben").enter(b, "r"), Somebody("bob")
    await bob.enter(b, "r", 1)
    for somebody in (ann, ben, bob):
        somebody.set(name=somebody.name.encode())
    await agree_on_all(ann, ben, bob)
