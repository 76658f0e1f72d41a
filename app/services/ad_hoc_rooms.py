"""Rooms that are for one call: they go when it has ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Unavailable
from app.rtc.bus import BusUnavailable
from app.rtc.events import Farewell
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.rtc.tasks import TaskSet
from app.stores.database import Database
from app.stores.rooms import RoomRecords
from app.stores.types import now

from .write_behind import WriteBehind

#: After these a call is over. After others its people come back in a moment.
OVER = (Farewell.ROOM_EMPTY, Farewell.ROOM_CLOSED, Farewell.ROOM_ENDED)
#: How long a room waits for its call.
PATIENCE = timedelta(hours=24)
#: How often those are looked for that waited longer, and when again if the database is away.
SWEEP_SECONDS, RETRY_SECONDS = 3_600.0, 10.0
#: How many of them are deleted in one transaction.
BATCH = 100


class AdHocRooms:
    """Deletes rooms that are not permanent: after their call, or a day after they were meant to have one."""

    def __init__(self, rooms: RoomManager, database: Database, writes: WriteBehind) -> None:
        self._rooms = rooms
        self._database = database
        self._writes = writes
        self._tasks = TaskSet()

    def start(self) -> None:
        """Begin; returns at once."""
        self._rooms.on_open.add(self._watch)
        self._tasks.start(self._sweep_again_and_again(), name="sweeping up ad hoc rooms")

    def close(self) -> None:
        """Delete nothing more, except what was on its way."""
        self._rooms.on_open.remove(self._watch)
        self._tasks.cancel()

    async def sweep(self) -> None:
        """
        Delete rooms whose call did not come, or ended when nobody looked.

        :raises Unavailable: the database does not answer, or the bus
        """
        live = {room.id for room in self._rooms.rooms}
        while True:
            async with self._database.transaction() as tx:
                records = RoomRecords(tx)
                found = await records.abandoned(now() - PATIENCE, but=live, limit=BATCH)
                for room in found:
                    if await self._rooms.is_on(room.code):
                        live.add(room.code)
                    else:
                        await records.delete(room)
            if len(found) < BATCH:
                return

    def _watch(self, room: Room) -> None:
        room.on_end.add(lambda farewell: self._ended(room, farewell))

    def _ended(self, room: Room, farewell: Farewell) -> None:
        if farewell in OVER:
            self._writes.put(DeleteAdHoc(room.id, self._rooms))

    async def _sweep_again_and_again(self) -> None:
        while True:
            try:
                await self.sweep()
                await asyncio.sleep(SWEEP_SECONDS)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)


@dataclass(frozen=True, slots=True)
class DeleteAdHoc:
    """A room whose call has ended, to be deleted if it was for that call, and there is no other by now."""

    code: str
    rooms: RoomManager

    async def apply(self, tx: AsyncSession) -> None:
        records = RoomRecords(tx)
        room = await records.find_by_code(self.code, lock=True)
        if room is None or room.permanent:
            return
        try:
            if not await self.rooms.is_on(self.code):
                await records.delete(room)
        except BusUnavailable as error:
            # There may be another call on another node. The room is swept up later.
            logger.info("room {} is not deleted yet: {}", self.code, error)
