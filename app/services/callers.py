"""Who asks for something over REST."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.auth.grants import Grants
from app.errors import NotAllowed
from app.rtc.events import Actor
from app.stores.models import RoomRecord, User

#: The id, both of user and sign-in, of the operator of this server, who has no account: the commands of
#: ``python -m app`` use the API in that name.
OPERATOR = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Somebody who is signed in; ``family_id`` is the sign-in.

    The operator is one, too: an admin whose ``user`` is in no database.
    """

    user: User
    family_id: UUID

    @property
    def is_operator(self) -> bool:
        return self.user.id == OPERATOR

    @property
    def actor(self) -> Actor:
        """How those in a call are told who did something."""
        return Actor(peer_id=None, name=self.user.display_name)

    @property
    def account_id(self) -> UUID | None:
        """Whom the database may name as the one who did something."""
        return None if self.is_operator else self.user.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """
    Somebody with a room token, for ``room`` alone.

    ``room`` is ``None`` where the call has no record: rooms that are open to everybody need none.
    """

    code: str
    room: RoomRecord | None
    identity: str
    name: str
    grants: Grants


def operator() -> Caller:
    """Make the caller that stands for the operator."""
    user = User(id=OPERATOR, email="", password_hash="", display_name="The operator", is_admin=True)
    return Caller(user, OPERATOR)


def check_admin(caller: Caller) -> None:
    """Raise NotAllowed to all but admins."""
    if not caller.user.is_admin:
        raise NotAllowed("only admins may do that")
