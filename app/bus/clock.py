"""The time of the bus, by which all nodes compare what was said when."""

from __future__ import annotations

import time


class Clock:
    """
    Microseconds since 1970, as the bus has them.

    It goes on evenly while the bus does not answer, whatever is done to this machine's own clock meanwhile.
    """

    def __init__(self) -> None:
        self._ahead = time.time_ns() // 1000 - _monotonic()
        self._last = 0

    def now(self) -> int:
        return _monotonic() + self._ahead

    def stamp(self) -> int:
        """Give the time, but each time a later one, and later than all that were seen."""
        self._last = max(self.now(), self._last + 1)
        return self._last

    def saw(self, stamp: int) -> None:
        """Take in a stamp of somebody else: what is said here from now on is later."""
        self._last = max(self._last, stamp)

    def set(self, now: int) -> None:
        """Take over the time of the bus."""
        self._ahead = now - _monotonic()


def _monotonic() -> int:
    return time.monotonic_ns() // 1000
