"""What clients are told of what they receive, and of what others want of what they send."""

from __future__ import annotations

from typing import Any

from app.mediasoup.rtp_parameters import MediaKind, Value

from .events import Event
from .quality import Quality


class ProducerOffered(Event, frozen=True):
    """To who chooses: there is something that was not asked for, and may be."""

    METHOD = "producerOffered"

    peer_id: str
    producer_id: str
    kind: MediaKind
    app_data: dict[str, Any]


class ProducerWithdrawn(Event, frozen=True):
    """To who chooses: something that was offered, and is not consumed, is gone."""

    METHOD = "producerWithdrawn"

    producer_id: str


class VideoSuspended(Event, frozen=True):
    """Others spoke more recently than this camera's owner, so that it is not sent for now."""

    METHOD = "videoSuspended"

    consumer_id: str


class VideoResumed(Event, frozen=True):
    """The camera is sent again, beginning with a key frame."""

    METHOD = "videoResumed"

    consumer_id: str


class ProducerDemand(Value, frozen=True):
    """The highest layer of a producer that anybody wants, ``None`` for all; ``paused``: nobody wants any."""

    producer_id: str
    max_spatial_layer: int | None
    paused: bool


class ProducersPaused(Event, frozen=True):
    """What of one's own producers is of use now; the rest need not be sent."""

    METHOD = "producersPaused"

    producers: list[ProducerDemand]


class AudioLevel(Value, frozen=True):
    """How loud a peer was on average, in dBov from -127 to 0."""

    peer_id: str
    volume: int


class AudioLevelsTold(Event, frozen=True):
    """Who was heard in the last half second, the loudest first; empty when the last one has fallen silent."""

    METHOD = "audioLevels"

    levels: list[AudioLevel]


class PeerQuality(Value, frozen=True):
    """How good a peer's connection is; ``score`` from 0 to 10 is what was found last."""

    peer_id: str
    quality: Quality
    score: float


class ConnectionQuality(Event, frozen=True):
    """Whose connection is otherwise now, one's own included; for who just joined, everybody's."""

    METHOD = "connectionQuality"

    peers: list[PeerQuality]
