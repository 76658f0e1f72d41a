"""What a peer has, and how much of it."""

from __future__ import annotations

import asyncio

import pytest

from app.errors import LimitReached, NotFound, WrongState
from app.mediasoup.signal import Signal
from app.rtc.registry import Registry


class Thing:
    """Something with an id and a life."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.closed = False
        self.on_close: Signal[()] = Signal()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.on_close.emit()


async def give(thing: Thing) -> Thing:
    await asyncio.sleep(0)
    return thing


@pytest.fixture
def things() -> Registry[Thing]:
    return Registry("thing", 2)


async def test_what_was_made_is_found_until_it_closes(things: Registry[Thing]) -> None:
    thing = await things.make(lambda: give(Thing("a")))
    assert things.get("a") is thing
    assert list(things) == [thing]
    thing.close()
    with pytest.raises(NotFound, match="no thing of yours has the id 'a'"):
        things.get("a")


async def test_the_limit_counts_what_is_on_its_way(things: Registry[Thing]) -> None:
    made = await asyncio.gather(
        *(things.make(lambda name=name: give(Thing(name))) for name in "abc"),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert [type(each) for each in made] == [Thing, Thing, LimitReached]
    assert things.full


async def test_a_failure_takes_no_place(things: Registry[Thing]) -> None:
    async def fail() -> Thing:
        raise RuntimeError("no")

    for _ in range(3):
        with pytest.raises(RuntimeError):
            await things.make(fail)
    assert not things.full


async def test_what_comes_too_late_is_closed(things: Registry[Thing]) -> None:
    late = Thing("late")
    making = asyncio.create_task(things.make(lambda: give(late)))
    await asyncio.sleep(0)
    things.close()
    with pytest.raises(WrongState):
        await making
    assert late.closed and len(things) == 0


async def test_closing_closes_everything(things: Registry[Thing]) -> None:
    made = [await things.make(lambda name=name: give(Thing(name))) for name in "ab"]  # type: ignore[misc]
    things.close()
    assert [thing.closed for thing in made] == [True, True]
    assert len(things) == 0
