"""Coming into rooms, as the domain's tests do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.mediasoup.worker import Worker
from app.rtc.events import Device
from app.rtc.peer import Peer
from app.rtc.room import Room

from .fakes import FakeClient
from .parameters import RECEIVER

Person = tuple[Peer, FakeClient]
#: Let somebody in by name, with both transports, and join.
Arrive = Callable[[str], Awaitable[Person]]


def enter(room: Room, name: str) -> Person:
    """Let somebody in who has not joined yet."""
    client = FakeClient()
    return room.enter(name, client), client


def join(room: Room, peer: Peer) -> list[str]:
    """Join as one who can receive; gives the ids of those who are there."""
    others = room.join(peer, display_name=peer.id.title(), device=Device(name="test"), rtp_capabilities=RECEIVER)
    return [other.id for other in others]


async def handlers_in(worker: Worker) -> list[str]:
    """The ids of all objects in a worker."""
    return sorted((await worker.dump()).channel_message_handlers.channel_request_handlers)
