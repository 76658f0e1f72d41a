"""What of a peer's media there is, as its client is told when it comes back."""

from __future__ import annotations

from typing import Any

from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.rtp_parameters import MediaKind, RtpParameters, Value

from .consumer_control import Pause
from .peer_media import PeerMedia


class KnownTransport(Value, frozen=True):
    """A transport of one's own."""

    id: str


class KnownProducer(Value, frozen=True):
    """Something that one sends."""

    id: str
    kind: MediaKind
    paused: bool
    app_data: dict[str, Any]


class KnownConsumer(Value, frozen=True):
    """
    Something that one receives, as ``newConsumer`` tells it.

    ``paused``: by the client itself. ``suspended``: others spoke more recently.
    """

    id: str
    producer_id: str
    peer_id: str
    kind: MediaKind
    type: str
    rtp_parameters: RtpParameters
    app_data: dict[str, Any]
    producer_paused: bool
    paused: bool
    suspended: bool


class KnownDataProducer(Value, frozen=True):
    """A data channel on which one sends."""

    id: str
    label: str
    protocol: str


class KnownDataConsumer(Value, frozen=True):
    """A data channel on which one receives."""

    id: str
    data_producer_id: str
    peer_id: str
    label: str
    protocol: str
    sctp_stream_parameters: SctpStreamParameters | None


class Snapshot(Value, frozen=True):
    """All media of one peer."""

    transports: list[KnownTransport]
    producers: list[KnownProducer]
    consumers: list[KnownConsumer]
    data_producers: list[KnownDataProducer]
    data_consumers: list[KnownDataConsumer]

    @classmethod
    def of(cls, media: PeerMedia) -> Snapshot:
        """Say how ``media`` are now."""
        return cls(
            transports=[KnownTransport(each.id) for each in media.transports],
            producers=[KnownProducer(each.id, each.kind, each.paused, each.app_data) for each in media.producers],
            consumers=_consumers(media),
            data_producers=[KnownDataProducer(each.id, each.label, each.protocol) for each in media.data_producers],
            data_consumers=_data_consumers(media),
        )


def _consumers(media: PeerMedia) -> list[KnownConsumer]:
    known = []
    for each in media.subscriber.consumers:
        control, (owner_id, producer) = media.subscriber.control(each.id), media.subscriber.source_of(each.id)
        known.append(
            KnownConsumer(
                id=each.id,
                producer_id=producer.id,
                peer_id=owner_id,
                kind=each.kind,
                type=each.type,
                rtp_parameters=each.rtp_parameters,
                app_data=producer.app_data,
                producer_paused=each.producer_paused,
                paused=control.paused_for(Pause.CLIENT),
                suspended=control.paused_for(Pause.SUSPENDED),
            )
        )
    return known


def _data_consumers(media: PeerMedia) -> list[KnownDataConsumer]:
    known = []
    for each in media.data_subscriber.consumers:
        owner_id, producer = media.data_subscriber.source_of(each.id)
        known.append(
            KnownDataConsumer(
                id=each.id,
                data_producer_id=producer.id,
                peer_id=owner_id,
                label=each.label,
                protocol=each.protocol,
                sctp_stream_parameters=each.sctp_stream_parameters,
            )
        )
    return known
