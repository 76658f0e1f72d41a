"""What is special to a bus through Redis: leases, what is missed, and that nothing is left."""

from __future__ import annotations

import pytest

from app.bus import follower
from app.bus.redis_bus import RedisBus
from app.rtc.bus import BusUnavailable, RequestFailed
from tests.bus.node_in_thread import NodeInThread
from tests.bus.people import LEASE, NodesOnRedis, Somebody, agree_on_all, describe
from tests.redis_server import RedisServer
from tests.rtc.fakes import until


async def test_nothing_is_left_in_redis_when_all_closed(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    people = [await Somebody("").enter(bus, room) for bus in (a, b) for room in ("r", "s", "t")]
    for somebody in people:
        somebody.set(name=b"x")
        somebody.board.agree("locked", b"yes")
        somebody.board.say(b"hello")
        await somebody.board.flush()
    assert len(await redis_server.keys()) == 4 + 6 + 2
    for somebody in people:
        await somebody.board.close()
    assert await redis_server.keys() == {"connect:run", "connect:nodes", "connect:node:a", "connect:node:b"}
    await redis_nodes.close()
    assert await redis_server.keys() == set()


async def test_a_node_that_dies_is_gone_after_its_lease(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a, b, c = await redis_nodes.start("a"), await redis_nodes.start("b"), await redis_nodes.start("c")
    ann, ben, cat = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r"), Somebody("cat")
    await cat.enter(c, "r")
    alone = await Somebody("alone").enter(a, "s")
    for somebody in (ann, ben, cat, alone):
        somebody.set(name=somebody.name.encode())
    await agree_on_all(ann, ben, cat)
    await redis_nodes.see_each_other()
    lost: list[str] = []
    for bus in (b, c):
        bus.on_node_lost.add(lost.append)
    await redis_nodes.kill(a)
    await until(lambda: lost == ["a", "a"], seconds=3 * LEASE)
    await agree_on_all(ben, cat)
    assert b.nodes.keys() == c.nodes.keys() == {"b", "c"}
    assert await c.peek("s") == ({}, {})
    assert {key for key in await redis_server.keys() if key.endswith((":a", ":s"))} == set()
    with pytest.raises(RequestFailed, match="no node a"):
        await b.request("a", "hello", None)


async def test_a_restarted_app_finds_its_rooms_and_nobody_notices(redis_nodes: NodesOnRedis) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    gone = await Somebody("gone").enter(a, "r", 1)
    for somebody in (ann, ben, gone):
        somebody.set(name=somebody.name.encode())
    await agree_on_all(ann, ben, gone)
    lost: list[str] = []
    b.on_node_lost.add(lost.append)
    ben.told.clear()
    epoch = a.nodes["a"].epoch
    await redis_nodes.kill(a)
    a = await redis_nodes.start("a")
    heir = await Somebody("heir").enter(a, "r")
    heir.set(name=b"ann")
    await heir.board.flush()
    assert (ben.told, a.nodes["a"].epoch) == ([], epoch)
    a.settle()
    await agree_on_all(heir, ben)
    assert (ben.told, lost) == ([("a/1", "name", None)], [])


async def test_a_node_that_stood_still_comes_back_with_another_epoch(redis_nodes: NodesOnRedis) -> None:
    b = await redis_nodes.start("b")
    ben = await Somebody("ben").enter(b, "r")
    with NodeInThread(redis_nodes.make("a")) as frozen:
        a = frozen.bus
        ann = Somebody("ann")
        await frozen.run(a.start())
        await frozen.run(ann.enter(a, "r"))
        await frozen.run(ann.change(name=b"Ann"))
        await agree_on_all(ann, ben)
        await until(lambda: "a" in b.nodes)
        epoch = b.nodes["a"].epoch
        returns: list[bool] = []
        a.on_return.add(lambda: returns.append(True))
        with frozen.halted():
            await until(lambda: "a" not in b.nodes and ben.sees() == {})
            ben.set(name=b"Ben")
            ben.board.agree("title", b"Ben's")
            await ben.board.flush()
        await agree_on_all(ann, ben)
        await until(lambda: returns == [True] and "a" in b.nodes)
        assert b.nodes["a"].epoch == a.nodes["a"].epoch > epoch
        assert ann.board.common == {"title": b"Ben's"}


async def test_what_a_frozen_node_said_is_refused(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    await redis_nodes.see_each_other()
    await redis_server.ask("DEL", "connect:node:a")
    heard_by_then = list(ben.told)
    ann.set(name=b"Ann")
    with pytest.raises(BusUnavailable):
        await ann.board.flush()
    assert ben.told == heard_by_then
    await agree_on_all(ann, ben)


async def test_what_was_missed_is_read_again(redis_nodes: NodesOnRedis) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    deaf(b, messages=3)
    for number in range(5):
        ann.set(number=b"%d" % number)
        ann.board.say(b"%d" % number)
        await ann.board.flush()
    await agree_on_all(ann, ben)
    await until(lambda: len(ben.words) == 5)
    assert [word for _, word in ben.words] == [b"0", b"1", b"2", b"3", b"4"]


async def test_who_missed_more_than_is_kept_reads_all(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    ann.set(left=b"soon", stays=b"so", changes=b"once")
    await agree_on_all(ann, ben)
    deaf(b, messages=2)
    ann.set(left=None, changes=b"twice")
    ann.board.agree("title", b"new")
    await ann.board.flush()
    ann.set(more=b"yes")
    await ann.board.flush()
    await redis_server.ask("XTRIM", "connect:tail:r", "MAXLEN", 0)
    ann.board.say(b"look")
    await agree_on_all(ann, ben)
    assert ben.told[-4:].count(("a/0", "stays", b"so")) == 0


async def test_the_tail_of_a_room_does_not_grow_for_ever(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    for _ in range(30):
        for number in range(50):
            # In turns, for words to the same go out together.
            ann.board.say(b"word", to="b/0" if number % 2 else None)
        await ann.board.flush()
    await until(lambda: len(ben.words) == 1500)
    assert 1000 <= await redis_server.ask("XLEN", "connect:tail:r") <= 1200


async def test_what_comes_early_waits_and_is_bounded(
    redis_nodes: NodesOnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "MAX_EARLY", 5)
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    one = next(iter(b._rooms))
    one.lose_step()
    for number in range(20):
        ann.board.say(b"%d" % number)
        await ann.board.flush()
    b._rooms._follow(one)
    await until(lambda: len(ben.words) == 20)


async def test_a_room_alone_costs_no_tail(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a = await redis_nodes.start("a")
    ann = await Somebody("ann").enter(a, "r")
    ann.set(name=b"Ann")
    ann.board.say(b"to nobody")
    await ann.board.flush()
    assert "connect:tail:r" not in await redis_server.keys()


async def test_a_room_that_redis_lost_is_written_again(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    for somebody in (ann, ben):
        somebody.set(name=somebody.name.encode())
    ben.board.agree("title", b"ours")
    await agree_on_all(ann, ben)
    ann.told.clear()
    await redis_server.ask("DEL", "connect:room:r", "connect:tail:r")
    a._refresh_now.set()
    ben.set(name=b"Benny")
    await agree_on_all(ann, ben)
    await until(lambda: ann.told == [("b/0", "name", b"Benny")])
    facts, common = await a.peek("r")
    assert facts == {"a/0": ann.own, "b/0": ben.own}
    assert common == {"title": b"ours"}


async def test_two_apps_of_the_same_node_do_not_both_write(redis_nodes: NodesOnRedis) -> None:
    first = await redis_nodes.start("a")
    ann = await Somebody("ann").enter(first, "r")
    second = await redis_nodes.start("a")
    with pytest.raises(BusUnavailable):
        await Somebody("twin").enter(first, "s")
    assert second.problem is None
    await redis_nodes.kill(second)
    await until(lambda: first.problem is None)
    ann.set(name=b"Ann")
    await ann.board.flush()


async def test_requests_that_waited_too_long_are_not_done(redis_nodes: NodesOnRedis) -> None:
    a = await redis_nodes.start("a")
    done: list[object] = []

    async def note(node_id: str, data: object) -> None:
        done.append(data)

    with NodeInThread(redis_nodes.make("b")) as frozen:
        await frozen.run(frozen.bus.start())
        frozen.bus.serve("note", note)
        with frozen.halted(), pytest.raises(RequestFailed, match="in time"):
            await a.request("b", "note", "stale", timeout=0.2)
        await a.request("b", "note", "fresh")
    assert done == ["fresh"]


async def test_a_node_that_cannot_be_read_disturbs_nobody(redis_nodes: NodesOnRedis, redis_server: RedisServer) -> None:
    a = await redis_nodes.start("a")
    await redis_server.ask("PUBLISH", "connect:all", 'node 1 new\n{"speaks": "otherwise"}')
    b = await redis_nodes.start("b")
    await redis_nodes.see_each_other()
    assert (a.problem, b.problem) == (None, None)


async def test_the_databases_of_one_redis_know_nothing_of_each_other(
    redis_nodes: NodesOnRedis, redis_server: RedisServer
) -> None:
    a, b = await redis_nodes.start("a"), await redis_nodes.start("b")
    ann, ben = await Somebody("ann").enter(a, "r"), await Somebody("ben").enter(b, "r")
    redis_server.url = redis_server.url.removesuffix("0") + "1"
    other = await redis_nodes.start("a")
    stranger = await redis_nodes.start("c")

    async def answer(*_: object) -> str:
        return "one of its own"

    other.serve("who", answer)
    returned: list[None] = []
    a.on_return.add(lambda: returned.append(None))
    assert await stranger.request("a", "who", None) == "one of its own"
    with pytest.raises(RequestFailed, match="no who"):
        await b.request("a", "who", None)
    redis_nodes.all.remove(other)
    await other.close()
    ann.set(name=b"Ann")
    await agree_on_all(ann, ben)
    assert (a.problem, returned, set(b.nodes), set(stranger.nodes)) == (None, [], {"a", "b"}, {"c"})


@pytest.mark.parametrize("id", ["", "a b", "a/b", "a|b", "a\n"])
def test_ids_that_redis_would_mix_up_are_refused(id: str) -> None:
    with pytest.raises(ValueError, match="can't be the id"):
        RedisBus("redis://nowhere", id, lambda: describe(id))


def deaf(bus: RedisBus, *, messages: int) -> None:
    """Have a node not hear so many messages about rooms."""
    hear, left = bus._rooms.hear, messages

    def be_deaf(*args: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            hear(*args)  # type: ignore[arg-type]

    bus._rooms.hear = be_deaf  # type: ignore[assignment,method-assign]
