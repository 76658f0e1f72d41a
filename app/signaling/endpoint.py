"""Where websockets come in, what they must bring along, and what becomes of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from loguru import logger

from app.config import Settings
from app.errors import BadRequest, NotAllowed, Unavailable
from app.rtc.admission import Entry
from app.rtc.events import Farewell
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.rtc.tasks import TaskSet

from .connection import Connection
from .knock import Gate, Knock
from .protocol import SUBPROTOCOL

#: How long clients have to say goodbye when the server goes down, in seconds; then they are cut off.
GOODBYE_SECONDS = 3.0
#: Seconds by which a look at all sockets may be late; if it is more, this process hung, and nobody was heard.
STALL = 1.0


@dataclass(frozen=True, slots=True)
class Liveness:
    """
    When a client is pinged and when its connection counts as lost, in seconds since it was last heard.

    One that hung for 8 s has lost nothing, and one that vanished is out within 12 s: ICE takes 10 s, at the same time.
    """

    look_every: float = 1.0
    ping_after: float = 3.0
    dead_after: float = 9.0


class Signaling:
    """
    The websocket endpoint: ``handle`` is its aiohttp handler.

    ``gate`` says who comes in, and ``may_use`` whether pages of a request's origin may speak to this server at all.
    """

    def __init__(
        self,
        rooms: RoomManager,
        gate: Gate,
        settings: Settings,
        may_use: Callable[[web.Request], bool],
        liveness: Liveness = Liveness(),
    ) -> None:
        self._rooms = rooms
        self._gate = gate
        self._may_use = may_use
        self._limits = settings.limits
        self._liveness = liveness
        self._connections: set[Connection] = set()
        self._all_gone = asyncio.Event()
        self._tasks = TaskSet()
        self._closed = False

    def __len__(self) -> int:
        return len(self._connections)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """
        Serve one client, from its upgrade request to the end of its socket.

        :raises BadRequest: no websocket, or a parameter is missing or wrong
        :raises NotAllowed: the page that asks is of another origin
        :raises ConnectionResetError: the client did not wait for its answer

        And what :meth:`Gate.admit`, :meth:`RoomManager.get_or_create` and :meth:`Room.enter` raise.
        """
        if not self._may_use(request):
            raise NotAllowed("pages of this origin may not use this server")
        knock = Knock.of(request)
        await self._rooms.wait_settled()
        connection, room, peer = await self._receive(request, knock)
        self._connections.add(connection)
        if not self._tasks:
            self._tasks.start(self._sweep(), name="websocket sweeper")
        try:
            return await connection.run(request, room, peer)
        finally:
            self._connections.remove(connection)
            if not self._connections:
                self._all_gone.set()

    async def close(self) -> None:
        """
        Take no more clients, let all go, and wait a moment for them.

        They may come back at once, to who goes on with the rooms: their peers do not leave.
        """
        self._closed = True
        self._tasks.cancel()
        for connection in tuple(self._connections):
            connection.end(Farewell.SERVER_SHUTDOWN)
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                while self._connections:
                    self._all_gone.clear()
                    await self._all_gone.wait()
        except TimeoutError:
            logger.warning("{} clients did not say goodbye and are cut off", len(self._connections))
            for connection in self._connections:
                connection.socket.abort()

    async def _receive(self, request: web.Request, knock: Knock) -> tuple[Connection, Room, Peer]:
        """Let a client come back to its session, if it has the secret of one; or let it enter."""
        if knock.resume is not None:
            found = self._rooms.find_session(knock.room_id, knock.resume, knock.peer_id)
            if found is not None:
                room, peer = found
                connection = self._connection(request, room, peer.id)
                room.sessions.attach(peer, connection)
                return connection, room, peer
        entry = await self._gate.admit(knock.room_id, knock.token, knock.peer_id)
        peer_id = knock.peer_id_for(entry.admission)
        self._note_bans(entry)
        # Now, so that somebody who may not come in makes no room.
        await self._rooms.check(entry.config, peer_id, entry.admission)
        _check_upgrade(request)
        room = await self._rooms.get_or_create(entry.config)
        self._note_bans(entry)
        connection = self._connection(request, room, peer_id)
        return connection, room, room.enter(peer_id, connection, entry.admission)

    def _connection(self, request: web.Request, room: Room, peer_id: str) -> Connection:
        _check_upgrade(request)
        if self._closed:
            raise Unavailable("the server is going down")
        if request.transport is None or request.transport.is_closing():
            # It waited for us and gave up: by now its client may be back by another one, which it must not replace.
            raise ConnectionResetError("the client is gone")
        return Connection(self._limits, logger.bind(room=room.id, peer=peer_id))

    def _note_bans(self, entry: Entry) -> None:
        room = self._rooms.get(entry.config.id)
        if room is not None and entry.bans is not None:
            room.note_bans(entry.bans)

    async def _sweep(self) -> None:
        """Look after all sockets at once: a timer for each would cost more than their messages do."""
        loop = asyncio.get_running_loop()
        now = awake_since = loop.time()
        while True:
            due = now + self._liveness.look_every
            await asyncio.sleep(self._liveness.look_every)
            now = loop.time()
            if now - due > STALL:
                # It was we who did not listen.
                awake_since = now
            for connection in tuple(self._connections):
                silent = now - max(connection.socket.last_heard, awake_since)
                if silent > self._liveness.dead_after:
                    connection.give_up(f"not heard for {silent:.0f} s")
                elif silent > self._liveness.ping_after:
                    connection.socket.ping()


def _check_upgrade(request: web.Request) -> None:
    if not web.WebSocketResponse(protocols=(SUBPROTOCOL,)).can_prepare(request):
        # Browsers hide why a websocket was refused; pages may ask again without the upgrade.
        raise BadRequest("this address speaks websocket only")
