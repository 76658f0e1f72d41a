"""Moderating a call that is on, from outside of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from app.errors import NotAllowed
from app.rtc.events import Actor
from app.rtc.room_manager import RoomManager
from app.stores.database import Database
from app.stores.models import Ban

from . import moderation_deeds as deeds
from .bans import Bans
from .callers import Caller, Holder
from .outreach import Outreach
from .participant import Participant
from .standing import standing


class Moderation:
    """
    What owner, moderators and admins, and the holders of a room token with ``roomAdmin``, may do to a call.

    All methods raise NotAllowed for others, NotFound when there is no call in the room, on any node, and Unavailable
    when that can't be found out. Those concerned are told the caller's name. The call itself needs no database, so the
    holders of room tokens can moderate without one.
    """

    def __init__(self, rooms: RoomManager, database: Database, bans: Bans) -> None:
        self._calls = Outreach(rooms, "calls.moderate", deeds.AnyOfThem)
        self._database = database
        self._bans = bans

    async def participants(self, caller: Caller | Holder, code: str) -> list[Participant]:
        """List those in the room, and then those in its lobby, each in the order of coming."""
        await self._authorize(caller, code)
        found: list[Participant] = await self._calls.do(code, deeds.List())
        return found

    async def participant(self, caller: Caller | Holder, code: str, peer_id: str) -> Participant:
        """Look at one. Raises NotFound when nobody there has this id, as all that follow do."""
        await self._authorize(caller, code)
        found: Participant = await self._calls.do(code, deeds.Look(peer_id))
        return found

    async def permit(self, caller: Caller | Holder, code: str, peer_id: str, changes: Mapping[str, Any]) -> Participant:
        """
        Change some of what a participant may do, as long as it is connected; ``changes`` has fields of Grants.

        Only the owner makes and unmakes moderators.
        """
        as_whom = await self._authorize(caller, code)
        changed: Participant = await self._calls.do(code, deeds.Permit(*as_whom, peer_id, dict(changes)))
        return changed

    async def remove(self, caller: Caller | Holder, code: str, peer_id: str) -> None:
        """Have a participant leave, who may come again."""
        await self._calls.do(code, deeds.Expel(*await self._authorize(caller, code), peer_id))

    async def ban(
        self, caller: Caller | Holder, code: str, peer_id: str, *, reason: str = "", expires_at: datetime | None = None
    ) -> Ban:
        """Have a participant leave, and keep its identity out."""
        identity = await self._calls.do(code, deeds.Victim(*await self._authorize(caller, code), peer_id))
        return await self._bans.add(caller, code, "identity", identity, reason=reason, expires_at=expires_at)

    async def mute(self, caller: Caller | Holder, code: str, peer_id: str, producer_id: str, muted: bool) -> None:
        """Pause what a participant sends, or allow it to resume."""
        as_whom = await self._authorize(caller, code)
        await self._calls.do(code, deeds.Mute(*as_whom, peer_id, producer_id, muted))

    async def mute_all(self, caller: Caller | Holder, code: str) -> None:
        """Pause all that can be heard."""
        await self._calls.do(code, deeds.MuteAll(*await self._authorize(caller, code)))

    async def send(
        self, caller: Caller | Holder, code: str, *, payload: str, topic: str, to: Collection[str] | None = None
    ) -> int:
        """Send a message to those with the ids ``to``, or to all who joined; gives how many it went to."""
        await self._authorize(caller, code)
        count: int = await self._calls.do(code, deeds.Send(payload, topic, to))
        return count

    async def admit(self, caller: Caller | Holder, code: str, peer_id: str) -> None:
        """Let one who waits in the lobby join."""
        await self._calls.do(code, deeds.Admit(*await self._authorize(caller, code), peer_id))

    async def reject(self, caller: Caller | Holder, code: str, peer_id: str) -> None:
        """Send one away who waits in the lobby."""
        await self._calls.do(code, deeds.Reject(*await self._authorize(caller, code), peer_id))

    async def _authorize(self, caller: Caller | Holder, code: str) -> tuple[Actor, bool]:
        """Say in whose name the caller moderates, and whether it is the owner's."""
        if isinstance(caller, Holder):
            if caller.code != code or not caller.grants.room_admin:
                raise NotAllowed("the token does not allow to moderate this room")
            return Actor(peer_id=None, name=caller.name), False
        async with self._database.transaction(read_only=True) as tx:
            place = await standing(tx, code, caller)
        place.need("moderator")
        return place.actor, place.is_at_least("owner")
