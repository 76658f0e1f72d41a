"""A stand-in for where records outlive the process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    key: str
    value: str


class MemoryStore:
    """Keeps the records of one worker; raises its ``fault`` if it has one."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.incarnation: str | None = "first"
        self.fault: Exception | None = None
        #: How often it was asked to write, and how often it has.
        self.asked = self.writes = 0
        self._open = asyncio.Event()
        self._open.set()

    def hold(self) -> None:
        """Answer nothing."""
        self._open.clear()

    def go_on(self) -> None:
        """Answer again."""
        self._open.set()

    async def put_state(self, slot: int, incarnation: str, key: str, value: str) -> None:
        await self._asked()
        self.texts[key] = value
        self.writes += 1

    async def list_state(self, slot: int, prefix: str = "") -> tuple[str | None, Sequence[Kept]]:
        await self._asked()
        return self.incarnation, [Kept(key, value) for key, value in self.texts.items() if key.startswith(prefix)]

    async def delete_state(self, slot: int, key: str) -> bool:
        await self._asked()
        return self.texts.pop(key, None) is not None

    async def _asked(self) -> None:
        self.asked += 1
        await self._open.wait()
        if self.fault is not None:
            raise self.fault
