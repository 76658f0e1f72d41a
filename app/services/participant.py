"""What is told of those in a call to those who moderate it from outside."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.auth.grants import Grants
from app.mediasoup.producer import Producer
from app.rtc import permissions
from app.rtc.facts import PeerFact, ProducerFact
from app.rtc.peer import Peer, source_of
from app.rtc.quality import Quality
from app.rtc.room import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """
    A stream of audio or video that a participant sends.

    ``score``, 0 to 10, is ``None`` until it is known, and for those who are on another node.
    """

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

    @classmethod
    def of_fact(cls, fact: ProducerFact) -> Track:
        return cls(
            producer_id=fact.id,
            kind=fact.kind,
            source=permissions.source_of(fact.kind, fact.app_data),
            paused=fact.paused,
            score=None,
            type=fact.type,
            codec=fact.codec,
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
    def of(cls, peer: Peer | PeerFact, room: Room) -> Participant:
        """Look at somebody in any part of ``room``."""
        if isinstance(peer, PeerFact):
            quality = None if peer.quality is None else peer.quality.quality
            lobby, tracks = peer.waiting, [Track.of_fact(each) for each in peer.producers]
        else:
            quality = peer.quality
            lobby, tracks = peer in room.lobby, [Track.of(each) for each in peer.media.producers]
        return cls(
            peer_id=peer.id,
            identity=peer.identity,
            display_name=peer.display_name,
            role=peer.role,
            joined_at=peer.joined_at,
            lobby=lobby,
            permissions=words_for(peer.grants),
            metadata=peer.metadata,
            attributes=peer.attributes,
            quality=quality,
            tracks=tracks,
        )


def words_for(grants: Grants) -> dict[str, Any]:
    """Word what somebody may do."""
    sources = grants.can_publish_sources
    return dataclasses.asdict(grants) | {"can_publish_sources": None if sources is None else sorted(sources)}
