"""What the database said of rooms with calls, for when it does not answer, or has only just answered."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from app.stores.models import RoomRecord

from .roles import Role

T = TypeVar("T")

#: How many rooms are kept in mind, and how many people of each; what was used longest ago is forgotten first.
MAX_ROOMS, MAX_PEOPLE = 2_000, 10_000
#: Seconds for which it is not worth asking again: people come into a room all at once.
FRESH = 1.0


@dataclass(slots=True)
class RememberedRoom:
    """``record`` is ``None`` for a room without one. ``roles`` are of identities; ``None``: no member (any more)."""

    record: RoomRecord | None
    noted_at: float
    roles: OrderedDict[str, Role | None] = field(default_factory=OrderedDict)

    @property
    def fresh(self) -> bool:
        """Whether the database has said so just now."""
        return time.monotonic() - self.noted_at < FRESH


class RoomMemory:
    """Rooms by code."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[str, RememberedRoom] = OrderedDict()

    def get(self, code: str) -> RememberedRoom | None:
        """Give what is known of a room, if anything is."""
        return self._rooms.get(code)

    def note(self, code: str, record: RoomRecord | None) -> RememberedRoom:
        """Remember how a room is, or (``None``) that there is no such record; gives what is known of it now."""
        now = time.monotonic()
        room = self._rooms.setdefault(code, RememberedRoom(record, now))
        room.record, room.noted_at = record, now
        _move_to_end(self._rooms, code, MAX_ROOMS)
        return room

    def note_role(self, code: str, identity: str, role: Role | None) -> None:
        """Remember what somebody is in a room, if anything is known of that room."""
        if (room := self._rooms.get(code)) is not None:
            room.roles[identity] = role
            _move_to_end(room.roles, identity, MAX_PEOPLE)

    def forget(self, code: str) -> None:
        """Know nothing of a room any more."""
        self._rooms.pop(code, None)


def _move_to_end(memory: OrderedDict[str, T], key: str, limit: int) -> None:
    memory.move_to_end(key)
    if len(memory) > limit:
        memory.popitem(last=False)
