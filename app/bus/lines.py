"""Connections to Redis. They never reconnect by themselves: who uses them has to know what was missed."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from redis.asyncio import Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as GoneError
from redis.exceptions import RedisError, ResponseError

from .channels import Channels

#: Seconds that Redis has for any command, and for taking a connection.
COMMAND_SECONDS = 0.9

#: How Redis fails us.
FAULTS = (RedisError, OSError, TimeoutError)

Command = Sequence[bytes | str | int | float]


class Line:
    """A connection for commands: they go out in order, whoever sends them, and answers come back in the same order."""

    def __init__(self, url: str) -> None:
        self._connection = connection_to(url)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._sending = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None

    @property
    def channels(self) -> Channels:
        """The channels that belong to the database of this connection."""
        return Channels(int(self._connection.db))

    async def open(self) -> None:
        async with asyncio.timeout(COMMAND_SECONDS):
            await self._connection.connect()  # type: ignore[no-untyped-call]
        self._reading = asyncio.create_task(self._read(), name="answers of Redis")

    async def call(self, *command: bytes | str | int | float) -> Any:
        """Have one command done; raises one of FAULTS."""
        (answer,) = await self.call_all([command])
        return answer

    async def call_all(self, commands: Iterable[Command]) -> list[Any]:
        """Have commands done, and give their answers; raises one of FAULTS if one of them fails."""
        packed = self._connection.pack_commands(commands := list(commands))
        answers: list[asyncio.Future[Any]] = [asyncio.get_running_loop().create_future() for _ in commands]
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                async with self._sending:
                    if self._reading is None or self._reading.done():
                        raise GoneError("Redis closed the connection")
                    self._waiting.extend(answers)
                    await self._connection.send_packed_command(packed, check_health=False)
                done = await asyncio.gather(*answers, return_exceptions=True)
        finally:
            for each in answers:
                # They may still come, to nobody. A fault that nobody looks at would be logged as forgotten.
                if not each.cancel() and not each.cancelled():
                    each.exception()
        for answer in done:
            if isinstance(answer, BaseException):
                raise answer
        return done

    async def close(self) -> None:
        """Hang up; whoever waits for an answer is told."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await hang_up(self._connection)
        self._fail(GoneError("the connection to Redis was closed"))

    async def _read(self) -> None:
        try:
            while True:
                try:
                    answer = await self._connection.read_response(timeout=math.inf)
                except ResponseError as error:
                    answer = error
                self._answer(answer)
        except (RedisError, OSError) as error:
            self._fail(error)

    def _answer(self, answer: Any) -> None:
        waiting = self._waiting.popleft()
        # Who waited may have given up.
        if waiting.done():
            return
        if isinstance(answer, Exception):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)

    def _fail(self, error: Exception) -> None:
        while self._waiting:
            self._answer(error)


class Ear:
    """A connection that hears what is published on some channels."""

    def __init__(self, url: str) -> None:
        self._connection = connection_to(url)

    async def open(self, *channels: str) -> None:
        """Hear everything from now on."""
        async with asyncio.timeout(COMMAND_SECONDS):
            await self._connection.connect()  # type: ignore[no-untyped-call]
            await self._connection.send_command("SUBSCRIBE", *channels, check_health=False)
            for _ in channels:
                await self._connection.read_response()

    async def hear(self, seconds: float) -> bytes:
        """Wait for the next message, so many seconds at most; raises one of FAULTS."""
        async with asyncio.timeout(seconds):
            _, _, data = await self._connection.read_response(timeout=math.inf)
        assert isinstance(data, bytes)
        return data

    async def close(self) -> None:
        await hang_up(self._connection)


def connection_to(url: str) -> Connection:
    """Make a connection that is not open yet. All waits are bounded here, not by itself, which costs a task each."""
    pool = ConnectionPool.from_url(url, protocol=2, retry=Retry(NoBackoff(), 0), socket_timeout=None)
    connection: Connection = pool.make_connection()  # type: ignore[no-untyped-call]
    return connection


async def hang_up(connection: Connection) -> None:
    """Close a connection, in whatever state it is."""
    with contextlib.suppress(*FAULTS):
        await connection.disconnect(nowait=True)
