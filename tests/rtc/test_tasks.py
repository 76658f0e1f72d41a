"""Tasks end with their owner, and none fails unseen."""

from __future__ import annotations

import asyncio

import pytest
from loguru import logger

from app.rtc.tasks import TaskSet

from .fakes import until


async def test_tasks_are_forgotten_when_they_are_done() -> None:
    tasks, done = TaskSet(), asyncio.Event()

    async def finish() -> None:
        done.set()

    tasks.start(finish(), name="finishing")
    assert len(tasks) == 1
    await done.wait()
    await until(lambda: len(tasks) == 0)


async def test_all_are_cancelled_but_the_one_that_asks_for_it() -> None:
    tasks, survived = TaskSet(), asyncio.Event()

    async def cancel_all() -> None:
        tasks.cancel()
        await asyncio.sleep(0)
        survived.set()

    tasks.start(asyncio.Event().wait(), name="waiting")  # type: ignore[arg-type]
    tasks.start(cancel_all(), name="cancelling")
    await survived.wait()
    await until(lambda: len(tasks) == 0)


async def test_a_failure_is_logged_with_the_name_of_the_task(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message} {exception}")
    tasks = TaskSet()

    async def fail() -> None:
        raise RuntimeError("it broke")

    tasks.start(fail(), name="breaking things")
    await until(lambda: lines)
    logger.remove(sink)
    assert "task breaking things failed" in lines[0] and "it broke" in lines[0]
