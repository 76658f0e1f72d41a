"""The methods by which a client takes part: ``join``, and ``resume`` when it was away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from app.errors import BadRequest
from app.mediasoup.rtp_parameters import Value
from app.rtc.events import Device, Event, PeerInfo, RoomUpdated
from app.rtc.hands import Hand
from app.rtc.held import Held
from app.rtc.meeting_events import ChatMessage
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.snapshot import (
    KnownConsumer,
    KnownDataConsumer,
    KnownDataProducer,
    KnownProducer,
    KnownTransport,
    Snapshot,
)

from . import schemas
from .ice_servers import IceServer, ice_servers_for
from .methods import MethodTable

METHODS = MethodTable()


class Joined(Value, frozen=True, kw_only=True):
    """
    Who is there already, what was said, what the room is like, and what one is, and may do, in it.

    ``resume_token`` is a secret, and good for coming back once. ``room_name``, ``locked`` and ``lobby`` are those of
    ``room``, for clients that look for them here.
    """

    session_id: str
    resume_token: str
    peers: list[PeerInfo]
    identity: str
    permissions: Mapping[str, Any]
    room_name: str
    locked: bool
    lobby: bool
    ice_servers: list[IceServer]
    room: RoomUpdated
    chat: list[ChatMessage]
    hands: list[Hand]
    role: str | None = None


class Missed(Value, frozen=True):
    """A notification that came while one was away."""

    method: str
    data: Event


class Resumed(Joined, frozen=True, kw_only=True):
    """The same to one who was away, all that it has in the server now, and what was done to it meanwhile."""

    transports: list[KnownTransport]
    producers: list[KnownProducer]
    consumers: list[KnownConsumer]
    data_producers: list[KnownDataProducer]
    data_consumers: list[KnownDataConsumer]
    missed: list[Missed]


@METHODS.method("join", schemas.Join, needs_join=False, pace="talk", answers_first=True)
def join(room: Room, peer: Peer, data: schemas.Join) -> Joined:
    room.join(
        peer,
        display_name=data.display_name,
        device=data.device or Device(),
        rtp_capabilities=data.rtp_capabilities,
        dynacast=bool(data.dynacast),
    )
    return Joined(**_view(room, peer))


@METHODS.method("resume", schemas.Resume, needs_join=False, resumes=True, answers_first=True)
def resume(room: Room, peer: Peer, data: schemas.Resume) -> Resumed:
    if data.session_id != peer.session.id:
        raise BadRequest("data.sessionId: the secret is another session's")
    room.come_back(peer, _held(data))
    missed = [Missed(event.METHOD, event) for event in peer.session.take_missed()]
    return Resumed(**_view(room, peer), **asdict(Snapshot.of(peer.media)), missed=missed)


def _view(room: Room, peer: Peer) -> dict[str, Any]:
    """Give the fields of :class:`Joined`."""
    return {
        "session_id": peer.session.id,
        "resume_token": peer.session.issue_token(),
        "peers": room.others(peer),
        "identity": peer.identity,
        "permissions": peer.grants.to_claim(),
        "room_name": room.config.name,
        "locked": room.config.locked,
        "lobby": room.config.lobby,
        "ice_servers": ice_servers_for(room, peer).ice_servers,
        "room": room.summary,
        "chat": room.chat.history,
        "hands": room.hands_raised,
        "role": peer.role,
    }


def _held(data: schemas.Resume) -> Held:
    return Held(
        transports=frozenset(data.transports),
        producers=frozenset(data.producers),
        consumers=frozenset(data.consumers),
        data_producers=None if data.data_producers is None else frozenset(data.data_producers),
        data_consumers=None if data.data_consumers is None else frozenset(data.data_consumers),
    )
