"""
ORTC negotiation: which codecs, header extensions and streams a router, its producers and its consumers use.

Pure functions over values: nothing that is given is changed, and what is returned may share parts with it. They port
mediasoup's ``node/src/ortc.ts``; where this differs from it, a comment says why.

Validation lives in :mod:`app.mediasoup.rtp_validation` and is offered here as well.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from . import h264
from .codec_matching import Codec, find_rtx, is_media, is_rtx, match_codecs
from .errors import InvalidValueError, UnsupportedError
from .rtp_mapping import CodecMapping, EncodingMapping, RtpMapping
from .rtp_parameters import (
    MediaKind,
    ParameterValue,
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtension,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxParameters,
)
from .rtp_validation import (
    codec_in_use,
    kind_of,
    validate_and_normalize_rtp_capabilities,
    validate_and_normalize_rtp_parameters,
    validate_and_normalize_sctp_stream_parameters,
    validate_media_codecs,
)
from .scalability_modes import parse_scalability_mode
from .supported_rtp_capabilities import (
    ABS_CAPTURE_TIME,
    ABS_SEND_TIME,
    DEPENDENCY_DESCRIPTOR,
    MID,
    SUPPORTED_RTP_CAPABILITIES,
    TRANSPORT_WIDE_CC,
    get_supported_rtp_capabilities,
)

__all__ = [
    "can_consume",
    "generate_router_rtp_capabilities",
    "get_consumable_rtp_parameters",
    "get_consumer_rtp_parameters",
    "get_pipe_consumer_rtp_parameters",
    "get_producer_rtp_parameters_mapping",
    "has_av1_layers",
    "validate_and_normalize_rtp_capabilities",
    "validate_and_normalize_rtp_parameters",
    "validate_and_normalize_sctp_stream_parameters",
    "with_own_ssrcs",
]

#: In the order in which routers hand them out.
DYNAMIC_PAYLOAD_TYPES: Final = (*range(100, 128), *range(96, 100))
#: Hop by hop: an SFU that pipes to another one keeps them to itself.
_NOT_FOR_PIPES: Final = frozenset({MID, ABS_SEND_TIME, TRANSPORT_WIDE_CC})


def generate_router_rtp_capabilities(
    media_codecs: Sequence[RtpCodecCapability] = (), *, layered_av1: bool = False
) -> RtpCapabilities:
    """
    Make a router's capabilities of the codecs it is to handle; video gets retransmission.

    ``layered_av1``: endpoints that know the dependency descriptor are to have AV1 with spatial layers. They can't tell
    its layers apart otherwise, and show none but the lowest. (mediasoup gives it to nobody: Chromium recovers more
    slowly from heavy loss with it, and AV1 of one spatial layer does without.)

    Raises :exc:`UnsupportedError` for a codec that the worker doesn't know.
    """
    supported = get_supported_rtp_capabilities()
    codecs: list[RtpCodecCapability] = []
    free = list(DYNAMIC_PAYLOAD_TYPES)
    for wanted in validate_media_codecs(media_codecs):
        codec = _router_codec(wanted, supported.codecs, free)
        if codec.preferred_payload_type in (other.preferred_payload_type for other in codecs):
            raise InvalidValueError("media_codecs", f"payload type {codec.preferred_payload_type} is there twice")
        codecs.append(codec)
        if codec.kind == "video":
            codecs.append(_router_rtx(codec, free))
    extensions = supported.header_extensions
    if layered_av1:
        extensions = [replace(e, direction="sendrecv") if e.uri == DEPENDENCY_DESCRIPTOR else e for e in extensions]
    return RtpCapabilities(codecs=codecs, header_extensions=extensions)


def get_producer_rtp_parameters_mapping(params: RtpParameters, caps: RtpCapabilities) -> RtpMapping:
    """
    Map a producer's payload types and streams to those of a router with the capabilities ``caps``.

    Raises :exc:`UnsupportedError` if the router lacks one of the codecs.
    """
    _check_streams_can_be_recognized(params)
    base_ssrc = _random_ssrc()
    return RtpMapping(
        codecs=[
            CodecMapping(payload_type=codec.payload_type, mapped_payload_type=_payload_type(router_codec))
            for codec, router_codec in _matched_codecs(params, caps)
        ],
        encodings=[
            EncodingMapping(ssrc=encoding.ssrc, rid=encoding.rid, mapped_ssrc=base_ssrc + index)
            for index, encoding in enumerate(params.encodings)
        ],
    )


def get_consumable_rtp_parameters(
    kind: MediaKind, params: RtpParameters, caps: RtpCapabilities, mapping: RtpMapping
) -> RtpParameters:
    """
    Tell a producer's parameters in its router's terms: what its consumers choose from.

    Of those that carry media, the codec that the encodings name comes first: that is how the worker knows it from now
    on. (mediasoup keeps the producer's order, and its worker may read packets as those of another codec.)
    """
    for index, codec in enumerate(params.codecs):
        if kind_of(codec.mime_type, f"codecs[{index}]") != kind:
            raise InvalidValueError(f"codecs[{index}].mime_type", f"{codec.mime_type!r} is not {kind}")
    in_use = codec_in_use(params)
    media_codecs = [codec for codec in params.codecs if not is_rtx(codec)]
    if in_use is not next(filter(is_media, media_codecs)):
        media_codecs.sort(key=lambda codec: codec is not in_use)
    return RtpParameters(
        codecs=[consumable for codec in media_codecs for consumable in _consumable_codecs(codec, caps, mapping)],
        header_extensions=[
            _extension_in_use(extension)
            for extension in caps.header_extensions
            if extension.kind == kind and _is_consumable(extension, params)
        ],
        encodings=[
            replace(encoding, ssrc=mapped.mapped_ssrc, rid=None, rtx=None, codec_payload_type=None)
            for encoding, mapped in zip(params.encodings, mapping.encodings, strict=True)
        ],
        rtcp=RtcpParameters(cname=params.rtcp.cname),
        msid=params.msid,
    )


def can_consume(consumable_params: RtpParameters, caps: RtpCapabilities) -> bool:
    """Tell whether an endpoint with the capabilities ``caps`` can consume a producer."""
    caps = validate_and_normalize_rtp_capabilities(caps)
    matching = [codec for codec in consumable_params.codecs if _find_capability(codec, caps)]
    # An RTX codec that comes first lacks the codec in front of it: it is not the one that the endpoint means.
    return any(map(is_media, matching)) and not is_rtx(matching[0])


def get_consumer_rtp_parameters(
    *,
    consumable_rtp_parameters: RtpParameters,
    remote_rtp_capabilities: RtpCapabilities,
    pipe: bool,
    enable_rtx: bool,
) -> RtpParameters:
    """
    Make a consumer's parameters: what its endpoint knows of its producer's, as one stream unless it is a ``pipe``.

    ``remote_rtp_capabilities`` must be normal, as :func:`validate_and_normalize_rtp_capabilities` gives them.
    Raises :exc:`UnsupportedError` if the endpoint knows none of the codecs.
    """
    consumable = consumable_rtp_parameters
    caps = remote_rtp_capabilities
    known = {(extension.uri, extension.preferred_id) for extension in caps.header_extensions}
    extensions = [e for e in consumable.header_extensions if (e.uri, e.id) in known]
    codecs = _consumer_codecs(consumable.codecs, caps, enable_rtx)
    with_rtx = any(map(is_rtx, codecs))
    return replace(
        consumable,
        codecs=_with_one_bandwidth_estimation(codecs, {extension.uri for extension in extensions}),
        header_extensions=extensions,
        encodings=_pipe_encodings(consumable.encodings, with_rtx)
        if pipe
        else [_consumer_encoding(consumable.encodings, with_rtx)],
    )


def with_own_ssrcs(parameters: RtpParameters) -> RtpParameters:
    """Give a consumer's parameters for another consumer: the same, with SSRCs of its own."""
    (encoding,) = parameters.encodings
    return replace(parameters, encodings=[_with_ssrc(encoding, with_rtx=encoding.rtx is not None)])


def get_pipe_consumer_rtp_parameters(*, consumable_rtp_parameters: RtpParameters, enable_rtx: bool) -> RtpParameters:
    """Make the parameters of a consumer that feeds another router: all streams, and no bandwidth estimation."""
    consumable = consumable_rtp_parameters
    codecs = [
        replace(codec, rtcp_feedback=[fb for fb in codec.rtcp_feedback if _is_for_pipes(fb, enable_rtx)])
        for codec in consumable.codecs
        if enable_rtx or not is_rtx(codec)
    ]
    return replace(
        consumable,
        codecs=codecs,
        header_extensions=_pipe_header_extensions(consumable.header_extensions),
        encodings=_pipe_encodings(consumable.encodings, any(map(is_rtx, codecs))),
    )


def _router_codec(
    wanted: RtpCodecCapability, supported: Sequence[RtpCodecCapability], free: list[int]
) -> RtpCodecCapability:
    """Complete a codec by what the worker knows of it; a payload type that it takes leaves ``free``."""
    codec = next((codec for codec in supported if match_codecs(wanted, codec, strict=False)), None)
    if codec is None:
        raise UnsupportedError(f"the worker doesn't know the codec {_describe(wanted)}")
    payload_type = wanted.preferred_payload_type
    if payload_type is None:
        payload_type = codec.preferred_payload_type
    if payload_type is None:
        payload_type = _take(free)
    elif payload_type in free:
        free.remove(payload_type)
    return replace(codec, preferred_payload_type=payload_type, parameters={**codec.parameters, **wanted.parameters})


def _router_rtx(codec: RtpCodecCapability, free: list[int]) -> RtpCodecCapability:
    return RtpCodecCapability(
        kind=codec.kind,
        mime_type=f"{codec.kind}/rtx",
        preferred_payload_type=_take(free),
        clock_rate=codec.clock_rate,
        parameters={"apt": _payload_type(codec)},
    )


def _take(free: list[int]) -> int:
    if not free:
        raise InvalidValueError("media_codecs", "there are more than dynamic payload types")
    return free.pop(0)


def _payload_type(codec: RtpCodecCapability) -> int:
    """Give the payload type of a router's codec, which always has one."""
    if codec.preferred_payload_type is None:
        raise InvalidValueError("codecs", f"{_describe(codec)} has no preferred payload type")
    return codec.preferred_payload_type


def _describe(codec: Codec) -> str:
    return f"{codec.mime_type}/{codec.clock_rate}" + (f"/{codec.channels}" if codec.channels else "")


def _check_streams_can_be_recognized(params: RtpParameters) -> None:
    """Check that the worker can tell the streams of a producer from each other, and from other producers'."""
    for index, encoding in enumerate(params.encodings):
        named = encoding.ssrc is not None or encoding.rid
        if not named and (len(params.encodings) > 1 or not params.mid):
            raise InvalidValueError(f"encodings[{index}]", "has neither ssrc nor rid")


def _matched_codecs(
    params: RtpParameters, caps: RtpCapabilities
) -> Iterator[tuple[RtpCodecParameters, RtpCodecCapability]]:
    """Go through a producer's codecs with the router's codec for each: first all others, then RTX."""
    matched: dict[int, RtpCodecCapability] = {}
    for codec in params.codecs:
        if is_rtx(codec):
            continue
        router_codec = next((c for c in caps.codecs if match_codecs(codec, c, strict=True)), None)
        if router_codec is None:
            raise UnsupportedError(f"the router doesn't know the codec {_describe(codec)}")
        if router_codec in matched.values():
            # The worker would take its consumers' payload types as repeated.
            raise InvalidValueError("codecs", f"{_describe(codec)} is there twice")
        matched[codec.payload_type] = router_codec
        yield codec, router_codec
    for codec in filter(is_rtx, params.codecs):
        router_codec = next((c for pt, c in matched.items() if pt == codec.parameters.get("apt")), None)
        if router_codec is None:
            raise InvalidValueError("codecs", f"RTX of payload type {codec.payload_type} has no codec")
        rtx = find_rtx(caps.codecs, _payload_type(router_codec))
        if rtx is None:
            raise UnsupportedError(f"the router doesn't retransmit {_describe(router_codec)}")
        yield codec, rtx


def _consumable_codecs(
    codec: RtpCodecParameters, caps: RtpCapabilities, mapping: RtpMapping
) -> Iterator[RtpCodecParameters]:
    """Tell a producer's codec, and its RTX if the router has it, in the router's terms."""
    mapped = next(m.mapped_payload_type for m in mapping.codecs if m.payload_type == codec.payload_type)
    router_codec = next(c for c in caps.codecs if c.preferred_payload_type == mapped)
    # The parameters remain the producer's: they describe what it sends.
    yield replace(_as_parameters(router_codec), parameters=_answered_parameters(codec, router_codec))
    rtx = find_rtx(caps.codecs, mapped)
    if rtx:
        yield _as_parameters(rtx)


def _as_parameters(codec: RtpCodecCapability) -> RtpCodecParameters:
    return RtpCodecParameters(
        mime_type=codec.mime_type,
        payload_type=_payload_type(codec),
        clock_rate=codec.clock_rate,
        channels=codec.channels,
        parameters=codec.parameters,
        rtcp_feedback=codec.rtcp_feedback,
    )


def _answered_parameters(codec: RtpCodecParameters, router_codec: RtpCodecCapability) -> dict[str, ParameterValue]:
    """Give a codec's parameters with the H264 profile and level on which both sides agree."""
    if codec.mime_type.lower() != "video/h264":
        return codec.parameters
    answer = h264.profile_level_id_for_answer(codec.parameters, router_codec.parameters)
    rest = {name: value for name, value in codec.parameters.items() if name != "profile-level-id"}
    return rest if answer is None else {**rest, "profile-level-id": answer}


def _is_consumable(extension: RtpHeaderExtension, params: RtpParameters) -> bool:
    if extension.uri == ABS_CAPTURE_TIME:
        # It is taken from the producer's packets as it is. A consumer that is told of one that never comes would, as
        # the source of a pipe, make the next worker wait for it.
        return any(offered.uri == ABS_CAPTURE_TIME for offered in params.header_extensions)
    if extension.uri == DEPENDENCY_DESCRIPTOR and not has_av1_layers(params):
        return False
    return extension.direction in ("sendrecv", "sendonly")


def has_av1_layers(params: RtpParameters) -> bool:
    """Whether a stream is AV1 of several spatial layers."""
    is_av1 = codec_in_use(params).mime_type.lower() == "video/av1"
    return is_av1 and parse_scalability_mode(params.encodings[0].scalability_mode).spatial_layers > 1


def _extension_in_use(extension: RtpHeaderExtension) -> RtpHeaderExtensionParameters:
    return RtpHeaderExtensionParameters(
        uri=extension.uri, id=extension.preferred_id, encrypt=extension.preferred_encrypt
    )


def _find_capability(codec: RtpCodecParameters, caps: RtpCapabilities) -> RtpCodecCapability | None:
    return next((capability for capability in caps.codecs if match_codecs(capability, codec, strict=True)), None)


def _consumer_codecs(
    consumable: Sequence[RtpCodecParameters], caps: RtpCapabilities, enable_rtx: bool
) -> list[RtpCodecParameters]:
    """Choose the codecs that the endpoint knows, with the feedback that it gives."""
    codecs = []
    for codec in consumable:
        capability = _find_capability(codec, caps)
        if capability is None or (is_rtx(codec) and not enable_rtx):
            continue
        feedback = [fb for fb in capability.rtcp_feedback if enable_rtx or not _is_plain_nack(fb)]
        codecs.append(replace(codec, rtcp_feedback=feedback))
    others = {codec.payload_type for codec in codecs if not is_rtx(codec)}
    codecs = [codec for codec in codecs if not is_rtx(codec) or codec.parameters["apt"] in others]
    if not any(map(is_media, codecs)):
        raise UnsupportedError("the endpoint knows none of the producer's codecs")
    return codecs


def _is_plain_nack(feedback: RtcpFeedback) -> bool:
    return feedback.type == "nack" and not feedback.parameter


def _is_for_pipes(feedback: RtcpFeedback, enable_rtx: bool) -> bool:
    key_frame_request = (feedback.type, feedback.parameter) in (("nack", "pli"), ("ccm", "fir"))
    return key_frame_request or (enable_rtx and _is_plain_nack(feedback))


def _with_one_bandwidth_estimation(
    codecs: Sequence[RtpCodecParameters], extensions: set[str]
) -> list[RtpCodecParameters]:
    """Keep the feedback of the one estimation for which there is a header extension: transport-cc, else REMB."""
    if TRANSPORT_WIDE_CC in extensions:
        unusable = {"goog-remb"}
    elif ABS_SEND_TIME in extensions:
        unusable = {"transport-cc"}
    else:
        unusable = {"goog-remb", "transport-cc"}
    return [
        replace(codec, rtcp_feedback=[fb for fb in codec.rtcp_feedback if fb.type not in unusable]) for codec in codecs
    ]


def _pipe_header_extensions(
    extensions: Sequence[RtpHeaderExtensionParameters],
) -> list[RtpHeaderExtensionParameters]:
    """Leave out what belongs to one hop, and add the dependency descriptor, which no other consumer gets."""
    kept = [extension for extension in extensions if extension.uri not in _NOT_FOR_PIPES]
    if all(extension.uri != DEPENDENCY_DESCRIPTOR for extension in kept):
        supported = SUPPORTED_RTP_CAPABILITIES.header_extensions
        kept.append(_extension_in_use(next(e for e in supported if e.uri == DEPENDENCY_DESCRIPTOR)))
    return sorted(kept, key=lambda extension: extension.id)


def _consumer_encoding(consumable: Sequence[RtpEncodingParameters], with_rtx: bool) -> RtpEncodingParameters:
    """Make the one stream of a consumer; simulcast streams become its spatial layers."""
    # All streams are taken to have the same mode.
    mode = next((encoding.scalability_mode for encoding in consumable if encoding.scalability_mode), None)
    if len(consumable) > 1:
        mode = f"L{len(consumable)}T{parse_scalability_mode(mode).temporal_layers}"
    max_bitrate = max((encoding.max_bitrate or 0 for encoding in consumable), default=0) or None
    return _with_ssrc(RtpEncodingParameters(scalability_mode=mode, max_bitrate=max_bitrate), with_rtx=with_rtx)


def _with_ssrc(encoding: RtpEncodingParameters, *, with_rtx: bool) -> RtpEncodingParameters:
    ssrc = _random_ssrc()
    return replace(encoding, ssrc=ssrc, rtx=RtxParameters(ssrc=ssrc + 1) if with_rtx else None)


def _pipe_encodings(consumable: Sequence[RtpEncodingParameters], with_rtx: bool) -> list[RtpEncodingParameters]:
    """Give every stream SSRCs of its own."""
    ssrc = _random_ssrc()
    rtx_ssrc = ssrc + len(consumable)
    return [
        replace(encoding, ssrc=ssrc + i, rtx=RtxParameters(ssrc=rtx_ssrc + i) if with_rtx else None)
        for i, encoding in enumerate(consumable)
    ]


def _random_ssrc() -> int:
    """Choose an SSRC that leaves room for more above it."""
    return 100_000_000 + secrets.randbelow(900_000_000)
