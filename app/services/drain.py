"""Emptying this node: nobody new comes in, and those who are in go on, here or on other nodes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from loguru import logger

from app.errors import Draining
from app.rtc.admission import Entry
from app.rtc.events import Farewell
from app.rtc.room_manager import RoomManager
from app.stores.types import now

from .access import Access
from .callers import Caller, check_admin
from .moving import Moving
from .nodes import Nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainState:
    """
    How far it is. ``since`` is ``None`` if the server does not drain, ``deadline`` if it has any time.

    ``rooms`` and ``peers`` are the calls that are on, and those who joined them.
    """

    since: datetime | None
    deadline: datetime | None
    rooms: int
    peers: int

    @property
    def draining(self) -> bool:
        return self.since is not None


class Drain:
    """
    Stands before :class:`Access` as the gate of the websocket; who resumes a session does not come by.

    Where there are other nodes its people are asked to move to them, and nobody comes in any more. It is not written
    down: an app that was restarted lets in everybody.
    """

    def __init__(self, rooms: RoomManager, access: Access, nodes: Nodes) -> None:
        self._rooms = rooms
        self._access = access
        self._nodes = nodes
        self._moving = Moving(rooms, nodes)
        self._since: datetime | None = None
        self._deadline: datetime | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def problem(self) -> str | None:
        """Why nobody should be sent here; ``None`` if there is nothing against it."""
        return None if self._since is None else "draining: nobody new is let in"

    def begin(self, caller: Caller, deadline_seconds: int | None = None) -> DrainState:
        """
        Let nobody new in from now on; end what is left after so many seconds. A new deadline replaces the old one.

        :raises NotAllowed: the caller is no admin
        """
        check_admin(caller)
        self._since = self._since or now()
        self._set_deadline(deadline_seconds)
        self._nodes.this.draining = True
        self._moving.start()
        logger.warning("draining: nobody new is let in; deadline: {}", self._deadline or "none")
        return self._state()

    def end(self, caller: Caller) -> None:
        """
        Let everybody in again.

        :raises NotAllowed: the caller is no admin
        """
        check_admin(caller)
        if self._since is not None:
            logger.warning("draining has ended: everybody is let in again")
        self._since = None
        self._nodes.this.draining = False
        self._moving.stop()
        self._set_deadline(None)

    def state(self, caller: Caller) -> DrainState:
        """
        Say how far it is.

        :raises NotAllowed: the caller is no admin
        """
        check_admin(caller)
        return self._state()

    def close(self) -> None:
        """Move nobody, and end no calls, any more."""
        self._moving.stop()
        self._set_deadline(None)

    async def admit(self, room_id: str, token: str | None, peer_id: str | None) -> Entry:
        """
        Say who this is, as :meth:`Access.admit` does; refuse those who are new while the server drains.

        :raises Draining: not in this server
        """
        entry = await self._access.admit(room_id, token, peer_id)
        if self._since is not None and (self._nodes.others or not self._is_inside(entry)):
            raise Draining("this server is about to go; try again, perhaps elsewhere")
        return entry

    def _is_inside(self, entry: Entry) -> bool:
        """Whether somebody belongs to a call that is on: they may have to come back without a session."""
        room, identity = self._rooms.get(entry.config.id), entry.admission.identity
        return room is not None and (room.knows(identity) or bool(room.of_identity(identity)))

    def _state(self) -> DrainState:
        rooms = self._rooms.rooms
        return DrainState(
            since=self._since,
            deadline=self._deadline,
            rooms=len(rooms),
            peers=sum(len(room.peers) for room in rooms),
        )

    def _set_deadline(self, seconds: int | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._deadline = None
        if seconds is not None:
            self._deadline = now() + timedelta(seconds=seconds)
            self._timer = asyncio.get_running_loop().call_later(seconds, self._end_calls)

    def _end_calls(self) -> None:
        logger.warning("the time to drain is over; {} calls are ended", len(self._rooms))
        for room in self._rooms.rooms:
            room.close(Farewell.SERVER_SHUTDOWN)
