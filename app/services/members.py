"""Members of rooms and their roles; those who are connected feel a change at once."""

from __future__ import annotations

from uuid import UUID

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.errors import NotAllowed, NotFound
from app.rtc.events import Actor
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.stores.database import Database
from app.stores.members import Members as MemberRecords
from app.stores.models import Member, Role
from app.stores.pages import Cursor, Page
from app.stores.rooms import RoomRecords

from .callers import Caller
from .live_rooms import LiveRooms
from .rooms import check_owned
from .standing import Standing, standing


class Members:
    """Lists members, changes their roles, and sends them away."""

    def __init__(self, database: Database, live: LiveRooms, settings: Settings) -> None:
        self._database = database
        self._live = live
        self._max_rooms = settings.limits.max_rooms_per_user

    def watch(self, rooms: RoomManager) -> None:
        """Let owners hand their rooms over in the calls that will be."""
        rooms.on_open.add(self._watch)

    async def page(self, caller: Caller, code: str, limit: int, cursor: Cursor | None) -> Page[Member]:
        """
        List a room's members with their users, in the order in which they became members.

        :raises NotFound: there is no such room
        :raises NotAllowed: the caller is none of them
        """
        async with self._database.transaction(read_only=True) as tx:
            place = await standing(tx, code, caller)
            place.need("member")
            return await MemberRecords(tx).page(place.room.id, limit=limit, after=cursor)

    async def change_role(self, caller: Caller, code: str, user_id: UUID, role: Role) -> Member:
        """
        Give a member another role. Who makes somebody the owner becomes a moderator.

        :raises NotFound: there is no such room, or no such member
        :raises NotAllowed: the caller does not own the room, or would leave it without an owner
        :raises LimitReached: the new owner has as many rooms as allowed
        """
        async with self._database.transaction() as tx:
            # Locked, so that a room that changes hands has one owner at any time.
            place = await standing(tx, code, caller, lock=True)
            place.need("owner")
            member = await _find(tx, place, user_id)
            if member.role == "owner" and role != "owner":
                raise NotAllowed("a room needs an owner: make somebody else the owner instead")
            former = await self._hand_over(tx, place, member) if role == "owner" != member.role else None
            member.role = role
        if former is not None:
            await self._live.set_role(code, str(former), "moderator", place.actor)
        await self._live.set_role(code, str(user_id), role, place.actor)
        logger.bind(room=code).info("user {} is {} now", user_id, role)
        return member

    async def hand_over(self, room_id: str, owner: str, heir: str, by: Actor) -> None:
        """As :meth:`app.rtc.interfaces.Ownership.hand_over` says."""
        owner_id, heir_id = _account(owner), _account(heir)
        async with self._database.transaction() as tx:
            room = await RoomRecords(tx).find_by_code(room_id, lock=True)
            if room is None:
                raise NotFound(f"there is no room {room_id}")
            if room.owner_id != owner_id:
                raise NotAllowed("the room is not yours")
            place = Standing(room=room, role="owner", user_id=owner_id, name=by.name)
            member = await _find(tx, place, heir_id)
            if member.role == "owner":
                return
            await self._hand_over(tx, place, member)
            member.role = "owner"
        await self._live.set_role(room_id, owner, "moderator", by)
        await self._live.set_role(room_id, heir, "owner", by)
        logger.bind(room=room_id).info("user {} is owner now", heir_id)

    async def remove(self, caller: Caller, code: str, user_id: UUID) -> None:
        """
        End a membership, and have the former member leave the call. Everybody may end their own.

        :raises NotFound: there is no such room, or no such member
        :raises NotAllowed: the caller's role is not enough, or it is the owner's membership
        """
        async with self._database.transaction() as tx:
            place = await standing(tx, code, caller, lock=True)
            if user_id != place.user_id:
                place.need("moderator")
            member = await _find(tx, place, user_id)
            if member.role == "owner":
                raise NotAllowed("the owner can't leave: make somebody else the owner, or delete the room")
            if member.role == "moderator" and user_id != place.user_id:
                place.need("owner")
            await MemberRecords(tx).delete(member)
        await self._live.expel(code, str(user_id), place.actor)
        logger.bind(room=code).info("user {} is no member any more", user_id)

    def _watch(self, room: Room) -> None:
        room.ownership = self

    async def _hand_over(self, tx: AsyncSession, place: Standing, heir: Member) -> UUID:
        """Make the room another member's; gives who owned it before."""
        await check_owned(tx, heir.user_id, self._max_rooms)
        former = await _find(tx, place, place.room.owner_id)
        former.role = "moderator"
        place.room.owner_id = heir.user_id
        return former.user_id


def _account(identity: str) -> UUID:
    """Give the account of an identity. Raises NotFound for that of a guest."""
    try:
        return UUID(identity)
    except ValueError:
        raise NotFound("that is nobody with an account") from None


async def _find(tx: AsyncSession, place: Standing, user_id: UUID) -> Member:
    member = await MemberRecords(tx).get(place.room.id, user_id)
    if member is None:
        raise NotFound(f"the room has no member {user_id}")
    return member
