"""Hypothesis strategies: routers, and producers and endpoints that get on with them."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.mediasoup.codec_matching import is_rtx
from app.mediasoup.ortc import generate_router_rtp_capabilities
from app.mediasoup.rtp_parameters import (
    MediaKind,
    ParameterValue,
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxParameters,
)

#: How to run tests with them: time says nothing about them on a busy machine.
patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

T = TypeVar("T")
Parameters = dict[str, ParameterValue]
RtpCodecs = st.SearchStrategy[RtpCodecCapability]

names = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
parameter_values: st.SearchStrategy[ParameterValue] = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer()),
)
parameters = st.dictionaries(names, parameter_values, max_size=2)
feedback = st.builds(
    RtcpFeedback,
    type=st.sampled_from(["nack", "ccm", "goog-remb", "transport-cc", "foo"]),
    parameter=st.sampled_from(["", "pli", "fir"]),
)

_h264: st.SearchStrategy[Parameters] = st.fixed_dictionaries(
    {},
    optional={
        "profile-level-id": st.sampled_from(["42e01f", "42001f", "42e034", "4d0032", "640c1f", "64001f", "foobar"]),
        "packetization-mode": st.sampled_from([0, 1]),
        "level-asymmetry-allowed": st.sampled_from([0, 1, "1"]),
        "foo": parameter_values,
    },
)
_vp9: st.SearchStrategy[Parameters] = st.fixed_dictionaries({}, optional={"profile-id": st.sampled_from([0, 1, 2])})
_six_channels: Parameters = {"channel_mapping": "0,4,1,2,3,5", "num_streams": 4, "coupled_streams": 2}


def _audio(name: str, clock_rate: int, channels: int, own: st.SearchStrategy[Parameters]) -> RtpCodecs:
    return st.builds(
        RtpCodecCapability,
        kind=st.just("audio"),
        mime_type=st.just(f"audio/{name}"),
        clock_rate=st.just(clock_rate),
        channels=st.just(channels),
        parameters=own,
    )


def _video(name: str, own: st.SearchStrategy[Parameters]) -> RtpCodecs:
    return st.builds(
        RtpCodecCapability,
        kind=st.just("video"),
        mime_type=st.just(f"video/{name}"),
        clock_rate=st.just(90000),
        parameters=own,
    )


_media_codecs = st.one_of(
    _audio("opus", 48000, 2, parameters),
    _audio("multiopus", 48000, 6, st.just(_six_channels)),
    _audio("PCMU", 8000, 1, parameters),
    _audio("telephone-event", 48000, 1, parameters),
    _video("VP8", parameters),
    _video("VP9", _vp9),
    _video("H264", _h264),
    _video("AV1", parameters),
)


def _is_complete(codecs: list[RtpCodecCapability]) -> bool:
    return any(codec.mime_type != "audio/telephone-event" for codec in codecs)


@st.composite
def routers(draw: st.DrawFn) -> RtpCapabilities:
    """Give the capabilities of a router."""
    codecs = draw(st.lists(_media_codecs, min_size=1, max_size=6, unique_by=_identity).filter(_is_complete))
    return generate_router_rtp_capabilities(codecs)


def _identity(codec: RtpCodecCapability) -> tuple[str, str]:
    # Several of the same name make sense only with profiles.
    profile = codec.parameters if codec.mime_type in ("video/VP9", "video/H264") else {}
    return codec.mime_type, str(sorted(profile.items()))


@st.composite
def endpoints(draw: st.DrawFn, router: RtpCapabilities) -> RtpCapabilities:
    """Give the capabilities of an endpoint that knows some of what ``router`` does."""
    return RtpCapabilities(
        codecs=[
            replace(codec, rtcp_feedback=draw(st.lists(feedback, max_size=6))) for codec in draw(_some(router.codecs))
        ],
        header_extensions=draw(_some(router.header_extensions)),
    )


def _some(items: list[T]) -> st.SearchStrategy[list[T]]:
    """Leave out a few, and keep the order."""
    return st.sets(st.integers(0, len(items)), max_size=4).map(
        lambda left_out: [item for index, item in enumerate(items) if index not in left_out]
    )


@st.composite
def producers(draw: st.DrawFn, router: RtpCapabilities) -> tuple[MediaKind, RtpParameters]:
    """Give the kind and parameters of a producer, all of whose codecs have the names of some of ``router``."""
    main = draw(st.sampled_from([codec for codec in router.codecs if codec.mime_type not in _NOT_ALONE]))
    others = [c for c in router.codecs if c.kind == main.kind and c is not main and not is_rtx(c)]
    codecs: list[RtpCodecParameters] = []
    for payload_type, codec in enumerate([main, *draw(_some(others))], start=40):
        codecs.append(_sent(codec.mime_type, payload_type, codec, {**codec.parameters, **draw(parameters)}))
        if main.kind == "video" and draw(st.booleans()):
            codecs.append(_sent("video/rtx", payload_type + 40, codec, {"apt": payload_type}))
    return main.kind, RtpParameters(
        mid=draw(st.none() | names),
        codecs=codecs,
        header_extensions=[
            RtpHeaderExtensionParameters(uri=extension.uri, id=index)
            for index, extension in enumerate(draw(_some(router.header_extensions)), start=1)
            if extension.kind == main.kind
        ],
        encodings=draw(_encodings(main.mime_type)),
        rtcp=RtcpParameters(cname=draw(st.none() | names)),
        msid=draw(st.none() | names),
    )


_NOT_ALONE = ("audio/telephone-event", "video/rtx")


def _sent(mime_type: str, payload_type: int, codec: RtpCodecCapability, own: Parameters) -> RtpCodecParameters:
    return RtpCodecParameters(
        mime_type=mime_type,
        payload_type=payload_type,
        clock_rate=codec.clock_rate,
        channels=codec.channels,
        parameters=own,
        rtcp_feedback=codec.rtcp_feedback[1:],
    )


@st.composite
def _encodings(draw: st.DrawFn, mime_type: str) -> list[RtpEncodingParameters]:
    """Give the streams of a producer: one or, where the codec can, several, by SSRC or by RID."""
    layered = mime_type.startswith("video/")
    count = draw(st.integers(1, 3)) if mime_type in ("video/VP8", "video/H264") else 1
    mode = draw(st.sampled_from([None, "foo", "L1T3", "S1T2"] if layered else [None, "foo"]))
    ssrc = draw(st.none() | st.integers(1, 2**31))
    return [
        RtpEncodingParameters(
            ssrc=ssrc and ssrc + 2 * index,
            rid=None if ssrc else f"r{index}",
            rtx=RtxParameters(ssrc=ssrc + 2 * index + 1) if ssrc and draw(st.booleans()) else None,
            scalability_mode=mode,
            max_bitrate=draw(st.none() | st.integers(0, 2**40)),
            dtx=draw(st.booleans()),
        )
        for index in range(count)
    ]
