"""What those in a room tell each other, as values like those of :mod:`app.rtc.events`."""

from __future__ import annotations

import time
from collections.abc import Mapping

from .events import Actor, Event


def now_ms() -> int:
    """Say what time it is, as clients are told: in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class ChatMessage(Event, frozen=True):
    """Somebody said something to all, itself included."""

    METHOD = "chatMessage"

    id: str
    peer_id: str
    display_name: str
    text: str
    sent_at: int


class Reaction(Event, frozen=True):
    """Somebody showed something for a moment, to all, itself included."""

    METHOD = "reaction"

    peer_id: str
    reaction: str


class HandRaised(Event, frozen=True):
    """Somebody would like to speak, since ``raised_at``."""

    METHOD = "handRaised"

    peer_id: str
    raised_at: int


class HandLowered(Event, frozen=True, omit_defaults=True):
    """A hand went down; ``by``: the moderator who did it, if it was not its owner."""

    METHOD = "handLowered"

    peer_id: str
    by: Actor | None = None


class PeerUpdated(Event, frozen=True):
    """A peer says something else of itself than before."""

    METHOD = "peerUpdated"

    peer_id: str
    metadata: str
    attributes: Mapping[str, str]
    display_name: str
