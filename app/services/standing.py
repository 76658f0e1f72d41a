"""What somebody is in a room, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotAllowed, NotFound
from app.rtc.events import Actor
from app.stores.members import Members
from app.stores.models import RoomRecord
from app.stores.rooms import RoomRecords

from .callers import Caller, Holder
from .roles import Role, is_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    Somebody's place in a room. ``role`` is ``None`` for who is no member.

    ``role`` is what counts: admins stand as owners in every room. ``user_id`` is ``None`` for who has no account.
    """

    room: RoomRecord
    role: Role | None
    user_id: UUID | None
    name: str

    @property
    def is_member(self) -> bool:
        return self.is_at_least("member")

    @property
    def signed_in(self) -> bool:
        """Whether this one has an account, or is the operator."""
        return self.user_id is not None or self.is_member

    @property
    def actor(self) -> Actor:
        """How those in the call are told who did something."""
        return Actor(peer_id=None, name=self.name)

    def is_at_least(self, role: Role) -> bool:
        """Whether this one may do what ``role`` may."""
        return self.role is not None and is_at_least(self.role, role)

    def need(self, role: Role) -> None:
        """Raise NotAllowed unless this one may do what ``role`` may."""
        if not self.is_at_least(role):
            raise NotAllowed(f"only {_MAY[role]} of the room may do that")


_MAY = {"owner": "the owner", "moderator": "owner and moderators", "member": "members"}


async def standing(tx: AsyncSession, code: str, caller: Caller | Holder | None, *, lock: bool = False) -> Standing:
    """
    Say what ``caller`` is in a room.

    ``lock`` the room where others must not change it, or what belongs to it, at the same time. The holder of a room
    token with ``roomAdmin`` stands as a moderator in the token's room, and nowhere else.

    :raises NotFound: there is no such room
    """
    room = await RoomRecords(tx).find_by_code(code, lock=lock)
    if room is None:
        raise NotFound(f"there is no room {code}")
    if isinstance(caller, Holder):
        return Standing(room=room, role=_role_of(caller, room), user_id=None, name=caller.name)
    if caller is None:
        return Standing(room=room, role=None, user_id=None, name="")
    member = None if caller.is_operator else await Members(tx).get(room.id, caller.user.id)
    role: Role | None = "owner" if caller.user.is_admin else member.role if member else None
    return Standing(room=room, role=role, user_id=caller.account_id, name=caller.user.display_name)


def _role_of(holder: Holder, room: RoomRecord) -> Role:
    if holder.code != room.code:
        raise NotAllowed("the token is for another room")
    return "moderator" if holder.grants.room_admin else "guest"


def need_account(caller: Caller) -> UUID:
    """Give the caller's id in the database. Raises NotAllowed for the operator, who owns and joins nothing."""
    if caller.account_id is None:
        raise NotAllowed("the operator has no account; sign in with one")
    return caller.account_id
