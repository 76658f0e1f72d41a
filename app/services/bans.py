"""Bans: who may not enter a room, on record and in the call that is on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.errors import BadRequest, LimitReached, NotAllowed, NotFound
from app.rtc.admission import Ban as LiveBan
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.stores.bans import Bans as BanRecords
from app.stores.database import Database
from app.stores.models import Ban, BanKind
from app.stores.pages import Cursor, Page
from app.stores.rooms import RoomRecords
from app.stores.types import now

from .callers import Caller, Holder
from .live_rooms import LiveRooms
from .standing import Standing, standing
from .write_behind import WriteBehind


class Bans:
    """Keeps bans. Those that moderators make in a call are written down, too."""

    def __init__(self, database: Database, live: LiveRooms, writes: WriteBehind, settings: Settings) -> None:
        self._database = database
        self._live = live
        self._writes = writes
        self._limit = settings.limits.max_members_per_room

    def watch(self, rooms: RoomManager) -> None:
        """Write down the bans of all calls from now on."""
        rooms.on_open.add(self._watch)

    async def add(
        self,
        caller: Caller | Holder,
        code: str,
        kind: BanKind,
        value: str,
        *,
        reason: str = "",
        expires_at: datetime | None = None,
    ) -> Ban:
        """
        Ban an identity, or the holders of a token; those who are in the call are removed. A ban on record is replaced.

        :raises NotFound: there is no such room
        :raises NotAllowed: the caller does not moderate it, or it would be the owner or the caller who is banned
        :raises BadRequest: it would be over before it begins
        :raises LimitReached: there are as many bans as allowed
        """
        if expires_at is not None and expires_at <= now():
            raise BadRequest("wrong time", {"expiresAt": ["This is not in the future."]})
        async with self._database.transaction() as tx:
            place = await standing(tx, code, caller, lock=True)
            place.need("moderator")
            _check_victim(place, caller, kind, value)
            record = await self._replace(tx, place, kind, value, reason, expires_at)
        await self._live.ban(code, (kind, value), place.actor, expires_at)
        logger.bind(room=code).info("{} {} was banned", kind, value)
        return record

    async def page(self, caller: Caller | Holder, code: str, limit: int, cursor: Cursor | None) -> Page[Ban]:
        """
        List a room's bans, newest first.

        :raises NotFound: there is no such room
        :raises NotAllowed: the caller does not moderate it
        """
        async with self._database.transaction(read_only=True) as tx:
            place = await standing(tx, code, caller)
            place.need("moderator")
            return await BanRecords(tx).page(place.room.id, limit=limit, after=cursor)

    async def delete(self, caller: Caller | Holder, code: str, id: UUID) -> None:
        """
        Lift a ban.

        :raises NotFound: there is no such room, or no such ban
        :raises NotAllowed: the caller does not moderate the room
        """
        async with self._database.transaction() as tx:
            place = await standing(tx, code, caller)
            place.need("moderator")
            record = await BanRecords(tx).get(id)
            if record is None or record.room_id != place.room.id:
                raise NotFound(f"the room has no ban {id}")
            await BanRecords(tx).delete(record)
        await self._live.unban(code, (record.kind, record.value))

    async def _replace(
        self,
        tx: AsyncSession,
        place: Standing,
        kind: BanKind,
        value: str,
        reason: str,
        expires_at: datetime | None,
    ) -> Ban:
        records = BanRecords(tx)
        record = await records.find(place.room.id, kind, value)
        if record is not None:
            record.reason, record.expires_at = reason, expires_at
            return record
        if await records.count(place.room.id) >= self._limit:
            raise LimitReached(f"{self._limit} bans are as many as a room may have")
        record = Ban(
            room_id=place.room.id,
            kind=kind,
            value=value,
            reason=reason,
            created_by=place.user_id,
            expires_at=expires_at,
        )
        await records.add(record)
        return record

    def _watch(self, room: Room) -> None:
        room.on_ban.add(lambda ban, by: self._writes.put(KeepBan(room.id, ban, by.name, self._limit)))


@dataclass(frozen=True, slots=True)
class KeepBan:
    """A ban made in a call, to be put on record unless it is there already."""

    code: str
    ban: LiveBan
    by: str
    limit: int

    async def apply(self, tx: AsyncSession) -> None:
        kind, value = self.ban
        room, records = await RoomRecords(tx).find_by_code(self.code), BanRecords(tx)
        if room is None or await records.find(room.id, kind, value) or await records.count(room.id) >= self.limit:
            return
        await records.add(Ban(room_id=room.id, kind=kind, value=value, reason=f"banned in the call by {self.by}"))


def _check_victim(place: Standing, caller: Caller | Holder, kind: BanKind, value: str) -> None:
    own = caller.identity if isinstance(caller, Holder) else str(caller.user.id)
    if kind == "identity" and value == own:
        raise NotAllowed("you can't ban yourself")
    if kind == "identity" and value == str(place.room.owner_id):
        raise NotAllowed("the owner of a room can't be banned from it")
