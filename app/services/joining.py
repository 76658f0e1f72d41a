"""The way into a call and out of it, by REST."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from app.auth.ice_servers import IceServer, IceServers
from app.auth.room_tokens import RoomToken, RoomTokens
from app.config import Settings
from app.errors import BadRequest, Banned, NotAllowed, NotFound, RoomLocked
from app.rtc.events import Farewell
from app.rtc.seen_call import SeenCall
from app.stores.bans import Bans
from app.stores.database import Database
from app.stores.types import now

from .access import OPEN_GRANTS, check_start
from .callers import Caller, Holder
from .live_rooms import LiveRooms
from .nodes import Nodes
from .roles import Role, grants_of
from .rooms import SeenRoom, check_access
from .standing import Standing, need_account, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """
    All that a client needs to enter a call.

    ``room`` is ``None`` for an open one, which has no record. ``url`` is the websocket of the node that serves it best,
    ``None`` if that does not matter.
    """

    token: RoomToken
    code: str
    room: SeenRoom | None
    role: Role
    identity: str
    url: str | None
    ice_servers: tuple[IceServer, ...]


class Joining:
    """Gives those tickets who may join, and ends the presence of those who leave."""

    def __init__(
        self,
        database: Database,
        tokens: RoomTokens,
        ice_servers: IceServers,
        live: LiveRooms,
        nodes: Nodes,
        settings: Settings,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._ice_servers = ice_servers
        self._live = live
        self._nodes = nodes
        self._open_rooms = settings.open_rooms

    async def join(self, caller: Caller | None, code: str, display_name: str | None) -> Ticket:
        """
        Give a room token to somebody who is signed in, or comes as a guest with a name.

        :raises BadRequest: a guest needs a name
        :raises Unauthorized: one has to sign in for this room
        :raises NotAllowed: it is for members only, not open yet, over, or the caller was banned
        :raises RoomLocked: nobody new may enter now
        :raises NotFound: there is no such room
        """
        if caller is not None:
            need_account(caller)
        name = display_name or (caller.user.display_name if caller else "")
        if not name:
            raise BadRequest("guests need a name", {"displayName": ["Missing data for required field."]})
        identity = str(caller.user.id) if caller else f"guest-{secrets.token_urlsafe(9)}"
        place = await self._place(caller, code, identity)
        call = None
        if place is not None:
            call = await self._live.look(code)
            _check(place, call, identity)
        role = place.role if place is not None and place.role is not None else "guest"
        grants = OPEN_GRANTS if place is None else grants_of(role)
        return Ticket(
            token=self._tokens.mint(room=code, identity=identity, name=name, grants=grants, role=role),
            code=code,
            room=SeenRoom(place.room, place.role, call) if place else None,
            role=role,
            identity=identity,
            url=await self._nodes.url_for(code),
            ice_servers=self._ice_servers.for_user(identity).servers,
        )

    async def leave(self, caller: Caller | Holder, code: str) -> None:
        """
        End the caller's presence in a call, wherever they are connected from; if they aren't there, nothing happens.

        :raises NotAllowed: the room token is for another room
        """
        if isinstance(caller, Holder):
            if caller.code != code:
                raise NotAllowed("the token is for another room")
            identity = caller.identity
        else:
            identity = str(caller.user.id)
        await self._live.remove(code, identity, None, Farewell.LEFT)

    async def _place(self, caller: Caller | None, code: str, identity: str) -> Standing | None:
        """Say what the caller is in the room; ``None`` if it is an open one."""
        async with self._database.transaction(read_only=True) as tx:
            try:
                place = await standing(tx, code, caller)
            except NotFound:
                if not self._open_rooms:
                    raise
                return None
            if await Bans(tx).active_for(place.room.id, identity, None):
                raise Banned("you were banned from this room")
        return place


def _check(place: Standing, call: SeenCall | None, identity: str) -> None:
    """Refuse now whom the door of the call would refuse: here the reason can be told best."""
    check_access(place)
    check_start(place.room, grants_of(place.role or "guest"))
    if place.room.ends_at is not None and place.room.ends_at <= now():
        raise NotAllowed("the room's time is over")
    locked = place.room.locked if call is None else call.config.locked
    if locked and not place.is_at_least("moderator") and not (call is not None and identity in call.known):
        raise RoomLocked("the room is locked")
