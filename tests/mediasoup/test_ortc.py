"""Negotiation: from the codecs of a router to the parameters of a consumer."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.mediasoup.codec_matching import is_media, is_rtx
from app.mediasoup.errors import InvalidValueError, UnsupportedError
from app.mediasoup.ortc import (
    can_consume,
    generate_router_rtp_capabilities,
    get_consumable_rtp_parameters,
    get_consumer_rtp_parameters,
    get_pipe_consumer_rtp_parameters,
    get_producer_rtp_parameters_mapping,
    validate_and_normalize_rtp_parameters,
)
from app.mediasoup.router import Router
from app.mediasoup.rtp_mapping import CodecMapping
from app.mediasoup.rtp_parameters import (
    MediaKind,
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
from app.mediasoup.supported_rtp_capabilities import (
    ABS_CAPTURE_TIME,
    ABS_SEND_TIME,
    DEPENDENCY_DESCRIPTOR,
    MID,
    SUPPORTED_RTP_CAPABILITIES,
    TRANSPORT_WIDE_CC,
)
from app.mediasoup.webrtc_transport import WebRtcTransport

from .rtp_strategies import endpoints, patient, producers, routers

NACK = RtcpFeedback(type="nack")
PLI = RtcpFeedback(type="nack", parameter="pli")
FIR = RtcpFeedback(type="ccm", parameter="fir")
REMB = RtcpFeedback(type="goog-remb")
TRANSPORT_CC = RtcpFeedback(type="transport-cc")

H264: dict[str, Any] = {"packetization-mode": 1, "profile-level-id": "4d0032"}


def audio(name: str = "opus", clock_rate: int = 48000, channels: int | None = 2, **own: Any) -> RtpCodecCapability:
    return RtpCodecCapability(
        kind="audio", mime_type=f"audio/{name}", clock_rate=clock_rate, channels=channels, parameters=own
    )


def video(name: str, payload_type: int | None = None, /, **own: Any) -> RtpCodecCapability:
    return RtpCodecCapability(
        kind="video",
        mime_type=f"video/{name}",
        clock_rate=90000,
        preferred_payload_type=payload_type,
        parameters={key.replace("_", "-"): value for key, value in own.items()},
    )


def sent(mime_type: str, payload_type: int, /, *, channels: int | None = None, **own: Any) -> RtpCodecParameters:
    """Give a codec as a client sends it."""
    return RtpCodecParameters(
        mime_type=mime_type,
        payload_type=payload_type,
        clock_rate=48000 if channels else 90000,
        channels=channels,
        parameters={key.replace("_", "-"): value for key, value in own.items()},
    )


OPUS = sent("audio/opus", 111, channels=2)
VP8 = sent("video/VP8", 96)
VP9 = sent("video/VP9", 98)


def producer(*codecs: RtpCodecParameters, **rest: Any) -> RtpParameters:
    encodings = rest.pop("encodings", [RtpEncodingParameters(ssrc=1111)])
    return RtpParameters(codecs=list(codecs), encodings=encodings, **rest)


def consumable(kind: MediaKind, params: RtpParameters, router: RtpCapabilities) -> RtpParameters:
    mapping = get_producer_rtp_parameters_mapping(params, router)
    return get_consumable_rtp_parameters(kind, params, router, mapping)


def consumer(params: RtpParameters, caps: RtpCapabilities, *, pipe: bool = False, rtx: bool = True) -> RtpParameters:
    return get_consumer_rtp_parameters(
        consumable_rtp_parameters=params, remote_rtp_capabilities=caps, pipe=pipe, enable_rtx=rtx
    )


def pipe_consumer(params: RtpParameters, *, rtx: bool = False) -> RtpParameters:
    return get_pipe_consumer_rtp_parameters(consumable_rtp_parameters=params, enable_rtx=rtx)


def without(caps: RtpCapabilities, *uris: str) -> RtpCapabilities:
    return replace(caps, header_extensions=[e for e in caps.header_extensions if e.uri not in uris])


def uris(params: RtpParameters) -> list[str]:
    return [extension.uri for extension in params.header_extensions]


# Routers.


def test_a_router_completes_its_codecs_and_retransmits_video() -> None:
    opus, vp8, vp8_rtx, h264, h264_rtx = generate_router_rtp_capabilities(
        [
            audio(useinbandfec=1, foo="bar"),
            video("VP8", 125),
            replace(video("h264", level_asymmetry_allowed=1, profile_level_id="42e01f", foo="bar"), rtcp_feedback=[]),
        ]
    ).codecs
    assert opus == replace(
        audio(useinbandfec=1, foo="bar"), preferred_payload_type=100, rtcp_feedback=[NACK, TRANSPORT_CC]
    )
    assert vp8 == replace(video("VP8", 125), rtcp_feedback=[NACK, PLI, FIR, REMB, TRANSPORT_CC])
    assert vp8_rtx == video("rtx", 101, apt=125)
    assert (h264.mime_type, h264.preferred_payload_type, h264.rtcp_feedback) == ("video/H264", 102, vp8.rtcp_feedback)
    assert h264.parameters == {"level-asymmetry-allowed": 1, "profile-level-id": "42e01f", "foo": "bar"}
    assert h264_rtx == video("rtx", 103, apt=102)


def test_a_router_without_codecs_still_has_header_extensions() -> None:
    caps = generate_router_rtp_capabilities()
    assert caps.codecs == []
    assert caps.header_extensions == SUPPORTED_RTP_CAPABILITIES.header_extensions


def test_a_static_payload_type_leaves_the_dynamic_ones_alone() -> None:
    pcmu, opus = generate_router_rtp_capabilities([audio("pcmu", 8000, 1), audio()]).codecs
    assert (pcmu.mime_type, pcmu.preferred_payload_type) == ("audio/PCMU", 0)
    assert opus.preferred_payload_type == 100


@pytest.mark.parametrize(
    "codec", [audio("chicken", 8000, 4), audio(channels=1), audio(channels=None), video("H265"), video("rtx", apt=96)]
)
def test_a_codec_that_the_worker_lacks_is_unsupported(codec: RtpCodecCapability) -> None:
    with pytest.raises(UnsupportedError):
        generate_router_rtp_capabilities([codec])


def test_payload_types_come_to_an_end() -> None:
    assert len(generate_router_rtp_capabilities([audio()] * 32).codecs) == 32
    with pytest.raises(InvalidValueError, match="media_codecs: there are more than"):
        generate_router_rtp_capabilities([audio()] * 33)
    with pytest.raises(InvalidValueError, match="media_codecs: there are more than"):
        generate_router_rtp_capabilities([video("VP8")] * 17)


@pytest.mark.parametrize("codecs", [[video("VP8", 110), video("VP9", 110)], [video("VP8"), video("VP9", 101)]])
def test_no_payload_type_is_given_twice(codecs: list[RtpCodecCapability]) -> None:
    with pytest.raises(InvalidValueError, match="twice"):
        generate_router_rtp_capabilities(codecs)


def test_who_changes_a_routers_capabilities_changes_no_other_router() -> None:
    caps = generate_router_rtp_capabilities([audio()])
    caps.codecs[0].rtcp_feedback.clear()
    caps.header_extensions.clear()
    assert generate_router_rtp_capabilities([audio()]).codecs[0].rtcp_feedback == [NACK, TRANSPORT_CC]


@patient
@given(st.data())
def test_a_routers_payload_types_are_unique_and_each_video_codec_has_rtx(data: st.DataObject) -> None:
    codecs = data.draw(routers()).codecs
    payload_types = [codec.preferred_payload_type for codec in codecs]
    assert None not in payload_types
    assert len(set(payload_types)) == len(payload_types)
    retransmitted = [codec.parameters["apt"] for codec in codecs if is_rtx(codec)]
    assert retransmitted == [c.preferred_payload_type for c in codecs if c.kind == "video" and not is_rtx(c)]


# Producers.

ROUTER = generate_router_rtp_capabilities([audio(), video("VP8"), video("VP9"), video("H264", **H264)])
SIMULCAST = producer(
    sent("video/H264", 111, **H264, foo=1234),
    sent("video/rtx", 112, apt=111),
    encodings=[
        RtpEncodingParameters(
            ssrc=11, rtx=RtxParameters(ssrc=12), max_bitrate=111111, scalability_mode="L1T3", codec_payload_type=111
        ),
        RtpEncodingParameters(ssrc=21, rtx=RtxParameters(ssrc=22), max_bitrate=333333, scalability_mode="L1T3"),
        RtpEncodingParameters(rid="high", max_bitrate=222222, scalability_mode="L1T3", dtx=True),
    ],
    header_extensions=[RtpHeaderExtensionParameters(uri=MID, id=1)],
    rtcp=RtcpParameters(cname="qwerty1234"),
    msid="stream track",
)


def test_codecs_and_streams_are_mapped_to_the_routers() -> None:
    mapping = get_producer_rtp_parameters_mapping(SIMULCAST, ROUTER)
    assert mapping.codecs == [
        CodecMapping(payload_type=111, mapped_payload_type=105),
        CodecMapping(payload_type=112, mapped_payload_type=106),
    ]
    assert [(encoding.ssrc, encoding.rid) for encoding in mapping.encodings] == [(11, None), (21, None), (None, "high")]
    first, *others = [encoding.mapped_ssrc for encoding in mapping.encodings]
    assert others == [first + 1, first + 2]


def test_two_producers_have_other_ssrcs() -> None:
    one, other = (get_producer_rtp_parameters_mapping(SIMULCAST, ROUTER) for _ in range(2))
    assert one.encodings[0].mapped_ssrc != other.encodings[0].mapped_ssrc


@pytest.mark.parametrize(
    "codec",
    [
        sent("video/AV1", 120),
        sent("video/H264", 120, packetization_mode=1, profile_level_id="640032"),
        sent("video/H264", 120, packetization_mode=0, profile_level_id="4d0032"),
        sent("video/H264", 120, packetization_mode=1, profile_level_id=420010),
        sent("video/VP9", 120, profile_id=2),
        sent("audio/opus", 120, channels=1),
        sent("video/foo/rtx", 120, apt=120),
    ],
)
def test_a_codec_that_the_router_lacks_is_unsupported(codec: RtpCodecParameters) -> None:
    with pytest.raises(UnsupportedError):
        get_producer_rtp_parameters_mapping(producer(codec), ROUTER)


def test_rtx_that_the_router_lacks_is_unsupported() -> None:
    router = replace(ROUTER, codecs=[codec for codec in ROUTER.codecs if not is_rtx(codec)])
    with pytest.raises(UnsupportedError, match="retransmit"):
        get_producer_rtp_parameters_mapping(producer(VP8, sent("video/rtx", 97, apt=96)), router)


@pytest.mark.parametrize("own", [{}, {"apt": 95}, {"apt": 97}, {"apt": "96"}, {"apt": [96]}])
def test_rtx_of_nothing_is_refused_even_if_nobody_validated(own: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError, match="RTX"):
        get_producer_rtp_parameters_mapping(producer(VP8, sent("video/rtx", 97, **own)), ROUTER)


def test_two_codecs_that_are_one_to_the_router_are_refused() -> None:
    # Its consumers would have the payload type twice, which the worker refuses.
    with pytest.raises(InvalidValueError, match="twice"):
        get_producer_rtp_parameters_mapping(producer(VP8, sent("video/vp8", 100)), ROUTER)


def test_a_router_must_have_payload_types() -> None:
    router = replace(ROUTER, codecs=[video("VP8")])
    with pytest.raises(InvalidValueError, match="no preferred payload type"):
        get_producer_rtp_parameters_mapping(producer(VP8), router)


def test_streams_must_be_recognizable() -> None:
    by_mid = producer(VP8, mid="0", encodings=[RtpEncodingParameters()])
    assert get_producer_rtp_parameters_mapping(by_mid, ROUTER).encodings
    for params in (replace(by_mid, mid=None), replace(by_mid, encodings=[*SIMULCAST.encodings, *by_mid.encodings])):
        with pytest.raises(InvalidValueError, match="neither ssrc nor rid"):
            get_producer_rtp_parameters_mapping(params, ROUTER)


def test_the_kind_of_a_producer_is_that_of_its_codecs() -> None:
    mapping = get_producer_rtp_parameters_mapping(producer(VP8), ROUTER)
    with pytest.raises(InvalidValueError) as caught:
        get_consumable_rtp_parameters("audio", producer(VP8), ROUTER, mapping)
    assert caught.value.path == "codecs[0].mime_type"


# What consumers choose from.


def test_consumable_parameters_speak_of_the_same_in_the_routers_terms() -> None:
    mapping = get_producer_rtp_parameters_mapping(SIMULCAST, ROUTER)
    params = get_consumable_rtp_parameters("video", SIMULCAST, ROUTER, mapping)
    h264, rtx = params.codecs
    assert (h264.mime_type, h264.payload_type, h264.clock_rate) == ("video/H264", 105, 90000)
    # The producer's own parameters, and all feedback that the router takes.
    assert h264.parameters == {**H264, "foo": 1234}
    assert h264.rtcp_feedback == [NACK, PLI, FIR, REMB, TRANSPORT_CC]
    assert (rtx.mime_type, rtx.payload_type, rtx.parameters) == ("video/rtx", 106, {"apt": 105})
    assert params.encodings == [
        RtpEncodingParameters(
            ssrc=mapped.mapped_ssrc,
            max_bitrate=encoding.max_bitrate,
            scalability_mode=encoding.scalability_mode,
            dtx=encoding.dtx,
        )
        for encoding, mapped in zip(SIMULCAST.encodings, mapping.encodings, strict=True)
    ]
    assert params.rtcp == RtcpParameters(cname="qwerty1234", reduced_size=True)
    assert (params.msid, params.mid) == ("stream track", None)


def test_consumable_header_extensions_are_those_that_the_router_sends() -> None:
    sends = {
        extension.uri
        for extension in ROUTER.header_extensions
        if extension.kind == "video" and extension.direction == "sendrecv"
    }
    assert set(uris(consumable("video", SIMULCAST, ROUTER))) == sends - {ABS_CAPTURE_TIME}


def test_capture_time_is_announced_only_if_it_comes() -> None:
    with_it = producer(VP8, header_extensions=[RtpHeaderExtensionParameters(uri=ABS_CAPTURE_TIME, id=9)])
    assert ABS_CAPTURE_TIME in uris(consumable("video", with_it, ROUTER))
    assert ABS_CAPTURE_TIME not in uris(consumable("video", producer(VP8), ROUTER))


@pytest.mark.parametrize(
    ("codec", "mode", "gets_it"), [("AV1", "L3T3_KEY", True), ("AV1", "L1T3", False), ("VP9", "L3T3_KEY", False)]
)
def test_av1_with_spatial_layers_comes_with_what_tells_them_apart_where_the_router_was_made_for_it(
    codec: str, mode: str, gets_it: bool
) -> None:
    params = producer(sent(f"video/{codec}", 96), encodings=[RtpEncodingParameters(ssrc=1, scalability_mode=mode)])
    usual = generate_router_rtp_capabilities([video(codec)])
    assert DEPENDENCY_DESCRIPTOR not in uris(consumable("video", params, usual))
    router = generate_router_rtp_capabilities([video(codec)], layered_av1=True)
    assert (DEPENDENCY_DESCRIPTOR in uris(consumable("video", params, router))) == gets_it
    assert sorted(ext.uri for ext in router.header_extensions) == sorted(ext.uri for ext in usual.header_extensions)


def test_the_level_of_h264_is_the_one_on_which_both_agree() -> None:
    router = generate_router_rtp_capabilities([video("H264", packetization_mode=1, profile_level_id="42e01f")])
    high = producer(sent("video/H264", 100, packetization_mode=1, profile_level_id="42e034"))
    assert consumable("video", high, router).codecs[0].parameters["profile-level-id"] == "42e01f"


def test_h264_without_profile_stays_without() -> None:
    router = generate_router_rtp_capabilities([video("H264")])
    params = producer(sent("video/H264", 100, profile_level_id="", foo=1))
    assert consumable("video", params, router).codecs[0].parameters == {"foo": 1}


def test_the_codec_that_the_encodings_name_comes_first() -> None:
    named = producer(VP8, VP9, encodings=[RtpEncodingParameters(ssrc=1, codec_payload_type=98)])
    names = [codec.mime_type for codec in consumable("video", named, ROUTER).codecs]
    assert names == ["video/VP9", "video/rtx", "video/VP8", "video/rtx"]
    names = [codec.mime_type for codec in consumable("video", producer(VP8, VP9), ROUTER).codecs]
    assert names == ["video/VP8", "video/rtx", "video/VP9", "video/rtx"]


# Who can consume.


def test_an_endpoint_that_knows_the_codec_can_consume() -> None:
    assert can_consume(consumable("video", SIMULCAST, ROUTER), ROUTER)


@pytest.mark.parametrize(
    "codecs",
    [
        [],
        [audio()],
        [video("VP8"), video("rtx", apt=101)],
        [video("H264", packetization_mode=1, profile_level_id="640032")],
        [video("H264", packetization_mode=0, profile_level_id="4d0032")],
    ],
)
def test_an_endpoint_that_knows_no_codec_cannot(codecs: list[RtpCodecCapability]) -> None:
    caps = RtpCapabilities(codecs=codecs)
    params = consumable("video", SIMULCAST, ROUTER)
    assert not can_consume(params, caps)
    with pytest.raises(UnsupportedError):
        consumer(params, caps)


def test_tones_alone_are_no_audio() -> None:
    router = generate_router_rtp_capabilities([audio(), audio("telephone-event", 48000, 1)])
    params = consumable("audio", producer(OPUS, sent("audio/telephone-event", 110, channels=1)), router)
    tones = RtpCapabilities(codecs=[audio("telephone-event", 48000, 1)])
    assert can_consume(params, router)
    assert not can_consume(params, tones)
    with pytest.raises(UnsupportedError):
        consumer(params, tones)


def test_wrong_capabilities_are_an_error_and_not_a_no() -> None:
    caps = RtpCapabilities(codecs=[replace(video("VP8"), mime_type="foo")])
    with pytest.raises(InvalidValueError):
        can_consume(consumable("video", SIMULCAST, ROUTER), caps)


# Consumers.


def test_a_consumer_gets_simulcast_as_one_stream_with_layers() -> None:
    params = consumer(consumable("video", SIMULCAST, ROUTER), ROUTER)
    (encoding,) = params.encodings
    assert encoding.ssrc is not None
    assert encoding == RtpEncodingParameters(
        ssrc=encoding.ssrc,
        rtx=RtxParameters(ssrc=encoding.ssrc + 1),
        scalability_mode="L3T3",
        max_bitrate=333333,
    )
    assert [codec.mime_type for codec in params.codecs] == ["video/H264", "video/rtx"]
    assert params.codecs[0].parameters == {**H264, "foo": 1234}
    assert (params.rtcp.cname, params.msid) == ("qwerty1234", "stream track")


@pytest.mark.parametrize(("mode", "expected"), [("L3T3_KEY", "L3T3_KEY"), ("L1T1", "L1T1"), (None, None)])
def test_a_single_stream_keeps_its_mode(mode: str | None, expected: str | None) -> None:
    params = producer(VP9, encodings=[RtpEncodingParameters(ssrc=1, scalability_mode=mode)])
    (encoding,) = consumer(consumable("video", params, ROUTER), ROUTER).encodings
    assert (encoding.scalability_mode, encoding.max_bitrate) == (expected, None)


def test_simulcast_without_mode_has_one_temporal_layer() -> None:
    params = producer(VP8, encodings=[RtpEncodingParameters(rid=rid) for rid in "abc"])
    assert consumer(consumable("video", params, ROUTER), ROUTER).encodings[0].scalability_mode == "L3T1"


def test_a_consumer_gives_the_feedback_of_its_endpoint() -> None:
    foo = RtcpFeedback(type="foo", parameter="FOO")
    caps = RtpCapabilities(codecs=[replace(video("H264", **H264), rtcp_feedback=[NACK, PLI, foo])])
    (codec,) = consumer(consumable("video", SIMULCAST, ROUTER), caps).codecs
    assert codec.rtcp_feedback == [NACK, PLI, foo]


@pytest.mark.parametrize(
    ("missing", "estimation"),
    [
        ([], [TRANSPORT_CC]),
        ([ABS_SEND_TIME], [TRANSPORT_CC]),
        ([TRANSPORT_WIDE_CC], [REMB]),
        ([ABS_SEND_TIME, TRANSPORT_WIDE_CC], []),
    ],
)
def test_bandwidth_is_estimated_in_one_way(missing: list[str], estimation: list[RtcpFeedback]) -> None:
    codec = consumer(consumable("video", SIMULCAST, ROUTER), without(ROUTER, *missing)).codecs[0]
    assert codec.rtcp_feedback == [NACK, PLI, FIR, *estimation]


def test_without_rtx_there_is_no_plain_nack_either() -> None:
    params = consumer(consumable("video", SIMULCAST, ROUTER), ROUTER, rtx=False)
    assert [codec.mime_type for codec in params.codecs] == ["video/H264"]
    assert NACK not in params.codecs[0].rtcp_feedback
    assert PLI in params.codecs[0].rtcp_feedback
    assert params.encodings[0].rtx is None


def test_an_endpoint_without_rtx_gets_none() -> None:
    caps = replace(ROUTER, codecs=[codec for codec in ROUTER.codecs if not is_rtx(codec)])
    params = consumer(consumable("video", SIMULCAST, ROUTER), caps)
    assert [codec.mime_type for codec in params.codecs] == ["video/H264"]
    assert params.encodings[0].rtx is None


def test_rtx_goes_with_the_codec_that_is_left_out() -> None:
    caps = replace(ROUTER, codecs=[codec for codec in ROUTER.codecs if codec.mime_type != "video/VP8"])
    params = consumer(consumable("video", producer(VP8, VP9), ROUTER), caps)
    assert [codec.mime_type for codec in params.codecs] == ["video/VP9", "video/rtx"]


def test_header_extensions_must_have_the_same_uri_and_id() -> None:
    params = consumable("video", SIMULCAST, ROUTER)
    same = RtpHeaderExtension(kind="video", uri=MID, preferred_id=1)
    for extensions, kept in (([same], [MID]), ([replace(same, preferred_id=2)], []), ([replace(same, uri="foo")], [])):
        caps = replace(ROUTER, header_extensions=extensions)
        assert uris(consumer(params, caps)) == kept


def test_audio_has_neither_rtx_nor_layers() -> None:
    params = consumer(consumable("audio", producer(OPUS), ROUTER), ROUTER)
    assert [codec.mime_type for codec in params.codecs] == ["audio/opus"]
    (encoding,) = params.encodings
    assert encoding == RtpEncodingParameters(ssrc=encoding.ssrc)


def test_a_consumer_may_be_a_pipe_to_an_endpoint() -> None:
    params = consumable("video", SIMULCAST, ROUTER)
    piped = consumer(params, ROUTER, pipe=True)
    assert [encoding.max_bitrate for encoding in piped.encodings] == [111111, 333333, 222222]
    assert all(encoding.rtx and encoding.scalability_mode == "L1T3" for encoding in piped.encodings)


# Pipes to other routers.


def test_a_pipe_has_all_streams_and_no_bandwidth_estimation() -> None:
    params = pipe_consumer(consumable("video", SIMULCAST, ROUTER))
    (codec,) = params.codecs
    assert codec.rtcp_feedback == [PLI, FIR]
    assert codec.parameters == {**H264, "foo": 1234}
    assert [(e.rtx, e.max_bitrate, e.scalability_mode) for e in params.encodings] == [
        (None, 111111, "L1T3"),
        (None, 333333, "L1T3"),
        (None, 222222, "L1T3"),
    ]
    assert (params.rtcp.cname, params.msid) == ("qwerty1234", "stream track")


def test_a_pipe_with_rtx_has_nack_and_distinct_ssrcs() -> None:
    params = pipe_consumer(consumable("video", SIMULCAST, ROUTER), rtx=True)
    assert [codec.mime_type for codec in params.codecs] == ["video/H264", "video/rtx"]
    assert params.codecs[0].rtcp_feedback == [NACK, PLI, FIR]
    ssrcs = [encoding.ssrc for encoding in params.encodings] + [e.rtx.ssrc for e in params.encodings if e.rtx]
    assert len(set(ssrcs)) == 6


def test_a_pipe_of_audio_has_no_rtx_to_offer() -> None:
    params = pipe_consumer(consumable("audio", producer(OPUS), ROUTER), rtx=True)
    assert params.encodings[0].rtx is None
    assert params.codecs[0].rtcp_feedback == [NACK]


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_a_pipe_has_the_dependency_descriptor_and_nothing_of_one_hop(kind: MediaKind) -> None:
    params = pipe_consumer(consumable(kind, producer(OPUS if kind == "audio" else VP8), ROUTER))
    assert uris(params).count(DEPENDENCY_DESCRIPTOR) == 1
    assert not {MID, ABS_SEND_TIME, TRANSPORT_WIDE_CC} & set(uris(params))
    ids = [extension.id for extension in params.header_extensions]
    assert ids == sorted(ids)


def test_a_pipe_has_no_dependency_descriptor_twice() -> None:
    params = consumable("video", producer(VP8), ROUTER)
    once = RtpHeaderExtensionParameters(uri=DEPENDENCY_DESCRIPTOR, id=7)
    assert uris(pipe_consumer(replace(params, header_extensions=[once]))) == [DEPENDENCY_DESCRIPTOR]


def test_what_a_pipe_sends_the_next_router_understands() -> None:
    piped = pipe_consumer(consumable("video", SIMULCAST, ROUTER), rtx=True)
    again = pipe_consumer(consumable("video", validate_and_normalize_rtp_parameters(piped), ROUTER), rtx=True)
    assert [replace(encoding, ssrc=0, rtx=None) for encoding in again.encodings] == [
        replace(encoding, ssrc=0, rtx=None) for encoding in piped.encodings
    ]
    assert replace(again, encodings=[]) == replace(piped, encodings=[])


# Whatever is negotiated.


@patient
@given(st.data(), st.booleans(), st.booleans())
def test_a_consumer_uses_only_what_router_and_endpoint_know(data: st.DataObject, pipe: bool, rtx: bool) -> None:
    router = data.draw(routers())
    kind, offered = data.draw(producers(router))
    caps = data.draw(endpoints(router))
    try:
        params = consumable(kind, validate_and_normalize_rtp_parameters(offered), router)
        received = consumer(params, caps, pipe=pipe, rtx=rtx)
    except (UnsupportedError, InvalidValueError):
        return
    payload_types = [codec.payload_type for codec in received.codecs]
    assert {codec.mime_type for codec in received.codecs} <= {codec.mime_type for codec in caps.codecs}
    assert set(payload_types) <= {codec.preferred_payload_type for codec in router.codecs}
    assert len(set(payload_types)) == len(payload_types)
    assert any(map(is_media, received.codecs))
    assert all(codec.parameters["apt"] in payload_types for codec in received.codecs if is_rtx(codec))
    assert len(received.encodings) == (len(offered.encodings) if pipe else 1)
    assert {e.uri for e in received.header_extensions} <= {e.uri for e in caps.header_extensions}


@patient
@given(st.data())
def test_nothing_that_is_given_is_changed(data: st.DataObject) -> None:
    router = data.draw(routers())
    kind, offered = data.draw(producers(router))
    caps = data.draw(endpoints(router))
    before = copy.deepcopy((router, offered, caps))
    try:
        params = consumable(kind, validate_and_normalize_rtp_parameters(offered), router)
        consumable_before = copy.deepcopy(params)
        pipe_consumer(params, rtx=True)
        if can_consume(params, caps):
            consumer(params, caps)
        assert params == consumable_before
    except (UnsupportedError, InvalidValueError):
        pass
    assert (router, offered, caps) == before


@patient
@given(st.data())
def test_who_can_consume_does(data: st.DataObject) -> None:
    router = data.draw(routers())
    kind, offered = data.draw(producers(router))
    try:
        params = consumable(kind, validate_and_normalize_rtp_parameters(offered), router)
    except (UnsupportedError, InvalidValueError):
        return
    caps = data.draw(endpoints(router))
    if can_consume(params, caps):
        assert consumer(params, caps).codecs


FIXTURES = HealthCheck.function_scoped_fixture

small = st.none() | st.booleans() | st.integers(-1, 300) | st.sampled_from([0, 96, 97, 2**31, 2**32]) | st.floats()
texts = st.sampled_from(["", "a", "video/VP8", "video/rtx", "audio/opus", "video/H264", "apt", "L9T9", "nack", "\0"])
keys = st.sampled_from(
    """
    codecs mimeType payloadType clockRate channels parameters apt profile-level-id rtcpFeedback type parameter
    headerExtensions uri id encodings ssrc rid rtx codecPayloadType scalabilityMode maxBitrate rtcp cname mid
    """.split()  # noqa: SIM905
)


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """Replace, repeat, add or drop a few parts of a JSON value."""
    match draw(st.integers(0, 12)):
        case 0:
            return draw(small | texts)
        case 1:
            return [value] * draw(st.integers(0, 3))
    if isinstance(value, dict):
        kept = {key: draw(mutated(item)) for key, item in value.items() if draw(st.integers(0, 15))}
        return kept | draw(st.dictionaries(keys, small | texts, max_size=1))
    if isinstance(value, list):
        return [draw(mutated(item)) for item in value * draw(st.sampled_from([1, 1, 1, 2]))]
    return value


@patient
@given(st.data())
def test_garbage_is_refused_and_never_a_crash(data: st.DataObject) -> None:
    router = data.draw(routers())
    kind, offered = data.draw(producers(router))
    value = data.draw(mutated(msgspec.to_builtins(offered)))
    try:
        params = validate_and_normalize_rtp_parameters(msgspec.convert(value, RtpParameters))
        consumer(consumable(kind, params, router), data.draw(endpoints(router)))
    except (msgspec.ValidationError, UnsupportedError, InvalidValueError):
        pass


# One worker serves all the examples: each leaves it as it was.
@settings(patient, max_examples=50, suppress_health_check=[*patient.suppress_health_check, FIXTURES])
@given(st.data())
async def test_the_worker_refuses_nothing_that_was_let_through(
    router: Router, transport: WebRtcTransport, receiver: WebRtcTransport, data: st.DataObject
) -> None:
    kind, offered = data.draw(producers(router.rtp_capabilities))
    value = data.draw(st.just(offered) | mutated(msgspec.to_builtins(offered)))
    caps = data.draw(endpoints(router.rtp_capabilities))
    try:
        sender = await transport.produce(kind=kind, rtp_parameters=msgspec.convert(value, RtpParameters))
    except (msgspec.ValidationError, UnsupportedError, InvalidValueError):
        return
    if router.can_consume(producer_id=sender.id, rtp_capabilities=caps):
        await receiver.consume(producer_id=sender.id, rtp_capabilities=caps)
    sender.close()
