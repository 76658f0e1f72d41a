"""What the other parts of a room are told of a peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.mediasoup.producer import Producer

from .dynacast import top_layer
from .facts import DataProducerFact, PeerFact, ProducerFact
from .peer import Peer

if TYPE_CHECKING:
    from .room import Room


def portrait_of(peer: Peer, room: Room) -> PeerFact:
    """Say all of ``peer`` that others need, for as long as nothing of it changes."""
    hand, admission = room.hands.get(peer.id), peer.admission
    return PeerFact(
        id=peer.id,
        identity=peer.identity,
        since=peer.since,
        display_name=peer.display_name,
        device=peer.device,
        grants=peer.grants,
        role=peer.role,
        metadata=peer.metadata,
        attributes=peer.attributes,
        joined_at=peer.joined_at,
        away=peer.away,
        waits_in_lobby=peer.waits_in_lobby,
        waiting=peer in room.lobby,
        granted=(peer.grants, peer.role) != (admission.grants, admission.role),
        described=(peer.metadata, peer.attributes) != (admission.metadata, admission.attributes),
        hand=None if hand is None else hand.raised_at,
        lowered_by=room.hands.lowered_by.get(peer.id),
        quality=room.exchange.quality.told_of(peer),
        lost=peer.media.lost,
        producers=[_producer(each) for each in peer.media.producers],
        data_producers=_data_producers(peer, room),
    )


def _producer(producer: Producer) -> ProducerFact:
    return ProducerFact(
        id=producer.id,
        kind=producer.kind,
        type=producer.type,
        codec=producer.rtp_parameters.codecs[0].mime_type,
        app_data=producer.app_data,
        paused=producer.paused,
        top_layer=top_layer(producer) if producer.kind == "video" else 0,
    )


def _data_producers(peer: Peer, room: Room) -> list[DataProducerFact]:
    facts = []
    for each in peer.media.data_producers:
        audience = room.exchange.audience_of(each.id)
        members = None if audience is None else sorted(audience.members)
        facts.append(DataProducerFact(each.id, each.label, each.protocol, each.app_data, members))
    return facts
