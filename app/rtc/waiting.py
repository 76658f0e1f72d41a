"""Waiting: for a condition, and longer and longer between tries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.mediasoup.signal import Signal


async def until(condition: Callable[[], bool], changed: Signal[()]) -> None:
    """Wait until ``condition`` holds; it is looked at now, and whenever ``changed`` fires."""
    look = asyncio.Event()
    changed.add(look.set)
    try:
        while not condition():
            look.clear()
            await look.wait()
    finally:
        changed.remove(look.set)


class Backoff:
    """Seconds to wait before the next try: ``first``, then twice as long each time, at most ``longest``."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = self._next = first
        self._longest = longest

    def next(self) -> float:
        """Give the time to wait now."""
        delay, self._next = self._next, min(self._next * 2, self._longest)
        return delay

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._next = self._first
