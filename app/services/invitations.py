"""Invitations: links that make those who follow them members of a room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.opaque_tokens import digest, new_opaque_token
from app.config import Settings
from app.errors import BadRequest, Banned, LimitReached, NotAllowed, NotFound
from app.stores.bans import Bans
from app.stores.database import Database
from app.stores.invitations import Invitations as InvitationRecords
from app.stores.members import Members
from app.stores.models import Invitation, InvitedRole, Member, RoomRecord, User
from app.stores.pages import Cursor, Page
from app.stores.rooms import RoomRecords
from app.stores.types import now
from app.stores.users import plain_email

from .callers import Caller
from .live_rooms import LiveRooms
from .roles import Role, is_at_least
from .standing import need_account, standing

#: How long an invitation is good when it does not say so, and at most.
LIFE, LONGEST_LIFE = timedelta(days=7), timedelta(days=365)


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation just made. Its token is told this once."""

    record: Invitation
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """A room, and what somebody is in it."""

    room: RoomRecord
    role: Role


class Invitations:
    """Makes and revokes invitations, and takes those in who accept them."""

    def __init__(self, database: Database, live: LiveRooms, settings: Settings) -> None:
        self._database = database
        self._live = live
        self._limit = settings.limits.max_members_per_room

    async def create(
        self,
        caller: Caller,
        code: str,
        *,
        role: InvitedRole,
        email: str | None = None,
        max_uses: int | None = None,
        expires_at: datetime | None = None,
    ) -> NewInvitation:
        """
        Invite whoever gets the token or, with ``email``, the account of that address alone.

        :raises NotFound: there is no such room
        :raises NotAllowed: the caller may not invite to this role
        :raises BadRequest: it would expire before now, or only in a year
        :raises LimitReached: there are as many invitations as allowed
        """
        created_by = need_account(caller)
        expires_at = expires_at or now() + LIFE
        if not now() < expires_at <= now() + LONGEST_LIFE:
            raise BadRequest("wrong time", {"expiresAt": [f"At most {LONGEST_LIFE.days} days from now, and not past."]})
        token = new_opaque_token()
        async with self._database.transaction() as tx:
            place = await standing(tx, code, caller, lock=True)
            place.need("owner" if role == "moderator" else "moderator")
            records = InvitationRecords(tx)
            if await records.count(place.room.id) >= self._limit:
                raise LimitReached(f"{self._limit} invitations are as many as a room may have")
            record = Invitation(
                room_id=place.room.id,
                created_by=created_by,
                token_hash=digest(token),
                email=email and plain_email(email),
                role=role,
                max_uses=max_uses,
                expires_at=expires_at,
            )
            await records.add(record)
        logger.bind(room=code).info("user {} invites to be {}", created_by, role)
        return NewInvitation(record, token)

    async def page(self, caller: Caller, code: str, limit: int, cursor: Cursor | None) -> Page[Invitation]:
        """
        List a room's invitations that are good, newest first.

        :raises NotFound: there is no such room
        :raises NotAllowed: the caller does not moderate it
        """
        async with self._database.transaction(read_only=True) as tx:
            place = await standing(tx, code, caller)
            place.need("moderator")
            return await InvitationRecords(tx).page(place.room.id, limit=limit, after=cursor)

    async def revoke(self, caller: Caller, code: str, id: UUID) -> None:
        """
        Make an invitation worthless. Who accepted it stays a member.

        :raises NotFound: there is no such room, or no such invitation
        :raises NotAllowed: the caller does not moderate it
        """
        async with self._database.transaction() as tx:
            place = await standing(tx, code, caller)
            place.need("moderator")
            record = await InvitationRecords(tx).get(id)
            if record is None or record.room_id != place.room.id or record.revoked_at is not None:
                raise NotFound(f"the room has no invitation {id}")
            record.revoked_at = now()

    async def accept(self, caller: Caller, token: str) -> Membership:
        """
        Make the caller a member, or raise the role of one.

        :raises NotFound: no invitation has this token, or it is not good any more
        :raises NotAllowed: it is for somebody else, or the caller was banned from the room
        :raises LimitReached: the room has as many members as allowed
        """
        need_account(caller)
        async with self._database.transaction() as tx:
            invitation = await self._good(tx, token)
            if invitation.email not in (None, caller.user.email):
                raise NotAllowed("this invitation is for another e-mail address")
            room = await RoomRecords(tx).get(invitation.room_id, lock=True)
            if room is None:
                raise _not_good()
            if await Bans(tx).active_for(room.id, str(caller.user.id), None):
                raise Banned("you were banned from this room")
            role = await self._take_in(tx, invitation, caller.user)
        await self._live.set_role(room.code, str(caller.user.id), role, caller.actor)
        logger.bind(room=room.code).info("user {} accepted an invitation and is {}", caller.user.id, role)
        return Membership(room, role)

    async def _good(self, tx: AsyncSession, token: str) -> Invitation:
        found = await InvitationRecords(tx).find_by_hash(digest(token))
        if found is None or found.revoked_at is not None or found.expires_at <= now():
            raise _not_good()
        if found.max_uses is not None and found.uses >= found.max_uses:
            raise _not_good()
        return found

    async def _take_in(self, tx: AsyncSession, invitation: Invitation, user: User) -> Role:
        """Use an invitation, unless the user is all that it offers already; gives the role."""
        members = Members(tx)
        member = await members.get(invitation.room_id, user.id)
        if member is not None and is_at_least(member.role, invitation.role):
            return member.role
        invitation.uses += 1
        if member is not None:
            member.role = invitation.role
        elif await members.count(invitation.room_id) >= self._limit:
            raise LimitReached(f"{self._limit} members are as many as a room may have")
        else:
            await members.add(Member(room_id=invitation.room_id, user_id=user.id, role=invitation.role))
        return invitation.role


def _not_good() -> NotFound:
    return NotFound("this invitation is not good, or not any more")
