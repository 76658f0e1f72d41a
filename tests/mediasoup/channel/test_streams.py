"""The worker's byte streams, over sockets whose other end is the test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from app.mediasoup.channel.streams import SocketLink

from ..events import until


class Ends:
    """A link over one socket, the other end of it, and what came out of the link."""

    def __init__(self, link: SocketLink, worker: socket.socket) -> None:
        self.link = link
        self.worker = worker
        self.received: list[bytes] = []
        self.ended: list[str] = []
        link.start(self.received.append, self.ended.append)


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    ours, worker = socket.socketpair()
    worker.setblocking(False)
    ends = Ends(await SocketLink.over(ours), worker)
    yield ends
    ends.link.close()
    worker.close()
    await until(lambda: ours.fileno() == -1)


async def read(sock: socket.socket) -> bytes:
    return await asyncio.get_running_loop().sock_recv(sock, 1000)


async def test_what_is_written_in_one_turn_of_the_loop_goes_out_at_once(ends: Ends) -> None:
    ends.link.write(b"one")
    ends.link.write(b"two")
    assert ends.link.unwritten() == 6
    with pytest.raises(BlockingIOError):
        ends.worker.recv(1)
    assert await read(ends.worker) == b"onetwo"
    assert ends.link.unwritten() == 0
    ends.link.write(b"three")
    assert await read(ends.worker) == b"three"


async def test_what_was_written_before_the_end_still_goes_out(ends: Ends) -> None:
    ends.link.write(b"last words")
    ends.link.close()
    assert await read(ends.worker) == b"last words"
    assert await read(ends.worker) == b""


async def test_what_was_written_to_a_worker_that_went_away_is_dropped(ends: Ends) -> None:
    ends.worker.close()
    ends.link.write(b"nobody reads this")
    await until(lambda: ends.ended)
    ends.link.write(b"nor this")
    await until(lambda: ends.link.unwritten() == 0)
    assert len(ends.ended) == 1
