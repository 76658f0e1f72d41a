"""
Validation of what clients and operators give: RTP capabilities, RTP parameters, SCTP stream parameters.

Every function gives a normalized copy and raises :exc:`InvalidValueError` with the field's path. Beyond what
mediasoup's ``node/src/ortc.ts`` checks, it refuses what the worker would refuse, and what would harm it: the worker
trusts us.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from .codec_matching import C, is_media, is_rtx
from .data_structures import SctpStreamParameters
from .errors import InvalidValueError
from .rtp_parameters import (
    MediaKind,
    ParameterValue,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtension,
    RtpHeaderExtensionParameters,
    RtpParameters,
)
from .scalability_modes import ScalabilityMode, parse_scalability_mode

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")

#: Of any list or mapping; a browser's longest has about 60.
MAX_ITEMS: Final = 256
#: In bytes. What a mid, rid (RFC 8285) or cname (RFC 3550) may take in a packet; other names get no more.
MAX_NAME_LENGTH: Final = 255
#: In bytes, of a codec's or header extension's own parameter.
MAX_PARAMETER_LENGTH: Final = 1024
#: In bytes. The worker matches it with ``std::regex``, which uses stack for every character.
MAX_SCALABILITY_MODE_LENGTH: Final = 32
#: Simulcast streams of a producer; consumers call them spatial layers.
MAX_ENCODINGS: Final = 8
#: Spatial and temporal. No codec has more; the worker keeps a counter of 1 KiB for each pair of them.
MAX_LAYERS: Final = 8
#: RTP has 7 bits for it, and the worker indexes a table of that size without a check.
MAX_PAYLOAD_TYPE: Final = 127
#: RFC 8832, section 6: 65535 is reserved.
MAX_SCTP_STREAM_ID: Final = 65534

_MIME_TYPE = re.compile(r"(audio|video)/.+", re.IGNORECASE)
# The worker's RTP/Codecs/Tools.hpp.
_SIMULCAST_CODECS = frozenset({"video/vp8", "video/h264"})
_LAYERED_CODECS = _SIMULCAST_CODECS | {"video/vp9", "video/av1"}


def validate_and_normalize_rtp_capabilities(caps: RtpCapabilities) -> RtpCapabilities:
    """Check capabilities of a client or a router, and fill in what is missing."""
    caps = _checked(caps, RtpCapabilities)
    return RtpCapabilities(
        codecs=[_normalize_codec_capability(codec, path) for path, codec in _each(caps.codecs, "codecs")],
        header_extensions=[
            _normalize_header_extension(extension, path)
            for path, extension in _each(caps.header_extensions, "header_extensions")
        ],
    )


def validate_and_normalize_rtp_parameters(params: RtpParameters) -> RtpParameters:
    """
    Check a producer's parameters, and fill in what is missing.

    Missing encodings stay so: it is for the transport to add one.
    """
    params = _checked(params, RtpParameters)
    params = replace(
        params,
        mid=_optional_name(params.mid, "mid"),
        msid=_optional_name(params.msid, "msid"),
        codecs=[_normalize_codec_parameters(codec, path) for path, codec in _each(params.codecs, "codecs")],
        header_extensions=[
            _normalize_header_extension_parameters(extension, path)
            for path, extension in _each(params.header_extensions, "header_extensions")
        ],
        encodings=[
            _normalize_encoding(encoding, path)
            for path, encoding in _each(params.encodings, "encodings", MAX_ENCODINGS)
        ],
        rtcp=replace(params.rtcp, cname=_optional_name(params.rtcp.cname, "rtcp.cname")),
    )
    _check_codecs(params.codecs)
    _check_encodings(params)
    return params


def validate_and_normalize_sctp_stream_parameters(params: SctpStreamParameters) -> SctpStreamParameters:
    """
    Check a data channel's parameters, and decide whether it is ordered if they don't say.

    As in the worker, a limit of 0 is no limit.
    """
    params = _checked(params, SctpStreamParameters)
    if params.stream_id > MAX_SCTP_STREAM_ID:
        raise InvalidValueError("stream_id", f"{params.stream_id} is above {MAX_SCTP_STREAM_ID}")
    unreliable = bool(params.max_packet_life_time or params.max_retransmits)
    if params.max_packet_life_time and params.max_retransmits:
        raise InvalidValueError("max_retransmits", "can't be given together with max_packet_life_time")
    if params.ordered and unreliable:
        raise InvalidValueError("ordered", "can't be given with max_packet_life_time or max_retransmits")
    return replace(params, ordered=not unreliable if params.ordered is None else params.ordered)


def validate_media_codecs(media_codecs: Sequence[RtpCodecCapability]) -> list[RtpCodecCapability]:
    """Check the codecs from which a router is to be made, and fill in what is missing."""
    if not isinstance(media_codecs, Sequence):
        raise InvalidValueError("media_codecs", "is not a list")
    return [
        _normalize_codec_capability(_checked(codec, RtpCodecCapability, f"{path}."), path)
        for path, codec in _each(media_codecs, "media_codecs")
    ]


def kind_of(mime_type: str, path: str) -> MediaKind:
    """Give the kind of a codec from its MIME type; ``path`` is the codec's."""
    _check_text(mime_type, f"{path}.mime_type", MAX_NAME_LENGTH)
    match = _MIME_TYPE.fullmatch(mime_type)
    if not match:
        raise InvalidValueError(f"{path}.mime_type", f"{mime_type!r} is neither audio nor video")
    return "audio" if match[1].lower() == "audio" else "video"


def codec_in_use(params: RtpParameters) -> RtpCodecParameters:
    """
    Give the one codec that all encodings of a producer carry: the first for media, unless they name another.

    Encodings of different codecs are refused: the worker would read one codec's packets as another's.
    """
    media = {codec.payload_type: codec for codec in params.codecs if is_media(codec)}
    if not media:
        raise InvalidValueError("codecs", "there is none that carries media")
    first = next(iter(media))
    used = [first if e.codec_payload_type is None else e.codec_payload_type for e in params.encodings] or [first]
    for path, payload_type in _each(used, "encodings"):
        if payload_type not in media:
            raise InvalidValueError(f"{path}.codec_payload_type", "is not that of a codec that carries media")
        if payload_type != used[0]:
            raise InvalidValueError(f"{path}.codec_payload_type", "differs from that of another encoding")
    return media[used[0]]


def _checked(value: S, type_: type[S], prefix: str = "") -> S:
    """Give a copy of ``value`` that shares nothing with it, once all its types and ranges are known to be right."""
    try:
        return msgspec.convert(msgspec.to_builtins(value), type_)
    except (msgspec.ValidationError, TypeError) as error:
        problem, _, path = str(error).partition(" - at `$")
        path = prefix + path.strip("`").removeprefix(".")
        raise InvalidValueError(_snake_case(path).strip("."), problem) from error


def _snake_case(path: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", path)


def _each(items: Sequence[T], path: str, limit: int = MAX_ITEMS) -> Iterator[tuple[str, T]]:
    """Go through a list, with the path of each item."""
    if len(items) > limit:
        raise InvalidValueError(path, f"{len(items)} are more than {limit}")
    return ((f"{path}[{index}]", item) for index, item in enumerate(items))


def _check_text(text: str, path: str, limit: int) -> None:
    """Check that ``text`` can be written to the worker, and has at most ``limit`` bytes there."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidValueError(path, f"has a character that is none: {error.reason}") from error
    if size > limit:
        raise InvalidValueError(path, f"is longer than {limit} bytes")
    if "\0" in text:
        raise InvalidValueError(path, "has a zero character")


def _required_name(text: str, path: str) -> None:
    if not text:
        raise InvalidValueError(path, "is empty")
    _check_text(text, path, MAX_NAME_LENGTH)


def _optional_name(text: str | None, path: str) -> str | None:
    _check_text(text or "", path, MAX_NAME_LENGTH)
    return text or None


def _check_payload_type(payload_type: int | None, path: str) -> None:
    if payload_type is not None and payload_type > MAX_PAYLOAD_TYPE:
        raise InvalidValueError(path, f"{payload_type} is above {MAX_PAYLOAD_TYPE}")


def _normalize_codec_capability(codec: RtpCodecCapability, path: str) -> RtpCodecCapability:
    _check_payload_type(codec.preferred_payload_type, f"{path}.preferred_payload_type")
    # Whatever kind it says: its MIME type knows better.
    return replace(_normalize_codec(codec, path), kind=kind_of(codec.mime_type, path))


def _normalize_codec_parameters(codec: RtpCodecParameters, path: str) -> RtpCodecParameters:
    _check_payload_type(codec.payload_type, f"{path}.payload_type")
    return _normalize_codec(codec, path)


def _normalize_codec(codec: C, path: str) -> C:
    audio = kind_of(codec.mime_type, path) == "audio"
    parameters = _normalize_parameters(codec.parameters, f"{path}.parameters")
    if not isinstance(parameters.get("apt", 0), int):
        raise InvalidValueError(f"{path}.parameters.apt", "is not an integer")
    for item_path, feedback in _each(codec.rtcp_feedback, f"{path}.rtcp_feedback"):
        _required_name(feedback.type, f"{item_path}.type")
        _check_text(feedback.parameter, f"{item_path}.parameter", MAX_NAME_LENGTH)
    channels = None
    if audio:
        channels = 1 if codec.channels is None else codec.channels
    return replace(codec, channels=channels, parameters=parameters)


def _normalize_parameters(parameters: Mapping[str, ParameterValue], path: str) -> dict[str, ParameterValue]:
    if len(parameters) > MAX_ITEMS:
        raise InvalidValueError(path, f"{len(parameters)} are more than {MAX_ITEMS}")
    for name in parameters:
        _check_text(name, path, MAX_NAME_LENGTH)
    return {name: _normalize_parameter(value, f"{path}.{name}") for name, value in parameters.items()}


def _normalize_parameter(value: ParameterValue, path: str) -> int | float | str:
    if isinstance(value, bool | list):
        raise InvalidValueError(path, "is neither a number nor a string")
    if isinstance(value, str):
        _check_text(value, path, MAX_PARAMETER_LENGTH)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidValueError(path, "is not finite")
        # JSON knows no difference between 96 and 96.0.
        return int(value) if value.is_integer() else value
    return value


def _normalize_header_extension(extension: RtpHeaderExtension, path: str) -> RtpHeaderExtension:
    _required_name(extension.uri, f"{path}.uri")
    return extension


def _normalize_header_extension_parameters(
    extension: RtpHeaderExtensionParameters, path: str
) -> RtpHeaderExtensionParameters:
    _required_name(extension.uri, f"{path}.uri")
    if extension.id == 0:
        raise InvalidValueError(f"{path}.id", "0 is reserved")
    parameters = _normalize_parameters(extension.parameters, f"{path}.parameters")
    return replace(extension, parameters=parameters)


def _normalize_encoding(encoding: RtpEncodingParameters, path: str) -> RtpEncodingParameters:
    for ssrc, owner in ((encoding.ssrc, path), (encoding.rtx and encoding.rtx.ssrc, f"{path}.rtx")):
        if ssrc == 0:
            raise InvalidValueError(f"{owner}.ssrc", "0 means none to the worker")
    return replace(
        encoding,
        # The worker aborts if an encoding's RID comes with one SSRC and its own SSRC comes later.
        rid=_optional_name(encoding.rid, f"{path}.rid") if encoding.ssrc is None else None,
        scalability_mode=_normalize_scalability_mode(encoding.scalability_mode, f"{path}.scalability_mode"),
    )


def _normalize_scalability_mode(text: str | None, path: str) -> str | None:
    _check_text(text or "", path, MAX_SCALABILITY_MODE_LENGTH)
    mode = parse_scalability_mode(text)
    if max(mode.spatial_layers, mode.temporal_layers) > MAX_LAYERS:
        raise InvalidValueError(path, f"{text!r} has more than {MAX_LAYERS} layers")
    return text or None


def _check_codecs(codecs: Sequence[RtpCodecParameters]) -> None:
    """Check what the codecs of a producer must have in common."""
    _check_distinct([codec.payload_type for codec in codecs], "codecs", "payload type")
    targets = {codec.payload_type for codec in codecs if not is_rtx(codec)}
    for path, codec in _each(codecs, "codecs"):
        if is_rtx(codec) and codec.parameters.get("apt") not in targets:
            raise InvalidValueError(f"{path}.parameters.apt", "must be the payload type of a codec other than RTX")


def _check_encodings(params: RtpParameters) -> None:
    """Check what the encodings of a producer must have in common, and that their codec can do it."""
    encodings = params.encodings
    ssrcs = [encoding.ssrc for encoding in encodings] + [e.rtx.ssrc for e in encodings if e.rtx]
    _check_distinct([ssrc for ssrc in ssrcs if ssrc is not None], "encodings", "ssrc")
    _check_distinct([encoding.rid for encoding in encodings if encoding.rid], "encodings", "rid")
    codec = codec_in_use(params)
    for path, encoding in _each(encodings, "encodings"):
        _check_layers(parse_scalability_mode(encoding.scalability_mode), codec, len(encodings), path)


def _check_layers(mode: ScalabilityMode, codec: RtpCodecParameters, encodings: int, path: str) -> None:
    layered = max(mode.spatial_layers, mode.temporal_layers) > 1
    if encodings > 1 and codec.mime_type.lower() not in _SIMULCAST_CODECS:
        raise InvalidValueError(path, f"{codec.mime_type} knows no simulcast")
    if encodings > 1 and mode.spatial_layers > 1:
        raise InvalidValueError(f"{path}.scalability_mode", "simulcast streams can't have spatial layers")
    if layered and codec.mime_type.lower() not in _LAYERED_CODECS:
        raise InvalidValueError(f"{path}.scalability_mode", f"{codec.mime_type} knows no layers")


def _check_distinct(values: Sequence[int | str], path: str, name: str) -> None:
    repeated = [value for value, times in Counter(values).items() if times > 1]
    if repeated:
        raise InvalidValueError(path, f"{name} {repeated[0]!r} is there twice")
