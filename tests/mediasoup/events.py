"""Waiting in tests: for conditions, never for time to pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from app.mediasoup.signal import Signal


async def until(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Wait until ``condition`` holds; fail after so many seconds."""
    async with asyncio.timeout(seconds):
        # Conditions of all kinds, of which only a few could be told of by an event.
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def record(**signals: Signal[*tuple[Any, ...]]) -> list[str]:
    """Write down the names of the signals as they fire."""
    fired: list[str] = []
    for name, signal in signals.items():
        # The name as a default, since the loop goes on.
        signal.add(lambda *_, name=name: fired.append(name))
    return fired
