"""The calls that are on, and what changes of accounts, rooms and members mean for those who are in them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from loguru import logger

from app.errors import Unavailable
from app.rtc.admission import Ban
from app.rtc.bus import BusUnavailable, RequestFailed
from app.rtc.events import Actor, Farewell
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.seen_call import SeenCall
from app.stores.models import RoomRecord

from .deeds import Configure, End, KeepOut, LetIn, Remove, SetRole
from .late_deeds import LateDeeds
from .outreach import Outreach
from .roles import Role
from .room_memory import RoomMemory

#: What is called otherwise in a room's record than in :class:`RoomConfig`.
CONFIG_NAMES = {"metadata_text": "metadata"}


class LiveRooms:
    """
    All of it does nothing where there is no call, on any node, or nobody concerned in it.

    What follows from a change in the database is done later when it is not known whether there is a call on another
    node: see :class:`.late_deeds.LateDeeds`. The rest raises Unavailable then.
    """

    def __init__(self, rooms: RoomManager, memory: RoomMemory) -> None:
        self._rooms = rooms
        self._memory = memory
        self._calls = Outreach(rooms, "calls.change", Configure | End | SetRole | Remove | KeepOut | LetIn)
        self._late = LateDeeds(self._calls)
        rooms.on_open.add(lambda room: room.on_close.add(lambda _: self._closed(room)))
        if rooms.bus is not None:
            rooms.bus.serve("calls.leave", self._leave)

    def get(self, code: str) -> Room | None:
        """Give the call in a room, if this node has a part of it."""
        return self._rooms.get(code)

    async def look(self, code: str) -> SeenCall | None:
        """Look at the call in a room, on whichever node it is; ``None`` when that is not known, too."""
        try:
            return await self._rooms.look(code)
        except BusUnavailable:
            return None

    async def configure(self, record: RoomRecord, changed: Collection[str]) -> None:
        """
        Let a call be as its room is now, as far as that was ``changed``.

        The rest may be otherwise in the call on purpose: a moderator locked it, say.
        """
        self._memory.note(record.code, record)
        config = config_of(record)
        named = {CONFIG_NAMES.get(name, name) for name in changed} & asdict(config).keys()
        if named:
            await self._late.do(record.code, Configure(config, sorted(named)))

    async def end(self, code: str, by: Actor | None = None) -> bool:
        """End the call in a room that has no record; says whether there was one."""
        return await self._calls.try_to(code, End(by))

    async def end_deleted(self, code: str, by: Actor | None = None) -> None:
        """End the call in a room whose record is gone by now."""
        await self._late.do(code, End(by))

    async def set_role(self, code: str, identity: str, role: Role, by: Actor) -> None:
        """Give somebody the rights of a role; members wait in no lobby."""
        self._memory.note_role(code, identity, role)
        await self._late.do(code, SetRole(identity, role, by))

    async def expel(self, code: str, identity: str, by: Actor | None) -> None:
        """Have somebody leave who is no member any more."""
        self._memory.note_role(code, identity, None)
        await self._late.do(code, Remove(identity, by, Farewell.PERMISSIONS_CHANGED))

    async def remove(self, code: str, identity: str, by: Actor | None, farewell: Farewell = Farewell.REMOVED) -> None:
        """Have somebody leave."""
        await self._calls.try_to(code, Remove(identity, by, farewell))

    async def remove_everywhere(self, identity: str) -> None:
        """Have somebody leave all calls who has no account any more. Nodes that do not answer are left out."""
        await self._leave("", identity)
        if (bus := self._rooms.bus) is None:
            return
        for node_id in bus.nodes.keys() - {bus.node_id}:
            try:
                await bus.request(node_id, "calls.leave", identity)
            except (RequestFailed, Unavailable) as error:
                logger.warning("{} may go on in calls on node {}: {}", identity, node_id, error)

    async def ban(self, code: str, ban: Ban, by: Actor, until: datetime | None) -> None:
        """Keep somebody out of a call from now on."""
        await self._late.do(code, KeepOut(ban, by, until))

    async def unban(self, code: str, ban: Ban) -> None:
        """Let somebody come into a call again."""
        await self._late.do(code, LetIn(ban))

    async def _leave(self, _: str, identity: str) -> None:
        for code in {room.id for room in self._rooms.rooms}:
            await self.expel(code, identity, None)

    def _closed(self, room: Room) -> None:
        if self._rooms.get(room.id) is None:
            self._memory.forget(room.id)


def config_of(record: RoomRecord) -> RoomConfig:
    """Say how the call in a room is to be."""
    return RoomConfig(
        id=record.code,
        name=record.name,
        lobby=record.lobby,
        locked=record.locked,
        unmute_allowed=record.unmute_allowed,
        max_participants=record.max_participants,
        codecs=None if record.codecs is None else tuple(record.codecs),
        last_n=record.last_n,
        metadata=record.metadata_text,
        ends_at=record.ends_at,
    )
