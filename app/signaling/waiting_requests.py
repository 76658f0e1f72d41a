"""Requests of one client that wait until others of its are answered."""

from __future__ import annotations

from collections import deque

from .protocol import Request

#: So many may wait, and so many bytes of their data.
MOST, MOST_BYTES = 1_000, 1_048_576


class WaitingRequests:
    """First come, first served; no more than fit."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque()
        self._bytes = 0

    def add(self, request: Request) -> bool:
        """Have one wait; tells whether there was room for it."""
        size = _size(request)
        if len(self._requests) >= MOST or self._bytes + size > MOST_BYTES:
            return False
        self._requests.append(request)
        self._bytes += size
        return True

    def take(self) -> Request | None:
        """Give the one that has waited longest, if any waits."""
        if not self._requests:
            return None
        request = self._requests.popleft()
        self._bytes -= _size(request)
        return request

    def clear(self) -> None:
        """Forget all: nobody waits for their answers any more."""
        self._requests.clear()
        self._bytes = 0


def _size(request: Request) -> int:
    return memoryview(request.data).nbytes
