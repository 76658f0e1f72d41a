"""What waits to be sent to one client: bounded, in order, written by one task."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from aiohttp import WSMsgType


@dataclass(frozen=True, slots=True)
class Frame:
    """A websocket frame; ``code`` is a close frame's only."""

    kind: WSMsgType
    payload: bytes = b""
    code: int = 0


class Outbox:
    """A queue of frames with a bound on their number and on their bytes."""

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        #: Whether all that was ever queued is taken, and who takes it waits for more.
        self.idle = False

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: Frame) -> bool:
        """Queue ``frame``; ``False`` when it would pass a bound, and then it isn't queued."""
        if len(self._frames) >= self._max_frames or self._bytes + len(frame.payload) > self._max_bytes:
            return False
        self._append(frame)
        return True

    def put_last(self, frame: Frame, *, instead: bool) -> None:
        """Queue ``frame`` whatever the bounds say: after the others, or ``instead`` of them."""
        if instead:
            self._frames.clear()
            self._bytes = 0
        self._append(frame)

    async def get(self) -> Frame:
        """Take the next frame, waiting for one."""
        while not self._frames:
            self._filled.clear()
            self.idle = True
            await self._filled.wait()
        frame = self._frames.popleft()
        self._bytes -= len(frame.payload)
        return frame

    def _append(self, frame: Frame) -> None:
        self.idle = False
        self._frames.append(frame)
        self._bytes += len(frame.payload)
        self._filled.set()
