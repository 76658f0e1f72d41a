"""Waiting, with a limit, for what can only be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], Awaitable[object]], *, seconds: float = 20.0) -> None:
    """Ask until ``condition`` holds; fail after so many seconds."""
    async with asyncio.timeout(seconds):
        # Conditions of all kinds, in several processes: there is no one event to wait for.
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
