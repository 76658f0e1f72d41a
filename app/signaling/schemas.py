"""
What ``data`` of each request may hold.

Types and the sizes of single fields are msgspec's to check; :func:`read` bounds in one place what all lists and
texts below may hold, the library's values included, so that nobody makes work or mirrors megabytes with them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.errors import BadRequest
from app.mediasoup.data_structures import DtlsParameters, SctpStreamParameters
from app.mediasoup.rtp_parameters import MediaKind, RtpCapabilities, RtpParameters
from app.rtc.chat import MAX_TEXT as MAX_CHAT_TEXT
from app.rtc.company import MAX_PAYLOAD
from app.rtc.events import Device
from app.rtc.self_description import MAX_METADATA

T = TypeVar("T")

#: Nothing that real clients send comes near these.
MAX_ITEMS, MAX_TEXT, MAX_DEPTH = 100, 512, 16
#: Texts with a bound of their own, by their place.
MAX_TEXT_OF = {"data.text": MAX_CHAT_TEXT, "data.metadata": MAX_METADATA, "data.payload": MAX_PAYLOAD}
#: Lists with a bound of their own; none has a smaller one than ``MIN_ITEMS``.
MAX_ITEMS_OF = {"encodings": 32, "headerExtensions": 64, "rtcpFeedback": 32, "parameters": 32}
MIN_ITEMS = 32
_SCALARS = frozenset((bool, int, float, type(None)))
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


class Data(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
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
    if not _is_small(data):
        _check(data, "data", 0)
    return data


def app_data(raw: AppData) -> dict[str, Any]:
    """Read an ``appData``. Raises BadRequest if it is too large, or no object."""
    if len(memoryview(raw)) > MAX_APP_DATA:
        raise BadRequest(f"data.appData: larger than {MAX_APP_DATA} bytes")
    value = _decode(dict[str, Any] | None, raw, "data.appData") or {}
    if not _is_small(value):
        _check(value, "data.appData", 0)
    return value


def _decode(schema: Any, raw: msgspec.Raw, path: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=schema)
    except msgspec.MsgspecError as error:
        problem, _, where = str(error).partition(" - at `$")
        raise BadRequest(f"{path}{where.rstrip('`')}: {problem}") from error
    except RecursionError as error:
        raise BadRequest(f"{path}: too deeply nested") from error


def _is_small(value: object, depth: int = 0) -> bool:
    """
    Say whether nothing in ``value`` comes near a bound, as nothing does in what honest clients send.

    :func:`_check` takes a hundred times as long, since it knows each bound and the way to it. Only what is not small
    is worth that.
    """
    if isinstance(value, msgspec.Struct):
        items: Collection[object] = msgspec.structs.astuple(value)
    elif isinstance(value, list):
        items = value
    elif isinstance(value, dict):
        items = (*value, *value.values())
    else:
        return not isinstance(value, str) or len(value) <= MAX_TEXT
    if len(items) > MIN_ITEMS or depth == MAX_DEPTH:
        return False
    for item in items:
        kind = type(item)
        if kind is str:
            if len(item) > MAX_TEXT:  # type: ignore[arg-type]
                return False
        elif kind not in _SCALARS and not _is_small(item, depth + 1):
            return False
    return True


def _check(value: object, path: str, depth: int) -> None:
    """Refuse what is larger than anything an honest client sends."""
    if isinstance(value, str):
        if len(value) > (limit := MAX_TEXT_OF.get(path, MAX_TEXT)):
            raise BadRequest(f"{path}: longer than {limit} characters")
    elif isinstance(value, msgspec.Struct | dict | list):
        name = path.rpartition(".")[2]
        limit = MAX_ITEMS_OF.get(name, MAX_ITEMS)
        if not isinstance(value, msgspec.Struct) and len(value) > limit:
            raise BadRequest(f"{path}: more than {limit} items")
        if depth == MAX_DEPTH:
            raise BadRequest(f"{path}: nested deeper than {MAX_DEPTH} levels")
        for place, item in _items(value):
            _check(item, path + place, depth + 1)


def _items(value: msgspec.Struct | dict[Any, Any] | list[Any]) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, "a key", 0)
            yield f".{key}", item
    else:
        for place, name in _fields(type(value)):
            yield place, getattr(value, name)


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Give the place of each field in a path, and its name. There are as many kinds as schemas."""
    return tuple((f".{field.encode_name}", field.name) for field in msgspec.structs.fields(kind))


def wire_path(schema: type[Data], path: str) -> str:
    """Turn a path of the library, such as ``codecs[0].payload_type``, into that of the client's field."""
    path = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), path)
    own = {field.encode_name for field in msgspec.structs.fields(schema)}
    outside = re.split(r"[.\[]", path)[0] not in own
    return ".".join(part for part in ("data", schema.SUBJECT if outside else "", path) if part)
