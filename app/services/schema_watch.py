"""Keeps everybody from a database whose schema is not the one that this code is made for."""

from __future__ import annotations

import asyncio

from loguru import logger

from app.errors import Unavailable
from app.rtc.tasks import TaskSet
from app.stores.database import Database

#: Seconds between looks at the schema, until it is right.
INTERVAL = 1.0


class SchemaWatch:
    """
    Refuses transactions until :meth:`start` has found that the schema is right; during its first look they wait.

    The operator may start the database, or bring it up to date, while the app runs.
    """

    def __init__(self, database: Database, interval: float = INTERVAL) -> None:
        self._database = database
        self._interval = interval
        self._tasks = TaskSet()
        database.problem = "the database has not answered yet; try again"

    def start(self) -> None:
        """Begin to look; returns at once."""
        self._database.examined.clear()
        self._tasks.start(self._look_until_it_is_right(), name="looking at the database's schema")

    def close(self) -> None:
        """Look no more."""
        self._tasks.cancel()
        self._database.examined.set()

    async def _look_until_it_is_right(self) -> None:
        while (problem := await self._look()) is not None:
            if problem != self._database.problem:
                logger.error(problem)
            self._database.problem = problem
            self._database.examined.set()
            await asyncio.sleep(self._interval)
        self._database.problem = None
        self._database.examined.set()

    async def _look(self) -> str | None:
        """Say what is wrong with the schema, if anything is; as before while it can't be read."""
        try:
            state = await self._database.check_schema()
        except Unavailable:
            return self._database.problem
        if state.is_current:
            return None
        return f"the database's schema is {state.current or 'empty'}, not {state.head}; run: python -m app migrate"
