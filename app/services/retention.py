"""Forgetting what is too old: history after ``settings.history_days``, and what has expired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.errors import Unavailable
from app.rtc.bus import RequestFailed
from app.rtc.room_manager import RoomManager
from app.rtc.tasks import TaskSet
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
#: What other nodes are asked.
CALLS_ON = "calls.on"

#: Deletes some rows in a transaction, and gives how many there were.
Deletion = Callable[[AsyncSession], Awaitable[int]]


class Retention:
    """
    Cleans up the database, at once and then hourly, from :meth:`start` to :meth:`close`.

    The first thing is to end the calls in the history that a former process left without an end, unless they are among
    ``rooms``, here or on another node, and go on. The same is done when another node is lost, and when the bus is back:
    the parts of a call that all ended meanwhile each took it to go on in the others.
    """

    def __init__(self, database: Database, settings: Settings, rooms: RoomManager | None = None) -> None:
        self._database = database
        self._rooms = rooms
        self._keep = timedelta(days=settings.history_days)
        self._started_at = now()
        self._task: asyncio.Task[None] | None = None
        self._ending = TaskSet()
        self._returning: asyncio.Task[None] | None = None
        if rooms is not None and rooms.bus is not None:
            rooms.bus.serve(CALLS_ON, self._asked)

    def start(self) -> None:
        """Begin to clean up; returns at once."""
        if self._rooms is not None and self._rooms.bus is not None:
            self._rooms.bus.on_node_lost.add(self._node_lost)
            self._rooms.bus.on_return.add(self._bus_returned)
        self._task = asyncio.create_task(self._run(), name="cleaning up the database")

    async def close(self) -> None:
        """Stop, wherever it is: what is left is there the next time."""
        if self._rooms is not None and self._rooms.bus is not None:
            self._rooms.bus.on_node_lost.remove(self._node_lost)
            self._rooms.bus.on_return.remove(self._bus_returned)
        self._ending.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def end_lost_calls(self, moment: datetime | None = None) -> None:
        """
        End all calls that began before that ``moment``, or before this process did, and go on nowhere.

        So does the stay of all who were in them.
        """
        before, going_on = moment or self._started_at, await self._going_on()
        async with self._database.transaction() as tx:
            await Participants(tx).close_open(before, LOST, but_in=going_on)
            await Sessions(tx).close_open(before, LOST, but=going_on)

    def _node_lost(self, node_id: str) -> None:
        self._end_soon(f"ending calls of node {node_id}")

    def _bus_returned(self) -> None:
        if self._returning is not None:
            # It may be waiting still, and what it would do is part of this.
            self._returning.cancel()
        self._returning = self._end_soon("ending calls that ended without the bus")

    def _end_soon(self, name: str) -> asyncio.Task[None]:
        moment = now()
        return self._ending.start(_patiently(lambda: self.end_lost_calls(moment)), name=name)

    async def _going_on(self) -> list[UUID]:
        """Give the calls that are on, here and on other nodes. Raises Unavailable when that is not known."""
        if self._rooms is None:
            return []
        await self._rooms.wait_settled()
        calls, bus = _calls_in(self._rooms), self._rooms.bus
        if bus is not None:
            for node_id in bus.nodes.keys() - {bus.node_id}:
                try:
                    calls += msgspec.convert(await bus.request(node_id, CALLS_ON, None), list[UUID])
                except RequestFailed as error:
                    raise Unavailable(f"the calls on node {node_id} are not known: {error}") from error
        return calls

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

    async def _asked(self, *_: object) -> list[str]:
        if self._rooms is not None:
            # Until then those are missing that an earlier process of this node left.
            await self._rooms.wait_settled()
        return [] if self._rooms is None else [str(id) for id in _calls_in(self._rooms)]

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


def _calls_in(rooms: RoomManager) -> list[UUID]:
    return [room.call_id for room in rooms.rooms]


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
