"""Tasks that belong to somebody."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from loguru import logger


class TaskSet:
    """The tasks of one owner. They end with it, and a task that fails is logged."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, coroutine: Coroutine[object, object, None], *, name: str) -> asyncio.Task[None]:
        """Run ``coroutine`` as a task, which may be cancelled alone; ``name`` appears in logs."""
        task = asyncio.create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def cancel(self) -> None:
        """Cancel all tasks, except the one that calls this: it is about to end by itself."""
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.opt(exception=error).error("task {} failed", task.get_name())
