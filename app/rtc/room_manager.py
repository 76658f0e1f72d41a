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
from .bus import Bus, BusUnavailable
from .door import Door
from .events import Farewell
from .interfaces import RecordStore
from .parts import Parts
from .peer import Peer
from .pipe_requests import serve_pipes
from .pipes import Pipes
from .quarters import Quarters
from .rebuild import Rebuild
from .recorder import Recorder
from .room import Room
from .room_config import RoomConfig
from .room_records import RoomRecords
from .seen_call import SeenCall
from .worker_pool import PooledWorker, WorkerPool


class RoomManager:
    """
    Makes a room when somebody comes, and forgets it when it ends.

    ``on_open`` fires for each that is made, or was there before this process began. With a ``store`` rooms outlive it.
    With a ``bus`` they may have several parts, here and on other nodes: what is called a room here is one of them.
    """

    def __init__(
        self, pool: WorkerPool, settings: Settings, store: RecordStore | None = None, bus: Bus | None = None
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._parts = Parts(bus)
        if bus is not None:
            serve_pipes(bus, self._find_pipes)
        self._recorder = None if store is None else Recorder(store)
        self._settings = settings
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._rebuild = Rebuild(pool, settings)
        self._closed = False
        self.on_open: Signal[Room] = Signal()

    def __len__(self) -> int:
        return len(self.rooms)

    @property
    def bus(self) -> Bus | None:
        """What connects the parts of rooms; ``None`` if each has but one."""
        return self._bus

    @property
    def rooms(self) -> tuple[Room, ...]:
        """All parts of rooms that are on here."""
        return self._parts.all

    def get(self, room_id: str) -> Room | None:
        """Give the room with this id if it is on here: the first of its parts."""
        return next(iter(self._parts.of(room_id)), None)

    async def is_on(self, room_id: str) -> bool:
        """
        Whether the room with this id is on, here or on another node.

        :raises BusUnavailable: it is not known
        """
        await self.wait_settled()
        if self.get(room_id) is not None:
            return True
        parts, _ = ({}, {}) if self._bus is None else await self._bus.peek(room_id)
        return bool(parts)

    async def look(self, room_id: str) -> SeenCall | None:
        """
        Look at the room with this id, here or on another node; ``None`` if it is not on.

        :raises BusUnavailable: it is not known
        """
        await self.wait_settled()
        if (room := self.get(room_id)) is not None:
            return SeenCall.of(room)
        return None if self._bus is None else SeenCall.read(room_id, *await self._bus.peek(room_id))

    async def get_or_create(self, config: RoomConfig) -> Room:
        """
        Give the part of the room with this id that is best for a newcomer, as it is, or make it.

        It is so as ``config`` says, unless the room is on elsewhere. Those who need a new one at the same time get the
        same.

        :raises Unavailable: there is no worker, or the server is going down, or the bus does not answer
        :raises LimitReached: there are as many rooms as allowed
        """
        if self._closed:
            raise Unavailable("the server is going down")
        room_id = config.id
        if (room := self._best_part(room_id)) is not None:
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
        except BusUnavailable:
            # Another part would have been better for a newcomer, but the one that there is serves, too.
            if parts := self._parts.of(room_id):
                return parts[0]
            raise
        except asyncio.CancelledError:
            if opening.cancelled():
                raise Unavailable("the server is going down") from None
            raise

    async def check(self, config: RoomConfig, peer_id: str, admission: Admission) -> None:
        """Raise what :meth:`get_or_create` and :meth:`Room.enter` would raise now, most likely; change nothing."""
        if self._closed:
            raise Unavailable("the server is going down")
        if (room := self.get(config.id)) is not None:
            room.check(peer_id, admission)
        else:
            call = await self.look(config.id)
            door = Door(config if call is None else call.config, self._settings)
            for identity in () if call is None else call.known:
                door.note(identity, ())
            door.check(peer_id, admission, () if call is None else call.participants)
            self._check_limit()
            self._pool.choose()

    async def wait_settled(self) -> None:
        """Wait until rooms from before this process began are there again, if there may be some; a while at most."""
        await self._pool.wait_settled()
        # Then they know what others send: it may be what their consumers are of.
        await self._parts.wait_joined()

    def find_session(self, room_id: str, token: str, peer_id: str | None) -> tuple[Room, Peer] | None:
        """Give the room and the peer whose session this secret resumes. Whoever has it may come in, whatever holds."""
        for room in () if self._closed else self._parts.of(room_id):
            if (peer := room.sessions.find(token, peer_id)) is not None:
                return room, peer
        return None

    async def _find_pipes(self, room_id: str, number: int) -> Pipes | None:
        # Other parts do not notice that there is another process.
        await self.wait_settled()
        return self._parts.find_pipes(room_id, number)

    def adopt(self, room: Room, peers: Iterable[Peer]) -> None:
        """Have a room that was on before this process began, with those who are in it."""
        if self._parts.has(room):
            # It was made anew while its worker could not be reached. People are there by now.
            logger.bind(room=room.id).warning("the room is on already: what was left of it is closed")
            room.quarters.home.rooms -= 1
            room.close(Farewell.REPLACED)
            return
        self._add(room)
        self._parts.share_soon(room)
        for peer in peers:
            room.on_join.emit(peer)

    async def close(self) -> None:
        """End all rooms. Clients are told."""
        await self._stop()
        for room in self.rooms:
            room.close(Farewell.SERVER_SHUTDOWN)
        await self._parts.close()

    async def let_go(self) -> None:
        """Do no more with any room, and leave their media to who takes them over. To be called before the pool ends."""
        await self._stop()
        # All of them first: what takes too long is cut short, and then none may take the pool's end for a death.
        for room in self.rooms:
            room.let_go()
        self._parts.let_go()
        if self._recorder is not None:
            for room in self.rooms:
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
        if len(self) + len(self._opening) >= self._settings.limits.max_rooms:
            raise LimitReached(f"there are {self._settings.limits.max_rooms} rooms, as many as allowed")

    async def _open(self, config: RoomConfig) -> Room:
        home = self._choose(config.id)
        # Counted at once: who chooses next should see it.
        home.rooms += 1
        try:
            async with self._parts.opening(config, home.slot) as (config, share):
                quarters = await Quarters.make(home, config.codecs, self._settings.limits.max_peers_per_room)
        except BaseException as error:
            home.rooms -= 1
            if isinstance(error, MediasoupError):
                raise Unavailable(f"worker {home.slot} could not make the room: {error}") from error
            raise
        room = Room(config, quarters, self._settings, self._pool.release)
        if share is not None:
            self._parts.join(room, share)
        self._add(room)
        return room

    def _choose(self, room_id: str) -> PooledWorker:
        return self._pool.choose(serving={room.quarters.home.slot for room in self._parts.of(room_id)})

    def _best_part(self, room_id: str) -> Room | None:
        """Give the part that a newcomer goes to; ``None`` if there has to be another one."""
        parts = self._parts.of(room_id)
        if self._bus is None or not parts:
            return next(iter(parts), None)
        try:
            slot = self._choose(room_id).slot
        except Unavailable:
            # Its worker is being replaced, say.
            return parts[0]
        return next((room for room in parts if room.quarters.home.slot == slot), None)

    def _add(self, room: Room) -> None:
        self._parts.add(room)
        if self._recorder is not None:
            room.records = RoomRecords(room, self._recorder)
        room.on_close.add(lambda farewell: self._room_closed(room, farewell))
        self._rebuild.watch(room)
        self.on_open.emit(room)

    def _room_closed(self, room: Room, farewell: Farewell) -> None:
        room.quarters.home.rooms -= 1
        self._parts.remove(room, farewell)

    def _opened(self, room_id: str, opening: asyncio.Task[Room]) -> None:
        del self._opening[room_id]
        if not opening.cancelled():
            # Those who wait hear of a failure; with nobody waiting it needs no log either.
            opening.exception()
