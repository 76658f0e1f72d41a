"""A node that can stand still."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from types import TracebackType
from typing import Any, TypeVar

from app.bus.redis_bus import RedisBus

T = TypeVar("T")

#: Seconds that a node stands still at most, and has to end.
LIMIT = 30.0


class NodeInThread:
    """A node with an event loop of its own: halted, it neither reads nor writes, like a process after SIGSTOP."""

    def __init__(self, bus: RedisBus) -> None:
        self.bus = bus
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> NodeInThread:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self.bus.close(), self._loop).result(LIMIT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT)
        self._loop.close()

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Have the node do something."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._loop))

    @contextlib.contextmanager
    def halted(self) -> Iterator[None]:
        """Have it stand still."""
        stands, go_on = threading.Event(), threading.Event()

        def stand() -> None:
            stands.set()
            go_on.wait(LIMIT)

        self._loop.call_soon_threadsafe(stand)
        try:
            assert stands.wait(LIMIT)
            yield
        finally:
            go_on.set()
