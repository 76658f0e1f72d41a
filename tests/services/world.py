"""All services, people with accounts, and the way into calls: what the services' tests are about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import jwt
import pytest

from app.errors import InLobby
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.services.api_keys import NewApiKey
from app.services.callers import Caller
from app.services.rooms import SeenRoom
from app.services.services import Services
from app.stores.members import Members
from app.stores.models import Member, Role, User
from app.stores.users import Users
from tests.rtc.fakes import FakeClient
from tests.rtc.people import Person, join

NO_FAMILY = UUID(int=1)


class World:
    """``services`` run over a database and ``rooms``."""

    def __init__(self, services: Services, rooms: RoomManager) -> None:
        self.services = services
        self.rooms = rooms

    async def user(self, name: str, *, admin: bool = False) -> Caller:
        """Make an account whose password nobody knows, signed in."""
        user = User(email=f"{name.lower()}@example.org", password_hash="", display_name=name, is_admin=admin)
        async with self.services.database.transaction() as tx:
            await Users(tx).add(user)
        return Caller(user, NO_FAMILY)

    async def room(self, owner: Caller, **fields: Any) -> SeenRoom:
        """Make a room."""
        return await self.services.rooms.create(owner, {"name": "The kitchen", **fields})

    async def member(self, room: SeenRoom, name: str, role: Role = "member") -> Caller:
        """Make an account that is a member of the room."""
        caller = await self.user(name)
        async with self.services.database.transaction() as tx:
            await Members(tx).add(Member(room_id=room.record.id, user_id=caller.user.id, role=role))
        return caller

    async def token(self, caller: Caller | None, code: str, name: str | None = None) -> str:
        """Ask for the way into a room."""
        return (await self.services.joining.join(caller, code, name)).token.text

    async def enter(self, code: str, token: str | None, peer_id: str | None = None) -> Person:
        """Connect as :class:`app.signaling.endpoint.Signaling` does, without joining."""
        entry = await self.services.access.admit(code, token, peer_id)
        room = await self.rooms.get_or_create(entry.config)
        if entry.bans is not None:
            room.note_bans(entry.bans)
        client = FakeClient()
        return room.enter(peer_id or entry.admission.identity, client, entry.admission), client

    async def join(self, code: str, token: str | None, peer_id: str | None = None) -> Person:
        """Connect, and join."""
        peer, client = await self.enter(code, token, peer_id)
        join(self.call(code), peer)
        return peer, client

    def wait_in_lobby(self, code: str, peer: Peer) -> None:
        """Ask to join, which a moderator has to allow."""
        with pytest.raises(InLobby):
            join(self.call(code), peer)

    async def arrive(self, caller: Caller, code: str) -> Person:
        """Join as somebody with an account."""
        return await self.join(code, await self.token(caller, code))

    def call(self, code: str) -> Room:
        """Give the call in a room."""
        call = self.rooms.get(code)
        assert call is not None
        return call


def token_by(key: NewApiKey, room: str, identity: str = "booker", **video: Any) -> str:
    """Mint a room token as the holder of an API key does."""
    claims = {
        "iss": key.record.id,
        "sub": identity,
        "exp": 4_000_000_000,
        "video": {"roomJoin": True, "room": room, **video},
    }
    return jwt.encode(claims, key.secret, "HS256")
