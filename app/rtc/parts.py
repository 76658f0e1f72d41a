"""The parts of rooms that are in this process, and what joins them to others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

from loguru import logger

from app.mediasoup.signal import Signal

from .bus import Bus, BusUnavailable
from .events import Farewell
from .pipes import Pipes
from .room import Room
from .room_config import RoomConfig
from .share import Share
from .tasks import TaskSet
from .waiting import Backoff, until

#: Seconds between tries to join what was adopted to its other parts.
FIRST_DELAY, LONGEST_DELAY = 0.1, 1.0
#: Seconds for which those who come back wait for that.
PATIENCE = 1.0


class Parts:
    """By room, and by their numbers. Without a ``bus`` a room has only one, which nothing is to be joined to."""

    def __init__(self, bus: Bus | None) -> None:
        self._bus = bus
        self._parts: dict[str, dict[int, Room]] = {}
        #: The numbers of those that are being opened.
        self._coming: set[tuple[str, int]] = set()
        self._shares: dict[Room, Share] = {}
        self._joining = TaskSet()
        #: What was adopted, and is not joined to its other parts yet.
        self._unjoined: set[Room] = set()
        self._on_joined: Signal[()] = Signal()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def all(self) -> tuple[Room, ...]:
        """Those of all rooms."""
        return tuple(room for parts in self._parts.values() for room in parts.values())

    def of(self, room_id: str) -> tuple[Room, ...]:
        """Those of one room, the oldest first."""
        return tuple(self._parts.get(room_id, {}).values())

    def has(self, room: Room) -> bool:
        """Whether there is one already in the place of ``room``, which was not added yet."""
        there = self._parts.get(room.id, {})
        return bool(there) if self._bus is None else room.number in there

    @asynccontextmanager
    async def opening(self, config: RoomConfig, slot: int) -> AsyncIterator[tuple[RoomConfig, Share | None]]:
        """
        Open a room on the bus for another part in this slot, which is made meanwhile; if that fails, it is closed.

        Gives how the room is if it is on elsewhere, else ``config``, and what the part is to :meth:`join`.

        :raises BusUnavailable: it is not possible now
        """
        if self._bus is None:
            yield config, None
            return
        number = self._number_for(config.id, slot)
        self._coming.add((config.id, number))
        try:
            share = await Share.open(self._bus, config.id, number)
            try:
                yield share.config or config, share
            except BaseException:
                await asyncio.shield(share.close())
                raise
        finally:
            self._coming.remove((config.id, number))

    def join(self, room: Room, share: Share) -> None:
        """Join ``room`` to its other parts."""
        room.number = share.number
        self._shares[room] = share
        share.join(room)

    def share_soon(self, room: Room) -> None:
        """Join a room that was adopted to its other parts, which know of it: when the bus answers."""
        if self._bus is not None:
            self._unjoined.add(room)
            self._joining.start(self._share(self._bus, room), name=f"joining room {room.id}")

    async def wait_joined(self) -> None:
        """Wait until all that was adopted is joined to its other parts, for a while at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await until(lambda: not self._unjoined, self._on_joined)

    def add(self, room: Room) -> None:
        """Have a part from now on."""
        self._parts.setdefault(room.id, {})[room.number] = room

    def remove(self, room: Room, farewell: Farewell) -> None:
        """Take leave of a part that is closed; with the last one, wherever it is, the call is over."""
        del self._parts[room.id][room.number]
        if not self._parts[room.id]:
            del self._parts[room.id]
        share = self._shares.pop(room, None)
        if share is None:
            room.on_end.emit(farewell)
            return
        ending = asyncio.create_task(self._end(room, share, farewell), name=f"ending room {room.id}")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Wait until others know of all that was removed, a second or so at most."""
        self._joining.cancel()
        await asyncio.gather(*self._ending)

    def let_go(self) -> None:
        """Leave all as it is on the bus, for the next process."""
        self._joining.cancel()
        for share in self._shares.values():
            share.let_go()

    def _number_for(self, room_id: str, slot: int) -> int:
        taken = self._parts.get(room_id, {})
        return next(each for each in count(slot) if each not in taken and (room_id, each) not in self._coming)

    async def _share(self, bus: Bus, room: Room) -> None:
        try:
            await self._join_adopted(bus, room)
        finally:
            self._unjoined.discard(room)
            self._on_joined.emit()

    async def _join_adopted(self, bus: Bus, room: Room) -> None:
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        while not room.closed:
            try:
                share = await Share.open(bus, room.id, room.number)
            except BusUnavailable as error:
                logger.bind(room=room.id).info("the room is not joined to its other parts yet: {}", error)
                await asyncio.sleep(backoff.next())
            else:
                if room.closed:
                    await share.close()
                else:
                    self.join(room, share)
                return

    async def _end(self, room: Room, share: Share, farewell: Farewell) -> None:
        if await share.close():
            room.on_end.emit(farewell)

    def find_pipes(self, room_id: str, number: int) -> Pipes | None:
        """Give those of a part that is joined to others."""
        room = self._parts.get(room_id, {}).get(number)
        return None if room is None else room.pipes
