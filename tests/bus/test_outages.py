"""What becomes of the bus while Redis is away, and when it is back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from app.bus import outgoing
from app.rtc.bus import BusUnavailable
from app.rtc.events import Actor, DataMessage, Farewell
from app.rtc.facts import encode
from app.rtc.meeting_events import Reaction
from app.rtc.words import AllMuted, Closed, Reacted, Sent
from tests.bus.people import LEASE, NodesOnRedis, Somebody, agree_on_all
from tests.redis_server import RedisServer
from tests.rtc.fakes import until

BY = Actor(None, "Ada")
ORDER, CLOSED = encode(AllMuted(BY)), encode(Closed(Farewell.ROOM_CLOSED, BY))
PASSING = [
    encode(Reacted(Reaction(peer_id="ann", reaction="x"))),
    encode(Sent(DataMessage(topic="", payload="", sent_at=0), None)),
]
OUTAGES = ["stopped", "killed", "frozen for long", "slow", "emptied"]


@pytest.mark.parametrize("outage", OUTAGES)
async def test_all_is_right_again_after_an_outage(
    redis_nodes: NodesOnRedis, redis_server: RedisServer, outage: str
) -> None:
    """Whatever happens to Redis: nobody is taken for gone who is not, and all agree when it is back."""
    a, b, c = [await redis_nodes.start(id) for id in "abc"]
    ann, bob, cat = [await Somebody(bus.node_id).enter(bus, "r") for bus in (a, b, c)]
    leaving = await Somebody("leaving").enter(c, "r", 1)
    alone = await Somebody("alone").enter(a, "s")
    people = (ann, bob, cat, leaving)
    for somebody in people:
        somebody.set(name=somebody.name.encode(), gone=b"soon")
    ann.board.agree("title", b"before")
    ann.board.agree("call", b"1")
    await agree_on_all(*people)
    await redis_nodes.see_each_other()
    epochs = {id: node.epoch for id, node in a.nodes.items()}
    lost: list[str] = []
    for bus in (a, b, c):
        bus.on_node_lost.add(lost.append)
    for somebody in people:
        somebody.told.clear()

    async with away(redis_server, outage):
        # What can be known at once is said at once; so it takes two lease's quarters and a command's time at most.
        if outage != "emptied":
            await until(lambda: a.problem and b.problem and c.problem, seconds=4)
        for somebody in people:
            somebody.set(name=somebody.name.encode() * 2)
        ann.board.agree("title", b"Ann's")
        bob.board.agree("title", b"Bob's")
        bob.board.say(b"meanwhile")
        alone.set(name=b"alone")
        await leaving.board.close()
    back = time.monotonic()

    await agree_on_all(ann, bob, cat, seconds=5)
    await until(lambda: all(bus.problem is None for bus in (a, b, c)), seconds=5)
    assert time.monotonic() - back < 5
    # Their nodes' clocks need not agree on who was the last.
    assert ann.board.common["title"] in (b"Ann's", b"Bob's")
    assert ann.board.common["call"] == b"1"
    assert lost == []
    assert {id: node.epoch for id, node in a.nodes.items()} == epochs
    for somebody in (ann, bob, cat):
        gone = [told for told in somebody.told if told[-1] is None and told[0] != "c/1"]
        assert gone == [], "nobody may be taken for gone who is not"
    # Once, for those who could hear it.
    assert [word for _, word in cat.words] in ([b"meanwhile"], [])
    assert (await b.peek("s"))[0] == {"a/0": {"name": b"alone"}}
    assert "c/1" not in (await b.peek("r"))[0]


async def test_who_is_gone_after_an_outage_is_found_out(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a, b, c = [await redis_nodes.start(id) for id in "abc"]
    ann, bob, cat = [await Somebody(bus.node_id).enter(bus, "r") for bus in (a, b, c)]
    for somebody in (ann, bob, cat):
        somebody.set(name=somebody.name.encode())
    await agree_on_all(ann, bob, cat)
    await redis_nodes.see_each_other()
    lost: list[str] = []
    a.on_node_lost.add(lost.append)
    redis_server.kill()
    await redis_nodes.kill(c)
    redis_server.start()
    await until(lambda: a.problem is None and b.problem is None)
    assert ann.sees().keys() == {"b/0", "c/0"}, "it has a lease's time to come back"
    await agree_on_all(ann, bob, seconds=3 * LEASE)
    await until(lambda: lost == ["c"] and a.nodes.keys() == b.nodes.keys() == {"a", "b"}, seconds=3 * LEASE)


@pytest.mark.parametrize("outage", ["stopped", "frozen"])
async def test_nothing_waits_for_a_redis_that_is_away(
    redis_nodes: NodesOnRedis, redis_server: RedisServer, outage: str
) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann = await Somebody("ann").enter(a, "r")
    await redis_nodes.see_each_other()
    async with away(redis_server, outage):
        # The first ones to find out, and those after it is known.
        for _ in range(2):
            began = time.monotonic()
            calls = (a.open("s", 0, Somebody("")), a.peek("r"), b.request("a", "x", None), flushed(ann))
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(result) for result in results] == [BusUnavailable] * 4, results
            assert time.monotonic() - began < 1.3
            await until(lambda: a.problem, seconds=3)
        assert a.nodes.keys() == {"a", "b"}
        await ann.board.close()
    await until(lambda: a.problem is None, seconds=5)
    assert await a.peek("r") == ({}, {})
    ann = await Somebody("ann").enter(a, "s")


async def test_a_bus_starts_without_redis(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    redis_server.stop()
    a = await redis_nodes.start("a")
    assert a.problem
    returned = asyncio.Event()
    a.on_return.add(returned.set)
    redis_server.start()
    async with asyncio.timeout(5):
        await returned.wait()
    await Somebody("ann").enter(a, "r")


async def test_a_restarted_app_that_finds_no_redis_has_time_to_open_its_rooms(
    redis_nodes: NodesOnRedis, redis_server: RedisServer
) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    gone = await Somebody("gone").enter(a, "r", 1)
    for somebody in (ann, ben, gone):
        somebody.set(name=somebody.name.encode())
    await agree_on_all(ann, ben, gone)
    ben.told.clear()
    await redis_nodes.kill(a)
    redis_server.freeze()
    a = await redis_nodes.start("a")
    a.settle()
    redis_server.thaw()
    await until(lambda: a.problem is None)
    heir = await Somebody("heir").enter(a, "r")
    heir.set(name=b"ann")
    await until(lambda: ben.told, seconds=3 * LEASE)
    await agree_on_all(heir, ben)
    assert ben.told == [("a/1", "name", None)]


async def test_words_are_kept_for_a_while_and_not_all(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    redis_server.freeze()
    await until(lambda: a.problem)
    for number in range(1, 1201):
        ann.board.say(b"%d" % number)
    redis_server.thaw()
    await until(lambda: ben.words, seconds=5)
    await until(lambda: ben.words[-1][1] == b"1200")
    assert [word for _, word in ben.words] == [b"%d" % number for number in range(201, 1201)]


async def test_of_what_was_said_long_ago_only_what_is_for_the_moment_is_dropped(
    redis_nodes: NodesOnRedis, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    max_age = outgoing.MAX_AGE
    monkeypatch.setattr(outgoing, "MAX_AGE", 0)
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    redis_server.freeze()
    await until(lambda: a.problem)
    ann.board.say(ORDER)
    for word in PASSING * 501:
        ann.board.say(word)
    ann.board.say(CLOSED, "b/0")
    redis_server.thaw()
    await until(lambda: a.problem is None and b.problem is None)
    await until(lambda: len(ben.words) == 2)
    monkeypatch.setattr(outgoing, "MAX_AGE", max_age)
    ann.board.say(PASSING[0])
    await until(lambda: len(ben.words) == 3)
    assert [word for _, word in ben.words] == [ORDER, CLOSED, PASSING[0]]


@pytest.mark.parametrize("outage", ["stopped", "frozen for long"])
async def test_what_a_part_says_before_it_closes_is_heard_after_an_outage(
    redis_nodes: NodesOnRedis, redis_server: RedisServer, outage: str
) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    await agree_on_all(ann, ben)
    async with away(redis_server, outage):
        await until(lambda: a.problem and b.problem, seconds=4)
        ann.board.say(CLOSED)
        await ann.board.close()
    await until(lambda: ben.words == [("a/0", CLOSED)], seconds=5)
    await until(lambda: not ben.board.others, seconds=5)


async def test_a_redis_that_refuses_is_a_problem_that_passes(
    redis_nodes: NodesOnRedis, redis_server: RedisServer
) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    await redis_server.ask("CONFIG", "SET", "maxmemory", 1)
    ann.set(name=b"Ann")
    await until(lambda: a.problem and "memory" in a.problem)
    await redis_server.ask("CONFIG", "SET", "maxmemory", 0)
    await agree_on_all(ann, ben)
    await redis_server.ask("SCRIPT", "FLUSH")
    ann.set(name=b"Anne")
    await agree_on_all(ann, ben)
    await redis_server.ask("CLIENT", "KILL", "TYPE", "pubsub")
    await redis_server.ask("CLIENT", "KILL", "TYPE", "normal")
    ann.set(name=b"Anna")
    ann.board.say(b"hello")
    await agree_on_all(ann, ben)
    await until(lambda: ben.words == [("a/0", b"hello")])


async def flushed(somebody: Somebody) -> None:
    somebody.set(name=b"x")
    await somebody.board.flush()


@contextlib.asynccontextmanager
async def away(server: RedisServer, outage: str) -> AsyncIterator[None]:
    """Have Redis not answer."""
    match outage:
        case "stopped" | "killed":
            server.stop() if outage == "stopped" else server.kill()
            yield
            server.start()
        case "frozen" | "frozen for long":
            server.freeze()
            yield
            # Until all leases are over.
            await asyncio.sleep(2 * LEASE if outage == "frozen for long" else 0)
            server.thaw()
        case "slow":
            sleeping = asyncio.create_task(server.ask("DEBUG", "SLEEP", 3))
            yield
            await sleeping
        case "emptied":
            # It answers all the time, but knows nobody.
            await server.ask("FLUSHALL")
            yield
