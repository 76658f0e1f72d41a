"""Rooms, and the way into them: ``/api/rooms``."""

from __future__ import annotations

from typing import Any

from app.auth.ice_servers import IceServer
from app.services.callers import Caller, Holder
from app.services.joining import Joining, Ticket
from app.services.rooms import Rooms as RoomsService
from app.services.rooms import SeenRoom
from app.stores.pages import Page

from .endpoint import Request, endpoint
from .room_schemas import JoinAnswer, JoinBody, NewRoom, RoomAnswer, RoomPatch
from .schemas import PageQuery, RoomPath, page_of


class Rooms:
    """For their members, and for those who would like to enter."""

    def __init__(self, rooms: RoomsService, joining: Joining) -> None:
        self._rooms = rooms
        self._joining = joining

    @endpoint(
        "POST",
        "/api/rooms",
        summary="Make a room",
        tag="rooms",
        auth="user",
        body=NewRoom,
        answers={201: RoomAnswer},
        errors=(403, 429),
    )
    async def create(self, request: Request[Caller]) -> dict[str, Any]:
        """The caller owns it. Its code is chosen at random: who knows it can ask for the way in."""
        return _words(await self._rooms.create(request.caller, request.body))

    @endpoint(
        "GET",
        "/api/rooms",
        summary="My rooms",
        tag="rooms",
        auth="user",
        query=PageQuery,
        answers={200: page_of(RoomAnswer)},
        errors=(403,),
    )
    async def list(self, request: Request[Caller]) -> Page[dict[str, Any]]:
        """Those that the caller is a member of, newest first."""
        page = await self._rooms.page(request.caller, **request.query)
        return Page([_words(room) for room in page.items], page.next)

    @endpoint(
        "GET",
        "/api/rooms/{code}",
        summary="Look at a room",
        tag="rooms",
        auth="optional",
        params=RoomPath,
        answers={200: RoomAnswer},
        errors=(401, 403, 404),
    )
    async def get(self, request: Request[Caller | None]) -> dict[str, Any]:
        """For those who may join it; members also see who is in it now."""
        return _words(await self._rooms.get(request.caller, **request.params))

    @endpoint(
        "PATCH",
        "/api/rooms/{code}",
        summary="Change a room",
        tag="rooms",
        auth="user",
        params=RoomPath,
        body=RoomPatch,
        answers={200: RoomAnswer},
        errors=(403, 404),
    )
    async def update(self, request: Request[Caller]) -> dict[str, Any]:
        """What is not named stays as it is. A call that is on changes, too."""
        return _words(await self._rooms.update(request.caller, request.params["code"], request.body))

    @endpoint(
        "DELETE",
        "/api/rooms/{code}",
        summary="Delete a room",
        tag="rooms",
        auth="user",
        params=RoomPath,
        answers={204: None},
        errors=(403, 404),
    )
    async def delete(self, request: Request[Caller]) -> None:
        """For its owner. The call in it ends, and its history goes with it."""
        await self._rooms.delete(request.caller, **request.params)

    @endpoint(
        "POST",
        "/api/rooms/{code}/join",
        summary="Get the way into a call",
        tag="rooms",
        auth="optional",
        params=RoomPath,
        body=JoinBody,
        answers={200: JoinAnswer},
        errors=(401, 403, 404),
        rate="join",
    )
    async def join(self, request: Request[Caller | None]) -> dict[str, Any]:
        """401: one has to sign in for this room. 403: it is for members only, locked, not open yet, over, or the caller
        was banned. Whether one has to wait in the lobby shows when one has connected."""
        ticket = await self._joining.join(request.caller, request.params["code"], **request.body)
        return _ticket_words(ticket, request.origin)

    @endpoint(
        "POST",
        "/api/rooms/{code}/leave",
        summary="Leave a call",
        tag="rooms",
        auth="room",
        params=RoomPath,
        answers={204: None},
        errors=(403, 404),
    )
    async def leave(self, request: Request[Caller | Holder]) -> None:
        """Ends the caller's presence, from wherever they are connected. Closing the websocket does as well."""
        await self._joining.leave(request.caller, **request.params)


def _words(seen: SeenRoom) -> dict[str, Any]:
    record = seen.record
    return {
        "code": record.code,
        "name": record.name,
        "access": record.access,
        "lobby": record.lobby,
        "locked": seen.locked,
        "unmute_allowed": record.unmute_allowed,
        "max_participants": record.max_participants,
        "codecs": record.codecs,
        "last_n": record.last_n,
        "metadata": seen.metadata,
        "permanent": record.permanent,
        "starts_at": record.starts_at,
        "ends_at": record.ends_at,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "role": seen.role,
        "participant_count": len(seen.participants),
        "participants": None if seen.role is None else seen.participants,
    }


def _ticket_words(ticket: Ticket, origin: str) -> dict[str, Any]:
    # The scheme of websockets that goes with http or https.
    anywhere = f"ws{origin.removeprefix('http')}/ws"
    return {
        "token": ticket.token.text,
        "token_id": ticket.token.token_id,
        "expires_at": ticket.token.expires_at,
        "room_id": ticket.code,
        "room": _words(ticket.room) if ticket.room else None,
        "peer_id": ticket.identity,
        "identity": ticket.identity,
        "role": ticket.role,
        "url": ticket.url or anywhere,
        "fallback_url": anywhere,
        "ice_servers": [_server_words(server) for server in ticket.ice_servers],
    }


def _server_words(server: IceServer) -> dict[str, Any]:
    """A STUN server has neither user name nor credential; a browser wants no null for them."""
    words = {"urls": server.urls, "username": server.username, "credential": server.credential}
    return {name: value for name, value in words.items() if value is not None}
