"""Moderating a call that is on, from outside of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.auth.grants import Grants
from app.errors import NotAllowed, NotFound, Unavailable
from app.mediasoup.errors import InvalidStateError, MediasoupError
from app.mediasoup.producer import Producer
from app.rtc.events import Actor
from app.rtc.peer import Peer, source_of
from app.rtc.quality import Quality
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.stores.database import Database
from app.stores.models import Ban

from .bans import Bans
from .callers import Caller, Holder
from .standing import standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A stream of audio or video that a participant sends. ``score``, 0 to 10, is ``None`` until it is known."""

    producer_id: str
    kind: str
    source: str
    paused: bool
    score: int | None
    type: str
    codec: str

    @classmethod
    def of(cls, producer: Producer) -> Track:
        return cls(
            producer_id=producer.id,
            kind=producer.kind,
            source=source_of(producer),
            paused=producer.paused,
            score=max((each.score for each in producer.score), default=None),
            type=producer.type,
            codec=producer.rtp_parameters.codecs[0].mime_type,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who is connected to a call, in its ``lobby`` or in the room itself."""

    peer_id: str
    identity: str
    display_name: str
    role: str | None
    joined_at: datetime | None
    lobby: bool
    permissions: Mapping[str, Any]
    metadata: str
    attributes: Mapping[str, str]
    quality: Quality | None
    tracks: list[Track]

    @classmethod
    def of(cls, peer: Peer, room: Room) -> Participant:
        return cls(
            peer_id=peer.id,
            identity=peer.identity,
            display_name=peer.display_name,
            role=peer.role,
            joined_at=peer.joined_at,
            lobby=peer in room.lobby,
            permissions=_words(peer.grants),
            metadata=peer.metadata,
            attributes=peer.attributes,
            quality=peer.quality,
            tracks=[Track.of(producer) for producer in peer.media.producers],
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """What a moderator works with: the live room, and in whose name."""

    room: Room
    actor: Actor
    is_owner: bool

    def find(self, peer_id: str) -> Peer:
        """
        Look up one who is not above the moderator.

        :raises NotFound: nobody has this id
        :raises NotAllowed: it is the owner
        """
        peer = self.room.find(peer_id)
        if peer.role == "owner" and not self.is_owner:
            raise NotAllowed("that is the owner of the room")
        return peer


class Moderation:
    """
    What owner, moderators and admins, and the holders of a room token with ``roomAdmin``, may do to a call.

    All methods raise NotAllowed for others, and NotFound when there is no call in the room. Those concerned are told
    the caller's name. The call itself needs no database, so the holders of room tokens can moderate without one.
    """

    def __init__(self, rooms: RoomManager, database: Database, bans: Bans) -> None:
        self._rooms = rooms
        self._database = database
        self._bans = bans

    async def participants(self, caller: Caller | Holder, code: str) -> list[Participant]:
        """List those in the room, and then those in its lobby, each in the order of coming."""
        room = (await self._desk(caller, code)).room
        return [Participant.of(peer, room) for peer in (*room.peers, *room.lobby)]

    async def participant(self, caller: Caller | Holder, code: str, peer_id: str) -> Participant:
        """Look at one. Raises NotFound when nobody there has this id, as all that follow do."""
        room = (await self._desk(caller, code)).room
        return Participant.of(room.find(peer_id), room)

    async def permit(self, caller: Caller | Holder, code: str, peer_id: str, changes: Mapping[str, Any]) -> Participant:
        """
        Change some of what a participant may do, as long as it is connected; ``changes`` has fields of Grants.

        Only the owner makes and unmakes moderators.
        """
        desk = await self._desk(caller, code)
        peer = desk.find(peer_id)
        grants = dataclasses.replace(peer.grants, **changes)
        if grants.room_admin != peer.grants.room_admin and not desk.is_owner:
            raise NotAllowed("only the owner of the room makes moderators")
        desk.room.change_grants(peer_id, grants, desk.actor)
        return Participant.of(peer, desk.room)

    async def remove(self, caller: Caller | Holder, code: str, peer_id: str) -> None:
        """Have a participant leave, who may come again."""
        desk = await self._desk(caller, code)
        desk.room.remove(desk.find(peer_id).id, desk.actor)

    async def ban(
        self, caller: Caller | Holder, code: str, peer_id: str, *, reason: str = "", expires_at: datetime | None = None
    ) -> Ban:
        """Have a participant leave, and keep its identity out."""
        desk = await self._desk(caller, code)
        identity = desk.find(peer_id).identity
        return await self._bans.add(caller, code, "identity", identity, reason=reason, expires_at=expires_at)

    async def mute(self, caller: Caller | Holder, code: str, peer_id: str, producer_id: str, muted: bool) -> None:
        """Pause what a participant sends, or allow it to resume."""
        desk = await self._desk(caller, code)
        with _worker_errors():
            await desk.room.mute(peer_id, producer_id, muted, desk.actor)

    async def mute_all(self, caller: Caller | Holder, code: str) -> None:
        """Pause all that can be heard."""
        desk = await self._desk(caller, code)
        with _worker_errors():
            await desk.room.mute_all(desk.actor)

    async def send(
        self, caller: Caller | Holder, code: str, *, payload: str, topic: str, to: Collection[str] | None = None
    ) -> int:
        """Send a message to those with the ids ``to``, or to all who joined; gives how many it went to."""
        return (await self._desk(caller, code)).room.send_data(payload, topic, to)

    async def admit(self, caller: Caller | Holder, code: str, peer_id: str) -> None:
        """Let one who waits in the lobby join."""
        desk = await self._desk(caller, code)
        desk.room.admit(peer_id, desk.actor)

    async def reject(self, caller: Caller | Holder, code: str, peer_id: str) -> None:
        """Send one away who waits in the lobby."""
        desk = await self._desk(caller, code)
        desk.room.reject(peer_id, desk.actor)

    async def _desk(self, caller: Caller | Holder, code: str) -> Desk:
        actor, is_owner = await self._authorize(caller, code)
        room = self._rooms.get(code)
        if room is None:
            raise NotFound(f"there is no call in the room {code} now")
        return Desk(room, actor, is_owner)

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


def _words(grants: Grants) -> dict[str, Any]:
    sources = grants.can_publish_sources
    return dataclasses.asdict(grants) | {"can_publish_sources": None if sources is None else sorted(sources)}


@contextmanager
def _worker_errors() -> Iterator[None]:
    """Word what went wrong in the worker for callers."""
    try:
        yield
    except InvalidStateError as error:
        raise NotFound("the participant just stopped sending that") from error
    except MediasoupError as error:
        raise Unavailable(f"the worker could not do it: {error}") from error
