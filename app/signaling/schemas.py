"""
What ``data`` of each request may hold.

All is msgspec's to check, in one pass: every text, list and object has its bound in its type, the library's values
included. Only an ``appData`` may hold anything, and so is looked through by :mod:`app.signaling.bounds`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from app.errors import BadRequest
from app.mediasoup.data_structures import DtlsParameters, SctpStreamParameters
from app.mediasoup.rtp_parameters import MediaKind, RtpCapabilities, RtpParameters, Text, UpTo100
from app.mediasoup.srtp_parameters import SrtpCryptoSuite, SrtpParameters
from app.rtc.events import Device
from app.rtc.self_description import MAX_METADATA

from . import bounds

D = TypeVar("D", bound="Data")

ObjectId = Annotated[str, Meta(min_length=1, max_length=64)]
Layer = Annotated[int, Meta(ge=0, le=255)]
#: The cameras of how many speakers are sent; ``None`` for all.
LastN = Annotated[int, Meta(ge=0, le=1_000)] | None
Priority = Annotated[int, Meta(ge=1, le=255)]
Port = Annotated[int, Meta(ge=1, le=65_535)]
#: A data channel's label or protocol.
ChannelText = Annotated[str, Meta(max_length=128)]
Metadata = Annotated[str, Meta(max_length=MAX_METADATA)]
#: As many as fit into a message that is not too large anyway.
Ids = Annotated[list[ObjectId], Meta(max_length=10_000)]

#: How msgspec says that something is too large, and how we do.
EXCESSES = (("str", r"longer than \1 characters"), ("array|object", r"more than \1 items"))


class Data(Struct, frozen=True, rename="camel", kw_only=True):
    """
    The data of a request; fields that are unknown are ignored.

    ``SUBJECT`` is the field that the library checks by itself, and whose parts it names without it.
    """

    SUBJECT: ClassVar[str] = ""

    def check(self) -> None:
        """Check what types can't say. Raises BadRequest."""


class Ignored(Struct, frozen=True):
    """An object whose content is not needed."""


class Nothing(Data, frozen=True):
    """No data are needed."""


class Join(Data, frozen=True):
    """
    Who one is; without ``rtp_capabilities`` nothing will be received.

    ``dynacast``: the client understands ``producersPaused``.
    """

    SUBJECT = "rtpCapabilities"

    display_name: Text = ""
    device: Device | None = None
    rtp_capabilities: RtpCapabilities | None = None
    sctp_capabilities: Ignored | None = None
    dynacast: bool | None = None


class Resume(Data, frozen=True):
    """The session that the client comes back to, and the ids of what it still has; it may know no data channels."""

    session_id: ObjectId
    transports: Ids
    producers: Ids
    consumers: Ids
    data_producers: Ids | None = None
    data_consumers: Ids | None = None


class CreateWebRtcTransport(Data, frozen=True):
    """``sctp_capabilities`` ask for data channels; their content is not needed."""

    force_tcp: bool | None = None
    producing: bool | None = None
    consuming: bool | None = None
    sctp_capabilities: Ignored | None = None


class ConnectWebRtcTransport(Data, frozen=True):
    """The client's end of DTLS."""

    transport_id: ObjectId
    dtls_parameters: DtlsParameters


class CreatePlainTransport(Data, frozen=True):
    """RTP without ICE and DTLS, as mediasoup has it; ``srtp_crypto_suite`` counts with ``enable_srtp``."""

    producing: bool | None = None
    consuming: bool | None = None
    rtcp_mux: bool = True
    comedia: bool = False
    enable_srtp: bool = False
    srtp_crypto_suite: SrtpCryptoSuite = "AES_CM_128_HMAC_SHA1_80"


class ConnectPlainTransport(Data, frozen=True):
    """The client's end of RTP: what of it is needed, and what is too much, the transport's options say."""

    SUBJECT = "srtpParameters"

    transport_id: ObjectId
    ip: Text | None = None
    port: Port | None = None
    rtcp_port: Port | None = None
    srtp_parameters: SrtpParameters | None = None


class OfTransport(Data, frozen=True):
    """A transport of one's own."""

    transport_id: ObjectId


class OfProducer(Data, frozen=True):
    """A producer of one's own."""

    producer_id: ObjectId


class OfConsumer(Data, frozen=True):
    """A consumer of one's own."""

    consumer_id: ObjectId


class OfDataProducer(Data, frozen=True):
    """A data producer of one's own."""

    data_producer_id: ObjectId


class OfDataConsumer(Data, frozen=True):
    """A data consumer of one's own."""

    data_consumer_id: ObjectId


class OfPeer(Data, frozen=True):
    """Anybody in the room."""

    peer_id: ObjectId


class MutePeer(Data, frozen=True):
    """Anybody in the room, and one of its producers; ``None`` means all that can be heard."""

    peer_id: ObjectId
    producer_id: ObjectId | None = None


class _Sending(Data, frozen=True, kw_only=True):
    """What the client sends, with whatever its program says of it."""

    app_data: Annotated[dict[str, Any], Meta(max_length=bounds.MAX_ITEMS)] | None = None

    def check(self) -> None:
        if self.app_data:
            bounds.check(self.app_data, "data.appData")


class Produce(_Sending, frozen=True, kw_only=True):
    """Audio or video that the client sends."""

    SUBJECT = "rtpParameters"

    transport_id: ObjectId
    kind: MediaKind
    rtp_parameters: RtpParameters


class ProduceData(_Sending, frozen=True, kw_only=True):
    """A data channel that the client sends on, for those with the ids ``to``, ``None`` for all."""

    SUBJECT = "sctpStreamParameters"

    transport_id: ObjectId
    sctp_stream_parameters: SctpStreamParameters
    label: ChannelText = ""
    protocol: ChannelText = ""
    to: UpTo100[ObjectId] | None = None


class SetConsumerPreferredLayers(Data, frozen=True):
    """Layers at most, counted from 0."""

    consumer_id: ObjectId
    spatial_layer: Layer
    temporal_layer: Layer | None = None


class SetConsumerPriority(Data, frozen=True):
    """How early the consumer gets its share of the bandwidth; 1 is the least."""

    consumer_id: ObjectId
    priority: Priority


class PreferredLayers(Data, frozen=True):
    """Layers at most, counted from 0."""

    spatial_layer: Layer
    temporal_layer: Layer | None = None


class SetSubscription(Data, frozen=True):
    """Either ``auto``, or what is wanted of one producer; what is absent stays."""

    auto: bool | None = None
    producer_id: ObjectId | None = None
    subscribed: bool | None = None
    preferred_layers: PreferredLayers | UnsetType | None = UNSET
    priority: Priority | None = None
    visible: bool | None = None


class SetLastN(Data, frozen=True):
    """How many cameras the client wants to get."""

    last_n: LastN


class ChangeDisplayName(Data, frozen=True):
    """Another name for oneself."""

    display_name: Text


class UpdateRoom(Data, frozen=True):
    """Fields of :class:`app.rtc.room_config.RoomConfig`; what is absent stays."""

    metadata: Metadata | UnsetType = UNSET
    lobby: bool | UnsetType = UNSET
    unmute_allowed: bool | UnsetType = UNSET
    last_n: LastN | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """Give those that are not absent."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}


def read(schema: type[D], raw: msgspec.Raw) -> D:
    """Read ``data`` as ``schema``. Raises BadRequest, which names the field."""
    try:
        data = msgspec.json.decode(raw, type=schema)
    except msgspec.MsgspecError as error:
        raise BadRequest(_in_our_words(str(error))) from error
    except RecursionError as error:
        raise BadRequest("data: too deeply nested") from error
    data.check()
    return data


def _in_our_words(problem: str) -> str:
    """Turn msgspec's words for what is wrong into ours, which say first where it is."""
    what, _, where = problem.partition(" - at `")
    of_key, _, path = where.rpartition("$")
    for kind, excess in EXCESSES:
        what = re.sub(rf"^Expected `(?:{kind})` of length <= (\d+)$", excess, what)
    return f"data{path.rstrip('`')}: {'a key: ' if of_key else ''}{what}"


def wire_path(schema: type[Data], path: str) -> str:
    """Turn a path of the library, such as ``codecs[0].payload_type``, into that of the client's field."""
    path = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), path)
    own = {field.encode_name for field in msgspec.structs.fields(schema)}
    outside = re.split(r"[.\[]", path)[0] not in own
    return ".".join(part for part in ("data", schema.SUBJECT if outside else "", path) if part)
