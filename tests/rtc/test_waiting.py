from __future__ import annotations

import asyncio

from app.mediasoup.signal import Signal
from app.rtc.waiting import Backoff, until


async def test_until_does_not_wait_for_what_holds_already() -> None:
    await until(lambda: True, Signal())


async def test_until_looks_again_at_each_change() -> None:
    changed: Signal[()] = Signal()
    values: list[int] = []
    waiting = asyncio.create_task(until(lambda: len(values) == 2, changed))
    for value in range(2):
        await asyncio.sleep(0)
        assert not waiting.done()
        values.append(value)
        changed.emit()
    await waiting
    assert len(changed) == 0


async def test_until_listens_no_more_when_it_was_cancelled() -> None:
    changed: Signal[()] = Signal()
    waiting = asyncio.create_task(until(lambda: False, changed))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert len(changed) == 0


def test_a_backoff_doubles_up_to_its_longest_and_begins_anew_after_a_success() -> None:
    backoff = Backoff(0.1, 0.5)
    assert [backoff.next() for _ in range(4)] == [0.1, 0.2, 0.4, 0.5]
    backoff.reset()
    assert backoff.next() == 0.1
