"""What clients are told about rights, moderation and the lobby, as values like those of :mod:`app.rtc.events`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .events import Actor, Device, Event


class PermissionsChanged(Event, frozen=True):
    """One may do other things than before: ``permissions`` has the names of a token's claim ``video``."""

    METHOD = "permissionsChanged"

    permissions: Mapping[str, Any]
    role: str | None
    by: Actor | None


class ProducerClosed(Event, frozen=True):
    """The server closed one's own producer; ``reason`` is ``stopped-by-moderator`` or ``permissions-changed``."""

    METHOD = "producerClosed"

    producer_id: str
    source: str
    reason: str
    by: Actor | None


class DataProducerClosed(Event, frozen=True):
    """The server closed one's own data producer; ``reason`` is ``permissions-changed``."""

    METHOD = "dataProducerClosed"

    data_producer_id: str
    reason: str
    by: Actor | None


class MutedByModerator(Event, frozen=True):
    """One's own producer was paused. ``may_unmute``: ``resumeProducer`` works."""

    METHOD = "mutedByModerator"

    producer_id: str
    source: str
    may_unmute: bool
    by: Actor


class UnmutedByModerator(Event, frozen=True):
    """One may resume one's producer again, or (``None``) make one of this source; nobody else does that."""

    METHOD = "unmutedByModerator"

    producer_id: str | None
    source: str
    by: Actor


class Removed(Event, frozen=True):
    """One has to leave; the socket closes next. ``reason`` is that of a :class:`app.rtc.events.Farewell`."""

    METHOD = "removed"

    reason: str
    by: Actor | None


class LobbyPeer(Event, frozen=True):
    """For moderators: somebody waits to be let in, or waits under another name now."""

    METHOD = "lobbyPeer"

    peer_id: str
    display_name: str
    device: Device
    role: str | None


class LobbyPeerClosed(Event, frozen=True):
    """For moderators: somebody does not wait any more."""

    METHOD = "lobbyPeerClosed"

    peer_id: str


class Admitted(Event, frozen=True):
    """One waits no more, and may join now."""

    METHOD = "admitted"

    by: Actor | None
