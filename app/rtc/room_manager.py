"""All rooms of this process, by their ids."""

from __future__ import annotations

import asyncio

from app.config import Settings
from app.errors import LimitReached, Unavailable
from app.mediasoup.errors import MediasoupError
from app.mediasoup.signal import Signal

from .admission import Admission
from .door import Door
from .events import Farewell
from .room import Room
from .room_config import RoomConfig
from .worker_pool import PooledWorker, WorkerPool


class RoomManager:
    """Makes a room when somebody comes, and forgets it when it ends. ``on_open`` fires for each that is made."""

    def __init__(self, pool: WorkerPool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._rooms: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._closed = False
        self.on_open: Signal[Room] = Signal()

    def __len__(self) -> int:
        return len(self._rooms)

    @property
    def rooms(self) -> tuple[Room, ...]:
        """Those that are on."""
        return tuple(self._rooms.values())

    def get(self, room_id: str) -> Room | None:
        """Give the room with this id if it is on."""
        return self._rooms.get(room_id)

    async def get_or_create(self, config: RoomConfig) -> Room:
        """
        Give the room with this id, as it is, or make it so; those who ask for a new one at the same time get the same.

        :raises Unavailable: there is no worker, or the server is going down
        :raises LimitReached: there are as many rooms as allowed
        """
        if self._closed:
            raise Unavailable("the server is going down")
        room_id = config.id
        if (room := self._rooms.get(room_id)) is not None:
            return room
        opening = self._opening.get(room_id)
        if opening is None:
            self._check_limit()
            opening = asyncio.create_task(self._open(config), name=f"opening room {room_id}")
            self._opening[room_id] = opening
            opening.add_done_callback(lambda task: self._opened(room_id, task))
        try:
            # Who gives up waiting must not take the room from the others.
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.cancelled():
                raise Unavailable("the server is going down") from None
            raise

    def check(self, config: RoomConfig, peer_id: str, admission: Admission) -> None:
        """Raise what :meth:`get_or_create` and :meth:`Room.enter` would raise now; change nothing."""
        if self._closed:
            raise Unavailable("the server is going down")
        if (room := self._rooms.get(config.id)) is not None:
            room.check(peer_id, admission)
        else:
            Door(config, self._settings).check(peer_id, admission, ())
            self._check_limit()
            self._pool.choose()

    async def close(self) -> None:
        """End all rooms. Clients are told."""
        self._closed = True
        for opening in self._opening.values():
            opening.cancel()
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
        for room in tuple(self._rooms.values()):
            room.close(Farewell.SERVER_SHUTDOWN)

    def _check_limit(self) -> None:
        if len(self._rooms) + len(self._opening) >= self._settings.limits.max_rooms:
            raise LimitReached(f"there are {self._settings.limits.max_rooms} rooms, as many as allowed")

    async def _open(self, config: RoomConfig) -> Room:
        home = self._pool.choose()
        # Counted at once: who chooses next should see it.
        home.rooms += 1
        try:
            room = await Room.create(config, home, self._settings, self._pool.release)
        except BaseException as error:
            home.rooms -= 1
            if isinstance(error, MediasoupError):
                raise Unavailable(f"worker {home.slot} could not make the room: {error}") from error
            raise
        self._rooms[config.id] = room
        room.on_close.add(lambda _: self._room_closed(room, home))
        self.on_open.emit(room)
        return room

    def _room_closed(self, room: Room, home: PooledWorker) -> None:
        del self._rooms[room.id]
        home.rooms -= 1

    def _opened(self, room_id: str, opening: asyncio.Task[Room]) -> None:
        del self._opening[room_id]
        if not opening.cancelled():
            # Those who wait hear of a failure; with nobody waiting it needs no log either.
            opening.exception()
