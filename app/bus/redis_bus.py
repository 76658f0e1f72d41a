"""The bus between nodes, through Redis."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from loguru import logger

from app.mediasoup.signal import Signal
from app.rtc.bus import BusUnavailable, Handler, Node, Part, PartId

from .asking import Asking
from .board import Board
from .clock import Clock
from .cluster import Cluster
from .follower import read_room
from .lines import COMMAND_SECONDS, FAULTS, Ear, Line
from .registration import ROOM_TTL, Before, Fenced, Registration, read_node, read_part, register
from .rooms import Rooms

#: Seconds between tries to reach Redis, and that the start waits for it.
RETRY_EVERY = 0.3
START_SECONDS = 1.0
#: Messages that are taken in without letting others have a turn.
AT_A_TIME = 100


class RedisBus:
    """
    See :class:`app.rtc.bus.Bus`.

    While Redis answers there is a :class:`Registration`: what is said goes to Redis in one step with its number in the
    room's stream, and is published to the nodes of the room, who see by the number whether they missed something.
    After anything that goes wrong all connections are closed and made anew, and all rooms are written and read again.

    :raises ValueError: the id has other characters than letters, digits, dots, dashes and underscores
    """

    def __init__(self, url: str, node_id: str, describe: Callable[[], Node], lease: float = 4.0) -> None:
        if re.fullmatch(r"[\w.-]+", node_id, re.ASCII) is None:
            raise ValueError(f"{node_id!r} can't be the id of a node")
        self.node_id = node_id
        self.on_node_lost: Signal[str] = Signal()
        self.on_return: Signal[()] = Signal()
        self.problem: str | None = "not started"
        self._url = url
        self._describe = describe
        self._lease = lease
        self._clock = Clock()
        self._cluster = Cluster(lease)
        self._rooms = Rooms(node_id, self._clock, lease)
        self._asking = Asking(node_id, self._clock)
        self._registration: Registration | None = None
        self._before = Before()
        self._is_settled = False
        self._is_ending = False
        self._refresh_now = asyncio.Event()
        self._is_up = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @property
    def nodes(self) -> Mapping[str, Node]:
        return self._cluster.nodes | {self.node_id: self._own()}

    async def start(self) -> None:
        """Be a node from now on. If Redis does not answer within a second, it goes on in the background."""
        self._running = asyncio.create_task(self._run(), name="bus")
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._is_up.wait()
        except TimeoutError:
            logger.warning("Redis is not there yet: {}", self.problem)

    async def close(self) -> None:
        """Be a node no more, and say so."""
        await self._end("go")

    async def let_go(self) -> None:
        """Leave all as it is to the next app of this node, which has the time of a lease to come."""
        await self._end("beat", round(self._lease * 1000), self._about())

    def settle(self) -> None:
        self._is_settled = True
        self._rooms.forget_let_go()
        self._refresh_now.set()

    async def open(self, room_id: str, slot: int, part: Part) -> Board:
        return await self._rooms.open(room_id, slot, part)

    async def peek(self, room_id: str) -> tuple[Mapping[PartId, Mapping[str, bytes]], Mapping[str, bytes]]:
        try:
            answer = await self._registered().call("follow", room_id, "", 0)
        except (*FAULTS, Fenced) as error:
            raise BusUnavailable("the bus does not answer; try again") from error
        if answer == b"missing":
            return {}, {}
        facts, common = read_room(answer[3])
        return facts, {key: value for key, (_, value) in common.items()}

    def serve(self, method: str, handler: Handler) -> None:
        self._asking.answering.serve(method, handler)

    async def request(self, node_id: str, method: str, data: Any, *, timeout: float = 2.0) -> Any:  # noqa: ASYNC109
        if node_id == self.node_id:
            return await self._asking.ask_oneself(method, data, timeout)
        return await self._asking.ask(self._registered(), node_id, method, data, timeout)

    def _registered(self) -> Registration:
        if self._registration is None:
            raise BusUnavailable("the bus does not answer; try again")
        return self._registration

    def _own(self) -> Node:
        return msgspec.structs.replace(self._describe(), epoch=self._before.epoch)

    def _about(self) -> bytes:
        return msgspec.json.encode(self._own())

    async def _end(self, script: str, *arguments: bytes | int) -> None:
        self._is_ending = True
        if self._registration is not None:
            try:
                await self._rooms.finish()
                await self._registration.call(script, *arguments)
            except (*FAULTS, Fenced, BusUnavailable) as error:
                logger.warning("Redis could not be told that this node goes: {}", describe(error))
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._asking.close()

    async def _run(self) -> None:
        # Not for ever: a TaskGroup whose tasks fail at the moment at which it is cancelled forgets the latter.
        while not self._is_ending:
            try:
                await self._serve()
            except* (*FAULTS, Fenced) as group:
                self._is_away(describe(group.exceptions[0]))
            except* Exception as group:
                logger.opt(exception=group).error("the bus failed, and begins anew")
                self._is_away("a fault of ours; the log has the details")
            await asyncio.sleep(RETRY_EVERY)

    async def _serve(self) -> None:
        """Connect, and go on until that fails."""
        line, ear = Line(self._url), Ear(self._url)
        try:
            await line.open()
            # Before anything is read, so that what comes later is heard.
            await ear.open(line.channels.all, line.channels.to(self.node_id))
            registration = await self._register(line)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(registration, ear), name="ear of the bus")
                tasks.create_task(self._beat(registration), name="heart of the bus")
                tasks.create_task(self._refresh(registration), name="keeper of the bus")
                tasks.create_task(self._rooms.work(registration), name="writer of the bus")
        finally:
            self._registration = None
            self._rooms.lose_step()
            self._asking.lose()
            await ear.close()
            await line.close()

    async def _register(self, line: Line) -> Registration:
        before = self._before
        lease_ms = round(self._lease * 1000)
        registration = await register(line, self.node_id, self._about(), lease_ms=lease_ms, before=before)
        self._clock.set(registration.at)
        self._cluster.begin({id: node for id, node in registration.nodes.items() if id != self.node_id})
        self._before = Before(registration.epoch, registration.run)
        # Who was taken for dead comes back to rooms that went on; else rooms that are made anew wait for the others.
        await self._rooms.enter_all(registration, doubt=before.epoch == registration.epoch)
        self._registration = registration
        if not before.epoch:
            self._rooms.inherit(registration.parts)
            if self._is_settled:
                # Rooms that were adopted without Redis are opened from now on.
                asyncio.get_running_loop().call_later(self._lease, self.settle)
        self._rooms.leave_rest(registration.parts)
        self._is_back()
        return registration

    def _is_away(self, problem: str) -> None:
        if self.problem is None:
            logger.error("the bus does not answer: {}", problem)
        self.problem = problem

    def _is_back(self) -> None:
        problem, self.problem = self.problem, None
        self._is_up.set()
        if problem != "not started":
            logger.info("the bus answers again")
            self.on_return.emit()

    async def _listen(self, registration: Registration, ear: Ear) -> None:
        """Take in what is published. One's own heartbeat is, too: if it can't be heard, nothing can."""
        longest_silence = self._lease / 4 + 2 * COMMAND_SECONDS
        while True:
            for _ in range(AT_A_TIME):
                self._hear(registration, await ear.hear(longest_silence))
            await asyncio.sleep(0)

    def _hear(self, registration: Registration, message: bytes) -> None:
        head, _, said = message.partition(b"\n")
        kind, _, rest = head.partition(b" ")
        match kind:
            case b"e":
                incarnation, seq, length = rest.decode().split(" ")
                room_id, said = said[: int(length)], said[int(length) :]
                self._rooms.hear(room_id.decode(), incarnation, int(seq), said)
            case b"q":
                self._asking.hear_request(registration, said)
            case b"a":
                self._asking.hear_reply(said)
            case b"node":
                epoch, _, node_id = rest.decode().partition(" ")
                if node_id != self.node_id:
                    self._cluster.heard(node_id, read_node(int(epoch), said))
            case b"lost":
                self._lost(rest.decode())

    def _lost(self, node_id: str) -> None:
        if node_id == self.node_id:
            if not self._is_ending:
                raise Fenced
            return
        self._rooms.node_lost(node_id)
        if self._cluster.lost(node_id):
            logger.warning("node {} is gone", node_id)
            self.on_node_lost.emit(node_id)

    async def _beat(self, registration: Registration) -> None:
        while True:
            await asyncio.sleep(self._lease / 4)
            began = time.monotonic()
            now = await registration.call("beat", round(self._lease * 1000), self._about())
            self._clock.set(int(now) + round((time.monotonic() - began) / 2 * 1_000_000))
            for node_id in self._cluster.silent():
                if await registration.call("bury", node_id) == b"alive":
                    self._cluster.heard(node_id, None)

    async def _refresh(self, registration: Registration) -> None:
        """Keep what Redis has of this node; and look whether it has what it should, and nothing else."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROOM_TTL / 1000 / 4):
                    await self._refresh_now.wait()
            self._refresh_now.clear()
            expected = self._rooms.parts()
            found = set(map(read_part, await registration.call("refresh")))
            self._rooms.check(expected, found)
            self._rooms.leave_rest(found)


def describe(error: BaseException) -> str:
    """Say what is wrong, also for errors without words."""
    if isinstance(error, Fenced):
        return "others may have taken this node for dead"
    if isinstance(error, TimeoutError):
        return "Redis did not answer in time"
    return str(error) or type(error).__name__
