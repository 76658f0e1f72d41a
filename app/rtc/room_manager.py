"""All rooms of this process, by their ids."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from loguru import logger

from app.config import Settings
from app.errors import LimitReached, Unavailable
from app.mediasoup.errors import MediasoupError
from app.mediasoup.signal import Signal

from .admission import Admission
from .door import Door
from .events import Farewell
from .interfaces import RecordStore
from .peer import Peer
from .quarters import Quarters
from .rebuild import Rebuild
from .recorder import Recorder
from .room import Room
from .room_config import RoomConfig
from .room_records import RoomRecords
from .worker_pool import WorkerPool


class RoomManager:
    """
    Makes a room when somebody comes, and forgets it when it ends.

    ``on_open`` fires for each that is made, or was there before this process began. With a ``store`` rooms outlive it.
    """

    def __init__(self, pool: WorkerPool, settings: Settings, store: RecordStore | None = None) -> None:
        self._pool = pool
        self._recorder = None if store is None else Recorder(store)
        self._settings = settings
        self._rooms: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._rebuild = Rebuild(pool, settings)
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

    async def wait_settled(self) -> None:
        """Wait until rooms from before this process began are there again, if there may be some; a while at most."""
        await self._pool.wait_settled()

    def find_session(self, room_id: str, token: str, peer_id: str | None) -> tuple[Room, Peer] | None:
        """Give the room and the peer whose session this secret resumes. Whoever has it may come in, whatever holds."""
        room = self._rooms.get(room_id)
        peer = None if room is None or self._closed else room.sessions.find(token, peer_id)
        return None if room is None or peer is None else (room, peer)

    def adopt(self, room: Room, peers: Iterable[Peer]) -> None:
        """Have a room that was on before this process began, with those who are in it."""
        if room.id in self._rooms:
            # It was made anew while its worker could not be reached. People are there by now.
            logger.bind(room=room.id).warning("the room is on already: what was left of it is closed")
            room.quarters.home.rooms -= 1
            room.close(Farewell.REPLACED)
            return
        self._add(room)
        for peer in peers:
            room.on_join.emit(peer)

    async def close(self) -> None:
        """End all rooms. Clients are told."""
        await self._stop()
        for room in tuple(self._rooms.values()):
            room.close(Farewell.SERVER_SHUTDOWN)

    async def let_go(self) -> None:
        """Do no more with any room, and leave their media to who takes them over. To be called before the pool ends."""
        await self._stop()
        # All of them first: what takes too long is cut short, and then none may take the pool's end for a death.
        for room in self._rooms.values():
            room.let_go()
        if self._recorder is not None:
            for room in self._rooms.values():
                if room.records is not None:
                    room.records.look()
            await self._recorder.saved()
            self._recorder.close()

    async def _stop(self) -> None:
        self._closed = True
        self._rebuild.close()
        for opening in self._opening.values():
            opening.cancel()
        await asyncio.gather(*self._opening.values(), return_exceptions=True)

    def _check_limit(self) -> None:
        if len(self._rooms) + len(self._opening) >= self._settings.limits.max_rooms:
            raise LimitReached(f"there are {self._settings.limits.max_rooms} rooms, as many as allowed")

    async def _open(self, config: RoomConfig) -> Room:
        home = self._pool.choose()
        # Counted at once: who chooses next should see it.
        home.rooms += 1
        try:
            quarters = await Quarters.make(home, config.codecs, self._settings.limits.max_peers_per_room)
        except BaseException as error:
            home.rooms -= 1
            if isinstance(error, MediasoupError):
                raise Unavailable(f"worker {home.slot} could not make the room: {error}") from error
            raise
        room = Room(config, quarters, self._settings, self._pool.release)
        self._add(room)
        return room

    def _add(self, room: Room) -> None:
        self._rooms[room.id] = room
        if self._recorder is not None:
            room.records = RoomRecords(room, self._recorder)
        room.on_close.add(lambda _: self._room_closed(room))
        self._rebuild.watch(room)
        self.on_open.emit(room)

    def _room_closed(self, room: Room) -> None:
        del self._rooms[room.id]
        room.quarters.home.rooms -= 1

    def _opened(self, room_id: str, opening: asyncio.Task[Room]) -> None:
        del self._opening[room_id]
        if not opening.cancelled():
            # Those who wait hear of a failure; with nobody waiting it needs no log either.
            opening.exception()
