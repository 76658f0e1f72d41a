"""Coming into rooms, as the domain's tests do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from app.auth.grants import Grants
from app.mediasoup.producer import Producer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker
from app.rtc.admission import Admission
from app.rtc.client_transports import as_webrtc
from app.rtc.events import Actor, Device
from app.rtc.peer import Peer
from app.rtc.room import Room

from .fakes import FakeClient
from .parameters import RECEIVER, audio, sending_transport

Person = tuple[Peer, FakeClient]
#: Let somebody in by name, and with what :func:`anybody` takes, with both transports, and join.
Arrive = Callable[..., Awaitable[Person]]
#: What anybody may do in an open room.
ANYBODY = Grants(can_update_own_metadata=True)
MODERATOR = Grants(room_admin=True)
HOST = Actor(peer_id="host", name="Host")


def anybody(name: str, /, grants: Grants = ANYBODY, **admission: Any) -> Admission:
    """Let ``name`` be somebody's identity."""
    return Admission(identity=name, grants=grants, **admission)


def enter(room: Room, name: str, /, grants: Grants = ANYBODY, **admission: Any) -> Person:
    """Let somebody in who has not joined yet."""
    client = FakeClient()
    return room.enter(name, client, anybody(name, grants, **admission)), client


def client_of(peer: Peer) -> FakeClient:
    """Give the client that a peer has now."""
    client = peer.session.connection
    assert isinstance(client, FakeClient)
    return client


def join(room: Room, peer: Peer, *, dynacast: bool = False) -> list[str]:
    """Join as one who can receive; gives the ids of those who are there."""
    others = room.join(
        peer,
        display_name=peer.id.title(),
        device=Device(name="test"),
        rtp_capabilities=RECEIVER,
        dynacast=dynacast,
    )
    return [other.id for other in others]


async def speak(room: Room, peer: Peer, ssrc: int = 1111) -> Producer:
    """Send audio, as far as that is allowed."""
    return await room.produce(
        peer, transport_id=sending_transport(peer), kind="audio", rtp_parameters=audio(ssrc), app_data={}
    )


def webrtc_transports(peer: Peer) -> list[WebRtcTransport]:
    """Give the transports of one who has no other kind."""
    return [as_webrtc(each) for each in peer.media.transports]


async def handlers_in(worker: Worker) -> list[str]:
    """The ids of all objects in a worker."""
    return sorted((await worker.dump()).channel_message_handlers.channel_request_handlers)
