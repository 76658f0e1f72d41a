"""The calls that are on, and what changes of accounts, rooms and members mean for those who are in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime

from app.errors import LimitReached
from app.rtc.admission import Ban
from app.rtc.events import Actor, Farewell
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.stores.models import RoomRecord

from .roles import Role, grants_of, is_at_least
from .room_memory import RoomMemory

#: What is called otherwise in a room's record than in :class:`RoomConfig`.
CONFIG_NAMES = {"metadata_text": "metadata"}


class LiveRooms:
    """All of it does nothing where there is no call, or nobody concerned in it."""

    def __init__(self, rooms: RoomManager, memory: RoomMemory) -> None:
        self._rooms = rooms
        self._memory = memory
        rooms.on_open.add(lambda room: room.on_close.add(lambda _: memory.forget(room.id)))

    def get(self, code: str) -> Room | None:
        """Give the call in a room."""
        return self._rooms.get(code)

    def configure(self, record: RoomRecord, changed: Collection[str]) -> None:
        """
        Let a call be as its room is now, as far as that was ``changed``.

        The rest may be otherwise in the call on purpose: a moderator locked it, say.
        """
        self._memory.note(record.code, record)
        room = self._rooms.get(record.code)
        named = {CONFIG_NAMES.get(name, name) for name in changed}
        news = {name: value for name, value in asdict(config_of(record)).items() if name in named}
        if room is not None and news:
            room.configure(replace(room.config, **news))

    def end(self, code: str, by: Actor | None = None) -> bool:
        """End the call in a room; says whether there was one."""
        room = self._rooms.get(code)
        if room is not None:
            room.close(Farewell.ROOM_CLOSED, by)
        return room is not None

    def set_role(self, code: str, identity: str, role: Role, by: Actor) -> None:
        """Give somebody the rights of a role; members wait in no lobby."""
        self._memory.note_role(code, identity, role)
        for room, peer in self._connections(code, identity):
            room.change_grants(peer.id, grants_of(role), by, role=role)
            if is_at_least(role, "member") and peer in room.lobby:
                # In a full room they wait on, as everybody does then.
                with suppress(LimitReached):
                    room.admit(peer.id, by)

    def expel(self, code: str, identity: str, by: Actor | None) -> None:
        """Have somebody leave who is no member any more."""
        self._memory.note_role(code, identity, None)
        self.remove(code, identity, by, Farewell.PERMISSIONS_CHANGED)

    def remove(self, code: str, identity: str, by: Actor | None, farewell: Farewell = Farewell.REMOVED) -> None:
        """Have somebody leave."""
        for room, peer in self._connections(code, identity):
            room.remove(peer.id, by, farewell)

    def remove_everywhere(self, identity: str) -> None:
        """Have somebody leave all calls who has no account any more."""
        for room in self._rooms.rooms:
            self.expel(room.id, identity, None)

    def ban(self, code: str, ban: Ban, by: Actor, until: datetime | None) -> None:
        """Keep somebody out of a call from now on."""
        if (room := self._rooms.get(code)) is not None:
            room.ban(ban, by, until)

    def unban(self, code: str, ban: Ban) -> None:
        """Let somebody come into a call again."""
        if (room := self._rooms.get(code)) is not None:
            room.unban(ban)

    def _connections(self, code: str, identity: str) -> Iterator[tuple[Room, Peer]]:
        if (room := self._rooms.get(code)) is not None:
            for peer in room.of_identity(identity):
                yield room, peer


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
