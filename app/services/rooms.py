"""Rooms: making, finding, changing and deleting them. Who enters is the business of :mod:`app.services.joining`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.room_codes import new_room_code
from app.config import Settings
from app.errors import BadRequest, LimitReached, NotAllowed, NotFound, Unauthorized
from app.rtc.facts import PeerFact
from app.rtc.peer import Peer
from app.rtc.seen_call import SeenCall
from app.stores.database import Database
from app.stores.members import Members
from app.stores.models import Member, RoomRecord, User
from app.stores.pages import Cursor, Page
from app.stores.rooms import RoomRecords
from app.stores.users import Users

from .callers import Caller
from .live_rooms import LiveRooms
from .roles import Role
from .standing import Standing, need_account, standing

#: What moderators may change of a room; the rest is the owner's.
MODERATED = frozenset({"locked", "lobby", "metadata_text"})


@dataclass(frozen=True, slots=True)
class SeenRoom:
    """A room as somebody of a certain role sees it, with the call in it if there is one."""

    record: RoomRecord
    role: Role | None
    call: SeenCall | None

    @property
    def participants(self) -> Sequence[Peer | PeerFact]:
        """Those who can be seen in it."""
        return self.call.participants if self.call else []

    @property
    def locked(self) -> bool:
        """Whether nobody new may enter now: moderators lock a call without locking the calls to come."""
        return self.call.config.locked if self.call else self.record.locked

    @property
    def metadata(self) -> str:
        """The text for programs: that of the call, of which the record hears a moment later."""
        return self.call.config.metadata if self.call else self.record.metadata_text


class Rooms:
    """What people do with rooms; the changes reach the calls that are on."""

    def __init__(self, database: Database, live: LiveRooms, settings: Settings) -> None:
        self._database = database
        self._live = live
        self._limit = settings.limits.max_rooms_per_user

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> SeenRoom:
        """
        Make a room of these fields of :class:`RoomRecord`; the caller owns it.

        :raises BadRequest: it would end before it starts
        :raises LimitReached: the caller owns as many as allowed
        """
        need_account(caller)
        record = RoomRecord(code=new_room_code(), owner_id=caller.user.id, **fields)
        _check_times(record)
        async with self._database.transaction() as tx:
            await add_room(tx, record, caller.user, self._limit)
        logger.bind(room=record.code).info("the room was made by user {}", caller.user.id)
        return await self._seen(record, "owner")

    async def page(self, caller: Caller, limit: int, cursor: Cursor | None) -> Page[SeenRoom]:
        """List the rooms that the caller is a member of, newest first."""
        user_id = need_account(caller)
        async with self._database.transaction(read_only=True) as tx:
            page = await Members(tx).page_of_user(user_id, limit=limit, after=cursor)
        seen = await asyncio.gather(*(self._seen(member.room, member.role) for member in page.items))
        return Page(seen, page.next)

    async def page_of_all(self, limit: int, cursor: Cursor | None) -> Page[RoomRecord]:
        """List all rooms, newest first; for the operator."""
        async with self._database.transaction(read_only=True) as tx:
            return await RoomRecords(tx).page(limit=limit, after=cursor)

    async def get(self, caller: Caller | None, code: str) -> SeenRoom:
        """
        Show a room to somebody who may join it.

        :raises NotFound: there is no such room
        :raises Unauthorized: one has to sign in for that
        :raises NotAllowed: it is for members only
        """
        async with self._database.transaction(read_only=True) as tx:
            place = await standing(tx, code, caller)
        check_access(place)
        return await self._seen(place.room, place.role)

    async def update(self, caller: Caller, code: str, changes: Mapping[str, Any]) -> SeenRoom:
        """
        Change a room, and the call in it.

        :raises NotFound: there is no such room
        :raises NotAllowed: the caller's role is not enough for these changes
        :raises BadRequest: it would end before it starts
        """
        async with self._database.transaction() as tx:
            place = await standing(tx, code, caller, lock=True)
            place.need("moderator" if changes.keys() <= MODERATED else "owner")
            for name, value in changes.items():
                setattr(place.room, name, value)
            _check_times(place.room)
        await self._live.configure(place.room, changes.keys())
        return await self._seen(place.room, place.role)

    async def delete(self, caller: Caller, code: str) -> None:
        """
        Delete a room, and end the call in it. Admins also end calls in rooms that have no record.

        :raises NotFound: there is no such room
        :raises NotAllowed: the caller does not own it
        """
        try:
            async with self._database.transaction() as tx:
                place = await standing(tx, code, caller)
                place.need("owner")
                await RoomRecords(tx).delete(place.room)
        except NotFound:
            if not (caller.user.is_admin and await self._live.end(code, by=caller.actor)):
                raise
            return
        await self._live.end_deleted(code, by=place.actor)
        logger.bind(room=code).info("the room was deleted by user {}", caller.user.id)

    async def _seen(self, record: RoomRecord, role: Role | None) -> SeenRoom:
        return SeenRoom(record, role, await self._live.look(record.code))


async def add_room(tx: AsyncSession, record: RoomRecord, owner: User, limit: int) -> None:
    """
    Add a room and its owner's membership.

    :raises LimitReached: the owner has as many as allowed
    :raises Conflict: the code is taken
    """
    await check_owned(tx, owner.id, limit)
    await RoomRecords(tx).add(record)
    await Members(tx).add(Member(room_id=record.id, user_id=owner.id, role="owner"))


async def check_owned(tx: AsyncSession, owner_id: UUID, limit: int) -> None:
    """Raise LimitReached if somebody owns so many rooms already; admins may own any number."""
    # Locked, so that those who make rooms at the same time are counted one after the other.
    owner = await Users(tx).get(owner_id, lock=True)
    if owner is not None and not owner.is_admin and await RoomRecords(tx).count_owned(owner_id) >= limit:
        raise LimitReached(f"{limit} rooms are as many as one may own")


def check_access(place: Standing) -> None:
    """
    Let pass who may know of a room and, all else being well, join it.

    :raises Unauthorized: one has to sign in for that
    :raises NotAllowed: it is for members only
    """
    access = place.room.access
    if place.is_member or access == "anyone" or (access == "users" and place.signed_in):
        return
    if not place.signed_in:
        raise Unauthorized("sign in to enter this room")
    raise NotAllowed("this room is for its members only; ask for an invitation")


def _check_times(record: RoomRecord) -> None:
    if record.starts_at is not None and record.ends_at is not None and record.ends_at <= record.starts_at:
        raise BadRequest("the room would end before it starts", {"endsAt": ["This is not after startsAt."]})
