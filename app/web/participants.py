"""Those who are in a call now, and moderating them: ``/api/rooms/{code}/participants`` and beside it."""

from __future__ import annotations

from typing import Any

from app.services.callers import Caller, Holder
from app.services.moderation import Moderation
from app.services.participant import Participant
from app.stores.models import Ban

from .bans import BanAnswer
from .endpoint import Request, endpoint
from .participant_schemas import (
    Data,
    Mute,
    NewParticipantBan,
    ParticipantAnswer,
    ParticipantPatch,
    ParticipantsAnswer,
    PeerPath,
    Sent,
    TrackPath,
)
from .schemas import RoomPath

ERRORS = (403, 404)

Moderating = Request[Caller | Holder]


class Participants:
    """
    For owner, moderators and admins with an access token, and for room tokens with ``roomAdmin``.

    The rights of members that outlast the call are in :mod:`app.web.members`.
    """

    def __init__(self, moderation: Moderation) -> None:
        self._moderation = moderation

    @endpoint(
        "GET",
        "/api/rooms/{code}/participants",
        summary="Who is in the call",
        tag="participants",
        auth="room",
        params=RoomPath,
        answers={200: ParticipantsAnswer},
        errors=ERRORS,
    )
    async def list(self, request: Moderating) -> dict[str, Any]:
        """Those in the room, then those in its lobby. 404 when there is no call."""
        return {"items": await self._moderation.participants(request.caller, **request.params)}

    @endpoint(
        "GET",
        "/api/rooms/{code}/participants/{peerId}",
        summary="Look at one in the call",
        tag="participants",
        auth="room",
        params=PeerPath,
        answers={200: ParticipantAnswer},
        errors=ERRORS,
    )
    async def get(self, request: Moderating) -> Participant:
        """With tracks and quality, as of now."""
        return await self._moderation.participant(request.caller, **request.params)

    @endpoint(
        "PATCH",
        "/api/rooms/{code}/participants/{peerId}",
        summary="Change what one may do",
        tag="participants",
        auth="room",
        params=PeerPath,
        body=ParticipantPatch,
        answers={200: ParticipantAnswer},
        errors=ERRORS,
    )
    async def change(self, request: Moderating) -> Participant:
        """Takes effect at once, and lasts as long as the participant is connected. Only the owner makes moderators."""
        return await self._moderation.permit(request.caller, **request.params, changes=request.body["permissions"])

    @endpoint(
        "DELETE",
        "/api/rooms/{code}/participants/{peerId}",
        summary="Have one leave",
        tag="participants",
        auth="room",
        params=PeerPath,
        answers={204: None},
        errors=ERRORS,
    )
    async def remove(self, request: Moderating) -> None:
        """They may come again, unless the room is locked. The owner can be removed by admins alone."""
        await self._moderation.remove(request.caller, **request.params)

    @endpoint(
        "POST",
        "/api/rooms/{code}/participants/{peerId}/ban",
        summary="Have one leave for good",
        tag="participants",
        auth="room",
        params=PeerPath,
        body=NewParticipantBan,
        answers={201: BanAnswer},
        errors=(*ERRORS, 429),
    )
    async def ban(self, request: Moderating) -> Ban:
        """Bans the identity from the room, not from this call only."""
        return await self._moderation.ban(request.caller, **request.params, **request.body)

    @endpoint(
        "POST",
        "/api/rooms/{code}/participants/{peerId}/tracks/{producerId}/mute",
        summary="Mute a track",
        tag="participants",
        auth="room",
        params=TrackPath,
        body=Mute,
        answers={204: None},
        errors=ERRORS,
    )
    async def mute(self, request: Moderating) -> None:
        """To unmute is to allow it: nobody turns on another's microphone."""
        await self._moderation.mute(request.caller, **request.params, **request.body)

    @endpoint(
        "POST",
        "/api/rooms/{code}/mute-all",
        summary="Mute everybody",
        tag="participants",
        auth="room",
        params=RoomPath,
        answers={204: None},
        errors=ERRORS,
    )
    async def mute_all(self, request: Moderating) -> None:
        """All that can be heard is paused."""
        await self._moderation.mute_all(request.caller, **request.params)

    @endpoint(
        "POST",
        "/api/rooms/{code}/data",
        summary="Send a message to participants",
        tag="participants",
        auth="room",
        params=RoomPath,
        body=Data,
        answers={200: Sent},
        errors=ERRORS,
    )
    async def send(self, request: Moderating) -> dict[str, int]:
        """Their clients get the notification `dataMessage`."""
        return {"receivers": await self._moderation.send(request.caller, **request.params, **request.body)}

    @endpoint(
        "POST",
        "/api/rooms/{code}/lobby/{peerId}/admit",
        summary="Let one in who waits",
        tag="participants",
        auth="room",
        params=PeerPath,
        answers={204: None},
        errors=(*ERRORS, 429),
    )
    async def admit(self, request: Moderating) -> None:
        """429 when the room is full."""
        await self._moderation.admit(request.caller, **request.params)

    @endpoint(
        "POST",
        "/api/rooms/{code}/lobby/{peerId}/reject",
        summary="Send one away who waits",
        tag="participants",
        auth="room",
        params=PeerPath,
        answers={204: None},
        errors=ERRORS,
    )
    async def reject(self, request: Moderating) -> None:
        """They may ask again."""
        await self._moderation.reject(request.caller, **request.params)
