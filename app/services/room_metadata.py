"""The metadata of rooms, which outlive the call in which a moderator changed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.stores.rooms import RoomRecords

from .write_behind import WriteBehind


class RoomMetadata:
    """Writes down what moderators made of them in calls; other settings of a call are for that call alone."""

    def __init__(self, writes: WriteBehind) -> None:
        self._writes = writes

    def watch(self, rooms: RoomManager) -> None:
        """Write down the metadata of all calls from now on."""
        rooms.on_open.add(lambda room: room.on_adjust.add(lambda changes: self._adjusted(room, changes)))

    def _adjusted(self, room: Room, changes: Mapping[str, Any]) -> None:
        if "metadata" in changes:
            self._writes.put(KeepMetadata(room))


@dataclass(frozen=True, slots=True)
class KeepMetadata:
    """The metadata of a call, as they are when they are written; a room without a record has them for the call."""

    room: Room

    async def apply(self, tx: AsyncSession) -> None:
        record = await RoomRecords(tx).find_by_code(self.room.id, lock=True)
        if record is not None:
            record.metadata_text = self.room.config.metadata
