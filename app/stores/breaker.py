"""Keeps callers from waiting, one after another, for a database that does not answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from loguru import logger

from app.errors import Unavailable

#: What callers are told.
GONE = "the database does not answer; try again"


class Breaker:
    """
    Refuses at once for a ``pause`` (seconds) after each failure; then one caller may try.

    Who tries need not report back: another may after the next pause.
    """

    def __init__(self, pause: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause = pause
        self._clock = clock
        self._refuses_until: float | None = None

    def check(self) -> None:
        """
        Ask whether to try.

        :raises Unavailable: there is no point now
        """
        if self._refuses_until is None:
            return
        if self._clock() < self._refuses_until:
            raise Unavailable(GONE)
        self._refuses_until = self._clock() + self._pause

    def failed(self, reason: str) -> None:
        """Note that the database did not answer; said once in the log, not for each caller."""
        if self._refuses_until is None:
            logger.error("the database does not answer: {}", reason)
        self._refuses_until = self._clock() + self._pause

    def succeeded(self) -> None:
        """Note that it did."""
        if self._refuses_until is not None:
            logger.info("the database answers again")
        self._refuses_until = None
