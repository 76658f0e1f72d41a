"""News of one end of a link for the other, which must arrive however often the bus fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .bus import BusUnavailable, RequestFailed
from .tasks import TaskSet
from .waiting import Backoff

if TYPE_CHECKING:
    from loguru import Logger

#: Seconds in which news are gathered, so that many at once make one request.
GATHER = 0.02
#: Seconds between tries.
FIRST_DELAY, LONGEST_DELAY = 0.1, 1.0

#: Sends wishes and ends, see :class:`app.rtc.pipe_messages.Tell`. Raises BusUnavailable and RequestFailed.
Send = Callable[[Mapping[str, int | None], Sequence[str]], Awaitable[None]]


class News:
    """
    Sent together by ``send``, one request after the other; of many wishes for one export the last one counts.

    There are as many as exports, and no more once the link is closed.
    """

    def __init__(self, send: Send, log: Logger) -> None:
        self._send = send
        self._log = log
        self._wishes: dict[str, int | None] = {}
        self._ended: list[str] = []
        self._tasks = TaskSet()
        self._telling = False

    @property
    def untold(self) -> bool:
        """Whether the other end does not know all yet."""
        return self._telling

    def wish(self, export: str, level: int | None) -> None:
        """Say which layer of what comes in is wanted at most, ``None`` if it is of no use any more."""
        self._wishes[export] = level
        self._start()

    def end(self, export: str) -> None:
        """Say that what went out has come to an end."""
        self._ended.append(export)
        self._start()

    def close(self) -> None:
        """Say no more."""
        self._tasks.cancel()
        self._wishes, self._ended = {}, []

    def _start(self) -> None:
        if not self._telling:
            self._telling = True
            self._tasks.start(self._tell(), name="telling the other end of a pipe")

    async def _tell(self) -> None:
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        try:
            while self._wishes or self._ended:
                await asyncio.sleep(GATHER)
                wishes, self._wishes = self._wishes, {}
                ended, self._ended = self._ended, []
                try:
                    await self._send(wishes, ended)
                except (BusUnavailable, RequestFailed) as error:
                    self._log.info("the other end of a pipe is told once more: {}", error)
                    self._wishes = wishes | self._wishes
                    self._ended = ended + self._ended
                    await asyncio.sleep(backoff.next())
        finally:
            self._telling = False
