"""Requests to other nodes, and theirs."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

import msgspec
from loguru import logger

from app.rtc.bus import BusUnavailable, RequestFailed
from app.rtc.tasks import TaskSet

from .answering import MAX_AT_WORK, Answer, Answering
from .clock import Clock
from .lines import FAULTS
from .registration import Fenced, Registration

#: The code of what failed because nobody received it.
NOBODY_THERE = "node_not_found"
#: Requests of this node that wait for their answers at a time. One more is refused.
MAX_WAITING = 256


class Request(msgspec.Struct):
    """A request on its way; ``until`` is when nobody waits for the answer any more, by the clock of the bus."""

    id: int
    node: str
    method: str
    until: int
    data: Any


class Reply(msgspec.Struct):
    """The answer to a request on its way back."""

    id: int
    answer: Answer


_encode = msgspec.json.Encoder().encode
_decode_request: Callable[[bytes], Request] = msgspec.json.Decoder(Request).decode
_decode_reply: Callable[[bytes], Reply] = msgspec.json.Decoder(Reply).decode


class Asking:
    """Asks other nodes, and answers them."""

    def __init__(self, node_id: str, clock: Clock) -> None:
        self._node_id = node_id
        self._clock = clock
        self._waiting: dict[int, asyncio.Future[Answer | None]] = {}
        # No answer to an earlier app of this node is taken for one to this.
        self._ids = itertools.count(time.time_ns() // 1000)
        self._tasks = TaskSet()
        self.answering = Answering()

    async def ask(self, registration: Registration, node_id: str, method: str, data: Any, seconds: float) -> Any:
        """Ask a node; raises RequestFailed, or BusUnavailable."""
        if len(self._waiting) >= MAX_WAITING:
            raise RequestFailed("too many requests wait for answers", "unavailable")
        id = next(self._ids)
        request = Request(id, self._node_id, method, self._clock.now() + round(seconds * 1_000_000), data)
        self._waiting[id] = answer = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._send(registration, node_id, b"q\n" + _encode(request))
                given = await answer
        except TimeoutError:
            raise RequestFailed(f"node {node_id} did not answer in time") from None
        finally:
            del self._waiting[id]
        if given is None:
            raise BusUnavailable("the bus does not answer; try again")
        return given.open()

    async def ask_oneself(self, method: str, data: Any, seconds: float) -> Any:
        """Ask this node, as others would; raises RequestFailed."""
        asked = msgspec.json.decode(_encode(data))
        answer = await self.answering.answer(self._node_id, method, asked, seconds=seconds)
        return msgspec.json.decode(_encode(answer), type=Answer).open()

    def hear_request(self, registration: Registration, said: bytes) -> None:
        """Answer another node."""
        request = _decode_request(said)
        if len(self._tasks) >= 2 * MAX_AT_WORK:
            logger.warning("node {} asks too much; its {} is not answered", request.node, request.method)
        else:
            self._tasks.start(self._answer(registration, request), name=f"answer {request.method}")

    def hear_reply(self, said: bytes) -> None:
        """Take in the answer of another node; whoever asked may have given up."""
        reply = _decode_reply(said)
        answer = self._waiting.get(reply.id)
        if answer is not None and not answer.done():
            answer.set_result(reply.answer)

    def lose(self) -> None:
        """Take in that no answers will come."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(None)

    def close(self) -> None:
        """Answer nobody any more."""
        self._tasks.cancel()

    async def _send(self, registration: Registration, node_id: str, said: bytes) -> None:
        try:
            receivers = await registration.call("ask", node_id, said)
        except (*FAULTS, Fenced) as error:
            raise BusUnavailable("the bus does not answer; try again") from error
        if not receivers:
            raise RequestFailed(f"there is no node {node_id}", NOBODY_THERE)

    async def _answer(self, registration: Registration, request: Request) -> None:
        seconds = (request.until - self._clock.now()) / 1_000_000
        if seconds <= 0:
            # This node stood still. Who asked has given up, and may have done something else.
            return
        answer = await self.answering.answer(request.node, request.method, request.data, seconds=seconds)
        try:
            said = b"a\n" + _encode(Reply(request.id, answer))
            await registration.line.call("PUBLISH", registration.line.channels.to(request.node), said)
        except FAULTS as error:
            logger.debug("node {} can't be answered: {}", request.node, error)
