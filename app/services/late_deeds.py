"""Deeds that could not be done to a call at once, and are done as soon as they can be."""

from __future__ import annotations

import asyncio
from collections import deque

from loguru import logger

from app.errors import ConnectError, Unavailable
from app.rtc.tasks import TaskSet
from app.rtc.waiting import Backoff

from .deeds import Deed
from .outreach import Outreach

#: How many deeds wait at a time. One more fails.
MAX_WAITING = 1_000
#: Seconds between two tries.
FIRST_DELAY, LONGEST_DELAY = 0.5, 5.0


class LateDeeds:
    """
    Does deeds to ``calls`` that follow from what is in the database by then.

    Whoever asked can't ask again: the room, or the ban, may be gone. So what fails because the bus or a node does not
    answer is kept, in its order for each room, and repeated until it is done; all these deeds may be done twice.
    """

    def __init__(self, calls: Outreach) -> None:
        self._calls = calls
        self._waiting: dict[str, deque[Deed]] = {}
        # They need no end of their own: without the bus they do nothing.
        self._tasks = TaskSet()

    async def do(self, code: str, deed: Deed) -> None:
        """
        Do it now if there is a call in the room, or later if that is not known.

        :raises Unavailable: too many wait already
        """
        if code not in self._waiting:
            try:
                await self._calls.try_to(code, deed)
                return
            except Unavailable as error:
                logger.bind(room=code).warning("the call can't be changed yet: {}", error)
        if sum(map(len, self._waiting.values())) >= MAX_WAITING:
            raise Unavailable("too much waits to be done to calls already")
        if code in self._waiting:
            self._waiting[code].append(deed)
        else:
            self._waiting[code] = deque([deed])
            self._tasks.start(self._make_up(code), name=f"what is to be done in {code}")

    async def _make_up(self, code: str) -> None:
        backoff, waiting = Backoff(FIRST_DELAY, LONGEST_DELAY), self._waiting[code]
        try:
            while waiting:
                await asyncio.sleep(backoff.next())
                await self._try_all(code, waiting)
        finally:
            del self._waiting[code]

    async def _try_all(self, code: str, waiting: deque[Deed]) -> None:
        while waiting:
            try:
                await self._calls.try_to(code, waiting[0])
            except Unavailable:
                return
            except ConnectError as error:
                logger.bind(room=code).warning("{} was refused: {}", type(waiting[0]).__name__, error)
            waiting.popleft()
