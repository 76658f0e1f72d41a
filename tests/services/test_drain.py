from __future__ import annotations

import asyncio

import pytest

from app.errors import Draining, NotAllowed, Unauthorized
from app.rtc.events import Farewell
from app.services.callers import Caller, operator
from app.services.drain import Drain
from tests.rtc.fakes import until

from .world import World


@pytest.fixture
def drain(world: World) -> Drain:
    return world.services.drain


@pytest.fixture
async def ada(world: World) -> Caller:
    return await world.user("Ada")


@pytest.fixture
async def kitchen(world: World, ada: Caller) -> str:
    """A room in which Ada is."""
    code = (await world.room(ada)).record.code
    await world.arrive(ada, code)
    return code


async def test_nobody_new_comes_in_and_those_who_are_in_may_come_back(
    world: World, drain: Drain, ada: Caller, kitchen: str
) -> None:
    for_ada, for_bob = await world.token(ada, kitchen), await world.token(None, kitchen, "Bob")
    drain.begin(operator())
    with pytest.raises(Draining) as refused:
        await drain.admit(kitchen, for_bob, None)
    assert (refused.value.status, refused.value.code) == (503, "draining")
    assert (await drain.admit(kitchen, for_ada, None)).admission.identity == str(ada.user.id)
    assert len(world.call(kitchen).peers) == 1


async def test_no_call_begins(world: World, drain: Drain, ada: Caller) -> None:
    code = (await world.room(ada)).record.code
    token = await world.token(ada, code)
    drain.begin(operator())
    with pytest.raises(Draining):
        await drain.admit(code, token, None)


async def test_who_may_not_come_in_anyway_is_told_that(drain: Drain, kitchen: str) -> None:
    drain.begin(operator())
    with pytest.raises(Unauthorized):
        await drain.admit(kitchen, "no token", None)


async def test_when_it_has_ended_everybody_comes_in(world: World, drain: Drain, kitchen: str) -> None:
    assert drain.problem is None
    drain.begin(operator(), deadline_seconds=600)
    assert drain.problem == "draining: nobody new is let in"
    drain.end(operator())
    assert drain.problem is None
    assert drain.state(operator()).deadline is None
    entry = await drain.admit(kitchen, await world.token(None, kitchen, "Bob"), None)
    assert entry.admission.name == "Bob"


async def test_it_says_how_many_are_left(world: World, drain: Drain, kitchen: str) -> None:
    state = drain.state(operator())
    assert (state.draining, state.since, state.rooms, state.peers) == (False, None, 1, 1)
    begun = drain.begin(operator())
    assert (begun.draining, begun.deadline, begun.peers) == (True, None, 1)
    world.call(kitchen).close(Farewell.ROOM_CLOSED)
    state = drain.state(operator())
    assert (state.since, state.rooms, state.peers) == (begun.since, 0, 0)


async def test_calls_that_are_left_at_the_deadline_are_ended(world: World, drain: Drain, kitchen: str) -> None:
    farewells: list[Farewell] = []
    world.call(kitchen).on_close.add(farewells.append)
    drain.begin(operator(), deadline_seconds=0)
    await until(lambda: farewells)
    assert farewells == [Farewell.SERVER_SHUTDOWN]
    assert world.rooms.rooms == ()
    assert drain.problem is not None


async def test_the_last_deadline_holds(world: World, drain: Drain, kitchen: str) -> None:
    first, second = drain.begin(operator(), deadline_seconds=600), drain.begin(operator(), deadline_seconds=1_200)
    assert first.deadline is not None and second.deadline is not None
    assert 599 < (second.deadline - first.deadline).total_seconds() < 700
    drain.begin(operator(), deadline_seconds=0)
    assert drain.begin(operator()).deadline is None
    passed: list[bool] = []
    # The loop would end the calls before this, which is due later.
    asyncio.get_running_loop().call_later(0.01, passed.append, True)
    await until(lambda: passed)
    assert world.rooms.get(kitchen) is not None


async def test_only_admins_drain(world: World, drain: Drain, ada: Caller) -> None:
    for forbidden in (drain.begin, drain.end, drain.state):
        with pytest.raises(NotAllowed):
            forbidden(ada)
    assert drain.begin(await world.user("Root", admin=True)).draining
