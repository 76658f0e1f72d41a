"""Forgetting what is too old: history after ``settings.history_days``, and what has expired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.errors import Unavailable
from app.rtc.room_manager import RoomManager
from app.rtc.waiting import Backoff
from app.stores.bans import Bans
from app.stores.call_metrics import CallMetrics
from app.stores.database import Database
from app.stores.invitations import Invitations
from app.stores.participants import Participants
from app.stores.refresh_tokens import RefreshTokens
from app.stores.sessions import Sessions
from app.stores.types import now

#: Seconds between two rounds, and between tries while the database is away.
INTERVAL = 3_600.0
FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
#: How many rows go at once, and the seconds after that in which the database is everybody else's.
BATCH, PAUSE = 500, 0.1
#: Why calls end that a former process could not end.
LOST = "lost"

#: Deletes some rows in a transaction, and gives how many there were.
Deletion = Callable[[AsyncSession], Awaitable[int]]


class Retention:
    """
    Cleans up the database, at once and then hourly, from :meth:`start` to :meth:`close`.

    The first thing is to end the calls in the history that a former process left without an end, unless they are among
    ``rooms`` and go on.
    """

    def __init__(self, database: Database, settings: Settings, rooms: RoomManager | None = None) -> None:
        self._database = database
        self._rooms = rooms
        self._keep = timedelta(days=settings.history_days)
        self._started_at = now()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to clean up; returns at once."""
        self._task = asyncio.create_task(self._run(), name="cleaning up the database")

    async def close(self) -> None:
        """Stop, wherever it is: what is left is there the next time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def end_lost_calls(self) -> None:
        """End all calls that began before this process did and do not go on in it, and who was in them."""
        going_on: list[UUID] = []
        if self._rooms is not None:
            await self._rooms.wait_settled()
            going_on = [room.call_id for room in self._rooms.rooms]
        async with self._database.transaction() as tx:
            await Participants(tx).close_open(self._started_at, LOST, but_in=going_on)
            await Sessions(tx).close_open(self._started_at, LOST, but=going_on)

    async def clean_up(self) -> int:
        """Delete what is too old; gives how many rows that were. Raises Unavailable in the middle of it."""
        moment = now()
        oldest = moment - self._keep
        deletions: tuple[Deletion, ...] = (
            # From the leaves to the root, so that no deletion takes many other rows with it.
            lambda tx: CallMetrics(tx).delete_before(oldest, limit=BATCH),
            lambda tx: Participants(tx).delete_left(oldest, limit=BATCH),
            lambda tx: Sessions(tx).delete_ended(oldest, limit=BATCH),
            lambda tx: RefreshTokens(tx).delete_expired(moment, limit=BATCH),
            lambda tx: Invitations(tx).delete_expired(moment, limit=BATCH),
            lambda tx: Bans(tx).delete_expired(moment, limit=BATCH),
        )
        return sum([await self._delete_all(deletion) for deletion in deletions])

    async def _delete_all(self, some: Deletion) -> int:
        total = count = await self._delete(some)
        while count == BATCH:
            await asyncio.sleep(PAUSE)
            total += (count := await self._delete(some))
        return total

    async def _delete(self, some: Deletion) -> int:
        async with self._database.transaction() as tx:
            return await some(tx)

    async def _run(self) -> None:
        await _patiently(self.end_lost_calls)
        while True:
            await _patiently(self._clean_up_and_tell)
            await asyncio.sleep(INTERVAL)

    async def _clean_up_and_tell(self) -> None:
        if count := await self.clean_up():
            logger.info("deleted {} rows from the database that were too old", count)


async def _patiently(work: Callable[[], Awaitable[None]]) -> None:
    """Do ``work`` again and again until the database was there for it. Another error is logged, and ends it."""
    backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
    while True:
        try:
            return await work()
        except Unavailable:
            await asyncio.sleep(backoff.next())
        except Exception:
            logger.exception("cleaning up the database failed")
            return
