"""
Deeds: what is done to a call from outside of it, as values that another node can do, too.

Whoever has a part of the room does it; what others have of it is done over there, by the room itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from app.errors import LimitReached
from app.rtc.admission import Ban
from app.rtc.events import Actor, Farewell
from app.rtc.facts import PeerFact
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig

from .roles import Role, grants_of, is_at_least


class Deed(msgspec.Struct, frozen=True, tag_field="deed"):
    """Base of all of them. What is known of a ``RESULT`` is its type; most have none."""

    RESULT: ClassVar[Any] = None

    async def do(self, room: Room) -> Any:
        """Do it to the call in ``room``, and give the result. Raises any ConnectError."""
        raise NotImplementedError


class Configure(Deed, frozen=True):
    """Let it be so as the room's record is, as far as that was ``changed``: names of fields."""

    config: RoomConfig
    changed: Collection[str]

    async def do(self, room: Room) -> None:
        news = {name: getattr(self.config, name) for name in self.changed}
        room.configure(dataclasses.replace(room.config, **news))


class End(Deed, frozen=True):
    """End it."""

    by: Actor | None

    async def do(self, room: Room) -> None:
        room.close(Farewell.ROOM_CLOSED, self.by)


class SetRole(Deed, frozen=True):
    """Give somebody the rights of a role; members wait in no lobby."""

    identity: str
    role: Role
    by: Actor

    async def do(self, room: Room) -> None:
        for peer in room.of_identity(self.identity):
            room.change_grants(peer.id, grants_of(self.role), self.by, role=self.role)
            if is_at_least(self.role, "member") and _waits(room, peer.id):
                # In a full room they wait on, as everybody does then.
                with suppress(LimitReached):
                    room.admit(peer.id, self.by)


class Remove(Deed, frozen=True):
    """Have somebody leave."""

    identity: str
    by: Actor | None
    farewell: Farewell = Farewell.REMOVED

    async def do(self, room: Room) -> None:
        for peer in room.of_identity(self.identity):
            room.remove(peer.id, self.by, self.farewell)


class KeepOut(Deed, frozen=True):
    """Keep somebody out from now on."""

    ban: Ban
    by: Actor
    until: datetime | None

    async def do(self, room: Room) -> None:
        room.ban(self.ban, self.by, self.until)


class LetIn(Deed, frozen=True):
    """Let somebody come in again who was kept out."""

    ban: Ban

    async def do(self, room: Room) -> None:
        room.unban(self.ban)


def _waits(room: Room, peer_id: str) -> bool:
    peer = room.look_up(peer_id)
    return peer.waiting if isinstance(peer, PeerFact) else peer in room.lobby
