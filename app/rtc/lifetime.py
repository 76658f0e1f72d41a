"""When a room ends by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from .events import Farewell

#: Seconds between looks at the clock for a room that ends at some time: clocks may be set.
LONGEST_LOOK = 60.0


class Lifetime:
    """Calls ``end`` when the room has been empty for ``empty_seconds``, or when its time is over."""

    def __init__(self, end: Callable[[Farewell], None], empty_seconds: float) -> None:
        self._end = end
        self._empty_seconds = empty_seconds
        self._loop = asyncio.get_running_loop()
        self._ends_at: datetime | None = None
        self._empty_timer: asyncio.TimerHandle | None = None
        self._end_timer: asyncio.TimerHandle | None = None

    def emptied(self) -> None:
        """Bear with a room that nobody is in."""
        self.entered()
        self._empty_timer = self._loop.call_later(self._empty_seconds, self._end, Farewell.ROOM_EMPTY)

    def entered(self) -> None:
        """Somebody is in it."""
        if self._empty_timer is not None:
            self._empty_timer.cancel()
            self._empty_timer = None

    def end_at(self, time: datetime | None) -> None:
        """Let the room's time be over then, ``None`` for never."""
        self._ends_at = time
        if self._end_timer is not None:
            self._end_timer.cancel()
            self._end_timer = None
        if time is not None:
            seconds = (time - datetime.now(UTC)).total_seconds()
            self._end_timer = self._loop.call_later(min(max(seconds, 0), LONGEST_LOOK), self._look_at_clock)

    def stop(self) -> None:
        """End nothing any more."""
        self.entered()
        self.end_at(None)

    def _look_at_clock(self) -> None:
        if self._ends_at is not None and self._ends_at <= datetime.now(UTC):
            self._end(Farewell.ROOM_ENDED)
        else:
            self.end_at(self._ends_at)
