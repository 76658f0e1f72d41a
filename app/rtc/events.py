"""
What the domain tells and asks clients, as values, and the :class:`Client` through which it does so.

They are snake_case here and camelCase as JSON, as the library's values are. ``METHOD`` is the name on the wire.

Source: mediasoup-demo v3, ``server/lib/Room.js``.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol

import msgspec

from app.mediasoup.data_structures import ConsumerScore, ProducerScore, SctpStreamParameters
from app.mediasoup.rtp_parameters import MediaKind, RtpCapabilities, RtpParameters, Text, Value


class Device(Value, frozen=True):
    """What a client says it runs on, such as ``chrome``, ``Chrome``, ``156.0``."""

    flag: Text | None = None
    name: Text | None = None
    version: Text | None = None


class PeerInfo(Value, frozen=True):
    """A joined peer as the others see it. ``role`` is its token's, if it has one."""

    id: str
    display_name: str
    device: Device
    metadata: str = ""
    attributes: Mapping[str, str] = {}
    role: str | None = None


class Actor(Value, frozen=True):
    """Who did something to somebody: a peer of the room, or a person or program that is not in it (no ``peer_id``)."""

    peer_id: str | None
    name: str


class Event(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Something that a client is told; what is ``None`` is ``null`` on the wire."""

    METHOD: ClassVar[str]


class Question(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Something that a client is asked to do, and to confirm."""

    METHOD: ClassVar[str]


class MediasoupVersion(Event, frozen=True):
    """First of all: the release of the media workers, ``None`` while it isn't known."""

    METHOD = "mediasoup-version"

    version: str | None


class NewPeer(Event, frozen=True, omit_defaults=True):
    """Somebody joined."""

    METHOD = "newPeer"

    id: str
    display_name: str
    device: Device
    metadata: str = ""
    attributes: Mapping[str, str] = {}
    role: str | None = None

    @classmethod
    def of(cls, peer: PeerInfo) -> NewPeer:
        """Tell of ``peer``."""
        return cls(**msgspec.structs.asdict(peer))


class PeerClosed(Event, frozen=True):
    """A joined peer left."""

    METHOD = "peerClosed"

    peer_id: str


class PeerDisplayNameChanged(Event, frozen=True):
    """A peer calls itself otherwise now."""

    METHOD = "peerDisplayNameChanged"

    peer_id: str
    display_name: str
    old_display_name: str


class ActiveSpeaker(Event, frozen=True):
    """The loudest peer; ``None`` when all are silent. ``volume`` from -127 (silence) to 0 dBov."""

    METHOD = "activeSpeaker"

    peer_id: str | None
    volume: int | None = None


class ProducerScoreChanged(Event, frozen=True):
    """How well the streams of one's own producer arrive."""

    METHOD = "producerScore"

    producer_id: str
    score: list[ProducerScore]


class ConsumerClosed(Event, frozen=True):
    """The consumer is gone: its producer was closed, or the client did not confirm it."""

    METHOD = "consumerClosed"

    consumer_id: str


class ConsumerPaused(Event, frozen=True):
    """The consumer's producer was paused."""

    METHOD = "consumerPaused"

    consumer_id: str


class ConsumerResumed(Event, frozen=True):
    """The consumer's producer was resumed."""

    METHOD = "consumerResumed"

    consumer_id: str


class ConsumerScoreChanged(Event, frozen=True):
    """How well the consumer's stream arrives."""

    METHOD = "consumerScore"

    consumer_id: str
    score: ConsumerScore


class ConsumerLayersChanged(Event, frozen=True):
    """The layers now sent to the client; ``None`` when none is."""

    METHOD = "consumerLayersChanged"

    consumer_id: str
    spatial_layer: int | None
    temporal_layer: int | None


class DownlinkBwe(Event, frozen=True):
    """What the worker would like to send to the client, and what it may, in bits a second."""

    METHOD = "downlinkBwe"

    desired_bitrate: int
    effective_desired_bitrate: int
    available_bitrate: int


class DataConsumerClosed(Event, frozen=True):
    """The data consumer is gone, for the same reasons as a consumer."""

    METHOD = "dataConsumerClosed"

    data_consumer_id: str


class RoomUpdated(Event, frozen=True):
    """The room is otherwise now, and this is how."""

    METHOD = "roomUpdated"

    name: str
    metadata: str
    locked: bool
    lobby: bool
    unmute_allowed: bool
    max_participants: int | None
    last_n: int | None
    ends_at: datetime | None


class RoomClosed(Event, frozen=True):
    """The room ended while peers were in it; their sockets close next. ``by``: who ended it, if somebody did."""

    METHOD = "roomClosed"

    reason: str
    by: Actor | None = None


class Rebuild(Event, frozen=True):
    """
    The worker died, and with it all transports and what they carried; the room goes on in another one.

    The client makes new transports, and produces again what it sent.
    """

    METHOD = "rebuild"

    router_rtp_capabilities: RtpCapabilities


class Move(Event, frozen=True):
    """
    This node is about to go: the client is to join on another one.

    ``url`` is that one's websocket; ``None``: it connects as it did at first, and comes to another.
    """

    METHOD = "move"

    url: str | None


class DataMessage(Event, frozen=True):
    """
    A message that another peer, or a program outside (no ``sender``), sent to this one, among others perhaps.

    ``sent_at`` is in milliseconds since 1970.
    """

    METHOD = "dataMessage"

    topic: str
    payload: str
    sent_at: int
    sender: str | None = msgspec.field(default=None, name="from")


class NewConsumer(Question, frozen=True):
    """Receive a producer of ``peer_id``. The consumer starts when the client has confirmed."""

    METHOD = "newConsumer"

    peer_id: str
    producer_id: str
    id: str
    kind: MediaKind
    rtp_parameters: RtpParameters
    type: str
    app_data: dict[str, Any]
    producer_paused: bool


class NewDataConsumer(Question, frozen=True):
    """Receive the messages of a data producer of ``peer_id``."""

    METHOD = "newDataConsumer"

    peer_id: str
    data_producer_id: str
    id: str
    sctp_stream_parameters: SctpStreamParameters | None
    label: str
    protocol: str
    app_data: dict[str, Any]


class Farewell(enum.Enum):
    """Why the domain lets go of a client: the value is the reason that the client, the others and history are told."""

    REPLACED = "replaced"
    #: By its own wish, told to the REST API.
    LEFT = "left"
    REMOVED = "removed"
    BANNED = "banned"
    REJECTED = "rejected"
    #: The peer is no member any more, say.
    PERMISSIONS_CHANGED = "permissions-changed"
    #: Somebody ended the call.
    ROOM_CLOSED = "room-closed"
    #: The time that the room was made for is over.
    ROOM_ENDED = "room-ended"
    ROOM_EMPTY = "room-empty"
    WORKER_DIED = "worker-died"
    #: It was away for too long.
    CONNECTION_LOST = "connection-lost"
    SERVER_SHUTDOWN = "server-shutdown"
    #: The node is about to go, and the client did not move by itself.
    DRAINING = "draining"


class NotConfirmed(Exception):
    """A client refused a question, or did not answer in time."""


class Client(Protocol):
    """The way to the program behind a peer. Nothing here waits, and nothing raises when the client is gone."""

    def notify(self, event: Event) -> None:
        """Tell the client something."""

    def ask(self, question: Question) -> Awaitable[None]:
        """
        Ask the client something, at once: what is told after this call arrives after it.

        The returned awaitable ends when the client has confirmed.

        :raises NotConfirmed: when awaited: it refused, or did not answer in time
        """

    def end(self, farewell: Farewell) -> None:
        """Say goodbye, after what was told before."""
