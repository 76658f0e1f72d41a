"""A queue that knows when a client does not read."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType

from app.signaling.outbox import Frame, Outbox

HELLO = Frame(WSMsgType.TEXT, b"hello")
BYE = Frame(WSMsgType.CLOSE, b"", 1000)


async def test_frames_come_out_in_their_order_and_a_reader_waits_for_them() -> None:
    outbox = Outbox(10, 100)
    first = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    second = Frame(WSMsgType.TEXT, b"second")
    assert outbox.put(HELLO) and outbox.put(second)
    assert [await first, await outbox.get()] == [HELLO, second]


async def test_neither_frames_nor_bytes_pass_their_bounds() -> None:
    few, small = Outbox(2, 100), Outbox(100, 12)
    assert [few.put(HELLO) for _ in range(3)] == [True, True, False]
    assert [small.put(HELLO) for _ in range(3)] == [True, True, False]
    await small.get()
    assert small.put(HELLO)


async def test_the_last_frame_comes_after_the_others_or_instead_of_them() -> None:
    outbox = Outbox(1, 100)
    outbox.put(HELLO)
    outbox.put_last(BYE, instead=False)
    assert [await outbox.get(), await outbox.get()] == [HELLO, BYE]
    outbox.put(HELLO)
    outbox.put_last(BYE, instead=True)
    assert await outbox.get() == BYE
    assert len(outbox) == 0


async def test_it_is_idle_while_who_takes_waits_for_more() -> None:
    outbox = Outbox(10, 100)
    assert not outbox.idle
    first = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    assert outbox.idle
    outbox.put(HELLO)
    assert not outbox.idle
    await first
    assert not outbox.idle
