"""
What ``data`` of each request may hold.

Types and the sizes of single fields are msgspec's to check; :mod:`app.signaling.bounds` has those of all lists and
texts below, the library's values included.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from app.errors import BadRequest
from app.mediasoup.data_structures import DtlsParameters, SctpStreamParameters
from app.mediasoup.rtp_parameters import MediaKind, RtpCapabilities, RtpParameters
from app.rtc.events import Device

from . import bounds

T = TypeVar("T")

#: Bytes of an ``appData`` as JSON.
MAX_APP_DATA = 4_096

ObjectId = Annotated[str, Meta(min_length=1, max_length=64)]
Layer = Annotated[int, Meta(ge=0, le=255)]
#: The cameras of how many speakers are sent; ``None`` for all.
LastN = Annotated[int, Meta(ge=0, le=1_000)] | None
Priority = Annotated[int, Meta(ge=1, le=255)]
#: A data channel's label or protocol.
ChannelText = Annotated[str, Meta(max_length=128)]
#: Kept as it came, so that its size is known; :func:`app_data` reads it.
AppData = msgspec.Raw


class Data(Struct, frozen=True, rename="camel", kw_only=True):
    """
    The data of a request; fields that are unknown are ignored.

    ``SUBJECT`` is the field that the library checks by itself, and whose parts it names without it.
    """

    SUBJECT: ClassVar[str] = ""


class Nothing(Data, frozen=True):
    """No data are needed."""


class Join(Data, frozen=True):
    """
    Who one is; without ``rtp_capabilities`` nothing will be received.

    ``dynacast``: the client understands ``producersPaused``.
    """

    SUBJECT = "rtpCapabilities"

    display_name: str = ""
    device: Device | None = None
    rtp_capabilities: RtpCapabilities | None = None
    sctp_capabilities: dict[str, Any] | None = None
    dynacast: bool | None = None


class Resume(Data, frozen=True):
    """The session that the client comes back to, and the ids of what it still has; it may know no data channels."""

    session_id: ObjectId
    transports: list[ObjectId]
    producers: list[ObjectId]
    consumers: list[ObjectId]
    data_producers: list[ObjectId] | None = None
    data_consumers: list[ObjectId] | None = None


class CreateWebRtcTransport(Data, frozen=True):
    """``sctp_capabilities`` ask for data channels; their content is not needed."""

    force_tcp: bool | None = None
    producing: bool | None = None
    consuming: bool | None = None
    sctp_capabilities: dict[str, Any] | None = None


class ConnectWebRtcTransport(Data, frozen=True):
    """The client's end of DTLS."""

    transport_id: ObjectId
    dtls_parameters: DtlsParameters


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


class Produce(Data, frozen=True):
    """Audio or video that the client sends."""

    SUBJECT = "rtpParameters"

    transport_id: ObjectId
    kind: MediaKind
    rtp_parameters: RtpParameters
    app_data: AppData = msgspec.Raw(b"{}")


class ProduceData(Data, frozen=True):
    """A data channel that the client sends on, for those with the ids ``to``, ``None`` for all."""

    SUBJECT = "sctpStreamParameters"

    transport_id: ObjectId
    sctp_stream_parameters: SctpStreamParameters
    label: ChannelText = ""
    protocol: ChannelText = ""
    app_data: AppData = msgspec.Raw(b"{}")
    to: list[ObjectId] | None = None


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

    display_name: str


class UpdateRoom(Data, frozen=True):
    """Fields of :class:`app.rtc.room_config.RoomConfig`; what is absent stays."""

    metadata: str | UnsetType = UNSET
    lobby: bool | UnsetType = UNSET
    unmute_allowed: bool | UnsetType = UNSET
    last_n: LastN | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """Give those that are not absent."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}


def read(schema: type[T], raw: msgspec.Raw) -> T:
    """Read ``data`` as ``schema``. Raises BadRequest, which names the field."""
    data: T = _decode(schema, raw, "data")
    bounds.check(data, "data")
    return data


def app_data(raw: AppData) -> dict[str, Any]:
    """Read an ``appData``. Raises BadRequest if it is too large, or no object."""
    if len(memoryview(raw)) > MAX_APP_DATA:
        raise BadRequest(f"data.appData: larger than {MAX_APP_DATA} bytes")
    value = _decode(dict[str, Any] | None, raw, "data.appData") or {}
    bounds.check(value, "data.appData")
    return value


def _decode(schema: Any, raw: msgspec.Raw, path: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=schema)
    except msgspec.MsgspecError as error:
        problem, _, where = str(error).partition(" - at `$")
        raise BadRequest(f"{path}{where.rstrip('`')}: {problem}") from error
    except RecursionError as error:
        raise BadRequest(f"{path}: too deeply nested") from error


def wire_path(schema: type[Data], path: str) -> str:
    """Turn a path of the library, such as ``codecs[0].payload_type``, into that of the client's field."""
    path = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), path)
    own = {field.encode_name for field in msgspec.structs.fields(schema)}
    outside = re.split(r"[.\[]", path)[0] not in own
    return ".".join(part for part in ("data", schema.SUBJECT if outside else "", path) if part)
