"""Where websockets come in, what they must bring along, and what becomes of all of them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from aiohttp import WSCloseCode, web
from loguru import logger

from app.config import Settings
from app.errors import BadRequest, Unavailable
from app.rtc.room_manager import RoomManager
from app.rtc.tasks import TaskSet

from .protocol import SUBPROTOCOL
from .session import Session

#: How long clients have to say goodbye when the server goes down, in seconds; then they are cut off.
GOODBYE_SECONDS = 3.0
VALID_ID = re.compile(r"[A-Za-z0-9\-_.~@:]{1,64}")


@dataclass(frozen=True, slots=True)
class Liveness:
    """When a client is pinged and when it is given up, in seconds since it was last heard."""

    look_every: float = 20.0
    ping_after: float = 15.0
    dead_after: float = 60.0


class Signaling:
    """The websocket endpoint: ``handle`` is its aiohttp handler."""

    def __init__(self, rooms: RoomManager, settings: Settings, liveness: Liveness = Liveness()) -> None:
        self._rooms = rooms
        self._limits = settings.limits
        self._liveness = liveness
        self._sessions: set[Session] = set()
        self._all_gone = asyncio.Event()
        self._tasks = TaskSet()
        self._closed = False

    def __len__(self) -> int:
        return len(self._sessions)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """
        Serve one client, from its upgrade request to the end of its socket.

        :raises BadRequest: no websocket, or a parameter is missing or wrong
        :raises LimitReached: the room is full, or there are too many
        :raises Unavailable: no worker, or the server is going down
        """
        room_id, peer_id = _id_in(request, "roomId"), _id_in(request, "peerId")
        if not web.WebSocketResponse(protocols=(SUBPROTOCOL,)).can_prepare(request):
            # Browsers hide why a websocket was refused; pages may ask again without the upgrade.
            self._rooms.check(room_id, peer_id)
            raise BadRequest("this address speaks websocket only")
        room = await self._rooms.get_or_create(room_id)
        if self._closed:
            raise Unavailable("the server is going down")
        session = Session(self._limits, logger.bind(room=room_id, peer=peer_id))
        peer = room.enter(peer_id, session)
        self._sessions.add(session)
        if not self._tasks:
            self._tasks.start(self._sweep(), name="websocket sweeper")
        try:
            return await session.run(request, room, peer)
        finally:
            self._sessions.remove(session)
            if not self._sessions:
                self._all_gone.set()

    async def close(self) -> None:
        """Take no more clients, let all go, and wait a moment for them; they may come back at once."""
        self._closed = True
        self._tasks.cancel()
        for session in tuple(self._sessions):
            session.close(WSCloseCode.SERVICE_RESTART, "server-shutdown")
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                while self._sessions:
                    self._all_gone.clear()
                    await self._all_gone.wait()
        except TimeoutError:
            logger.warning("{} clients did not say goodbye and are cut off", len(self._sessions))
            for session in self._sessions:
                session.socket.abort()

    async def _sweep(self) -> None:
        """Look after all sockets at once: a timer for each would cost more than their messages do."""
        while True:
            await asyncio.sleep(self._liveness.look_every)
            now = asyncio.get_running_loop().time()
            for session in tuple(self._sessions):
                silent = now - session.socket.last_heard
                if silent > self._liveness.dead_after:
                    session.close(WSCloseCode.POLICY_VIOLATION, f"not heard for {silent:.0f} s", instead=True)
                elif silent > self._liveness.ping_after:
                    session.socket.ping()


def _id_in(request: web.Request, name: str) -> str:
    value = request.query.get(name, "")
    if VALID_ID.fullmatch(value) is None:
        raise BadRequest(f"{name}: needed in the query, 1 to 64 letters, digits or any of - _ . ~ @ :")
    return value
