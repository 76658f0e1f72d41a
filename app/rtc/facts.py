"""
Facts: what a part of a room lets the other parts know of itself, as values and as texts on the bus.

The version is in the key of each: what another release means by them is not read here, and its people are not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from loguru import logger

from app.auth.grants import Grants
from app.mediasoup.rtp_parameters import MediaKind

from .events import Actor, Device, PeerInfo
from .subscription_events import PeerQuality

#: To be raised with every change after which texts would be read wrongly.
VERSION: Final = "1"
#: The key of the fact about the part itself, and the beginning of those about its peers.
PART, PEER = f"{VERSION}:part", f"{VERSION}:peer:"


class Fact(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Something that is known of a part, or of somebody in it."""


class PartFact(Fact, frozen=True):
    """A part itself. Its router is another one after its worker died, and so is what ``pipes`` names."""

    router_id: str
    pipes: str


class ProducerFact(Fact, frozen=True):
    """
    Audio or video that a peer sends. ``codec`` is a MIME type; ``top_layer`` the highest spatial layer, from 0.
    """

    id: str
    kind: MediaKind
    type: str
    codec: str
    app_data: dict[str, Any] = {}
    paused: bool = False
    top_layer: int = 0


class DataProducerFact(Fact, frozen=True):
    """A data channel on which a peer sends; ``audience``: peer ids with their identities, ``None``: it is for all."""

    id: str
    label: str = ""
    protocol: str = ""
    app_data: dict[str, Any] = {}
    audience: list[tuple[str, str]] | None = None


class PeerFact(Fact, frozen=True, kw_only=True):
    """
    Somebody who is connected to a part.

    ``since``: when it came, in milliseconds since 1970. ``waiting``: it is in the lobby. ``granted`` and ``described``:
    grants and role, or metadata and attributes, are otherwise than its token says. ``hand``: since when it is up;
    ``lowered_by``: the moderator who took it down last. ``lost``: its worker died, and with it all that it sent.
    """

    id: str
    identity: str
    since: int
    display_name: str
    device: Device
    grants: Grants
    role: str | None = None
    metadata: str = ""
    attributes: Mapping[str, str] = {}
    joined_at: datetime | None = None
    away: bool = False
    waits_in_lobby: bool = False
    waiting: bool = False
    granted: bool = False
    described: bool = False
    hand: int | None = None
    lowered_by: Actor | None = None
    quality: PeerQuality | None = None
    lost: bool = False
    producers: list[ProducerFact] = []
    data_producers: list[DataProducerFact] = []

    @property
    def joined(self) -> bool:
        """Whether it takes part in the call."""
        return self.joined_at is not None

    @property
    def visible(self) -> bool:
        """Whether others know of it."""
        return self.joined and not self.grants.hidden

    @property
    def info(self) -> PeerInfo:
        """What others may know."""
        return PeerInfo(
            id=self.id,
            display_name=self.display_name,
            device=self.device,
            metadata=self.metadata,
            attributes=self.attributes,
            role=self.role,
        )


T = TypeVar("T")

encode = msgspec.json.Encoder().encode


def decode(text: bytes, kind: type[T]) -> T | None:
    """Read a text of the bus; ``None``, and a line in the log, if it makes no sense here."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        logger.warning("something on the bus can't be read: {}", error)
        return None
