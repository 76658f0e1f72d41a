from __future__ import annotations

import asyncio

import pytest

from app.errors import Draining
from app.rtc.events import Farewell, Move
from app.services import moving
from app.services import nodes as nodes_module
from app.services.callers import Caller, operator
from app.services.drain import Drain
from tests.rtc.fakes import FakeClient, until
from tests.rtc.people import Person

from .cluster import FULL, Cluster, Nobody
from .world import World


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds follow each other quickly, and nobody loses patience."""
    for name, seconds in (("HEAD_START", 0.0), ("ROUND", 0.01), ("PATIENCE", 60.0)):
        monkeypatch.setattr(moving, name, seconds)


@pytest.fixture
def drain(world: World) -> Drain:
    return world.services.drain


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


async def fill(world: World, owner: Caller, count: int) -> tuple[str, list[Person]]:
    """Have so many people in a room, its owner first."""
    code = (await world.room(owner)).record.code
    people = [await world.arrive(owner, code)]
    for number in range(1, count):
        people.append(await world.join(code, await world.token(None, code, f"Guest {number}")))
    return code, people


def asked(people: list[Person]) -> list[FakeClient]:
    return [client for _, client in people if client.all(Move)]


async def some_rounds() -> None:
    """Wait until somebody would have been asked."""
    passed: list[bool] = []
    asyncio.get_running_loop().call_later(10 * moving.ROUND, passed.append, True)
    await until(lambda: passed)


async def test_those_who_are_here_are_asked_to_move_to_another_node(
    world: World, drain: Drain, ada: Caller, cluster: Cluster
) -> None:
    await cluster.add("other")
    _, people = await fill(world, ada, 2)
    await some_rounds()
    assert asked(people) == []
    drain.begin(operator())
    await until(lambda: len(asked(people)) == 2)
    assert people[0][1].all(Move) == [Move(url="wss://other.example.org/ws")]
    assert cluster.nodes.this.draining
    await some_rounds()
    assert len(people[0][1].all(Move)) == 1
    assert not people[0][0].closed


async def test_the_people_of_a_room_move_to_the_node_that_has_it(
    world: World, drain: Drain, ada: Caller, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes_module, "REMEMBERED", 0.0)
    nodes = [await cluster.add(name, url=None if name == "b" else f"ws://{name}/ws") for name in "abc"]
    code, people = await fill(world, ada, 1)
    await nodes[1].open(code, 0, Nobody())
    drain.begin(operator())
    await until(lambda: asked(people))
    # It has no address of its own: the load balancer leads there, or to another.
    assert people[0][1].all(Move) == [Move(url=None)]


async def test_they_are_asked_a_few_at_a_time(
    world: World, drain: Drain, ada: Caller, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "ROUND", 60.0)
    await cluster.add("other")
    _, people = await fill(world, ada, moving.A_ROUND + 2)
    drain.begin(operator())
    await until(lambda: len(asked(people)) == moving.A_ROUND)
    monkeypatch.setattr(moving, "ROUND", 0.01)
    drain.end(operator())
    drain.begin(operator())
    await until(lambda: len(asked(people)) == moving.A_ROUND + 2)


async def test_one_who_waits_in_the_lobby_is_asked_too(
    world: World, drain: Drain, ada: Caller, cluster: Cluster
) -> None:
    await cluster.add("other")
    code = (await world.room(ada, lobby=True)).record.code
    peer, client = await world.enter(code, await world.token(None, code, "Guest"))
    world.wait_in_lobby(code, peer)
    drain.begin(operator())
    await until(lambda: client.all(Move))


async def test_who_does_not_move_is_sent_away_and_comes_again_elsewhere(
    world: World, drain: Drain, ada: Caller, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "PATIENCE", 0.0)
    await cluster.add("other")
    code, people = await fill(world, ada, 1)
    ((peer, client),) = people
    drain.begin(operator())
    await until(lambda: peer.closed)
    assert client.farewell is Farewell.DRAINING
    # Although the call would know them, and lets them in as long as there is no other node.
    with pytest.raises(Draining):
        await drain.admit(code, await world.token(ada, code), None)


async def test_who_is_away_is_left_to_come_back_or_come_elsewhere(
    world: World, drain: Drain, ada: Caller, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "PATIENCE", 0.0)
    await cluster.add("other")
    code, people = await fill(world, ada, 2)
    (away, lost), (_, still) = people
    world.call(code).sessions.lose(away, lost, asyncio.get_running_loop().time())
    drain.begin(operator())
    await until(lambda: still.farewell)
    await some_rounds()
    assert (lost.all(Move), lost.farewell, away.closed) == ([], None, False)


async def test_nobody_is_asked_while_no_other_node_has_room_to_spare(
    world: World, drain: Drain, ada: Caller, cluster: Cluster
) -> None:
    _, people = await fill(world, ada, 1)
    drain.begin(operator())
    await some_rounds()
    await cluster.add("full", workers=(FULL,))
    await cluster.add("leaving", draining=True)
    await some_rounds()
    assert asked(people) == []
    await cluster.add("idle")
    await until(lambda: asked(people))


async def test_when_the_drain_ends_nobody_else_is_asked(
    world: World, drain: Drain, ada: Caller, cluster: Cluster
) -> None:
    drain.begin(operator())
    drain.end(operator())
    await cluster.add("other")
    _, people = await fill(world, ada, 1)
    await some_rounds()
    assert asked(people) == []
    assert not cluster.nodes.this.draining
