"""What is refused, where the error points, and what a normal form looks like."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.errors import InvalidValueError
from app.mediasoup.rtp_parameters import (
    RtcpFeedback,
    RtpCapabilities,
    RtpCodecCapability,
    RtpEncodingParameters,
    RtpParameters,
)
from app.mediasoup.rtp_validation import (
    validate_and_normalize_rtp_capabilities,
    validate_and_normalize_rtp_parameters,
    validate_and_normalize_sctp_stream_parameters,
    validate_media_codecs,
)

from .rtp_strategies import endpoints, patient, producers, routers

OPUS = {"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}
VP8 = {"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90000}
VP9 = {"mimeType": "video/VP9", "payloadType": 98, "clockRate": 90000}
RTX = {"mimeType": "video/rtx", "payloadType": 97, "clockRate": 90000, "parameters": {"apt": 96}}
DTMF = {"mimeType": "audio/telephone-event", "payloadType": 110, "clockRate": 8000}


def params(*codecs: Any, **rest: Any) -> RtpParameters:
    """Give parameters as a client's JSON brings them."""
    return msgspec.convert({"codecs": codecs or (VP8,), **rest}, RtpParameters)


def capabilities(*codecs: Any, **rest: Any) -> RtpCapabilities:
    return msgspec.convert({"codecs": codecs, **rest}, RtpCapabilities)


def vp8(**changes: Any) -> RtpParameters:
    """Give parameters that no JSON brings: decoding it has bounds of its own."""
    return replace(params(), codecs=[replace(params().codecs[0], **changes)])


def extension(**rest: Any) -> dict[str, Any]:
    return {"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": 1, **rest}


@patient
@given(st.data())
def test_normal_parameters_stay_as_they_are(data: st.DataObject) -> None:
    normal = validate_and_normalize_rtp_parameters(data.draw(producers(data.draw(routers())))[1])
    assert validate_and_normalize_rtp_parameters(normal) == normal


@patient
@given(st.data())
def test_normal_capabilities_stay_as_they_are(data: st.DataObject) -> None:
    normal = validate_and_normalize_rtp_capabilities(data.draw(endpoints(data.draw(routers()))))
    assert validate_and_normalize_rtp_capabilities(normal) == normal


def test_a_normal_form_shares_nothing_with_what_was_given() -> None:
    given_ = params({**VP8, "parameters": {"a": 1}, "rtcpFeedback": [{"type": "nack"}]})
    normal = validate_and_normalize_rtp_parameters(given_)
    given_.codecs[0].parameters["b"] = 2
    given_.codecs[0].rtcp_feedback.clear()
    given_.encodings.clear()
    assert normal.codecs[0].parameters == {"a": 1}
    assert len(normal.codecs[0].rtcp_feedback) == 1


def test_audio_has_one_channel_unless_it_says_so_and_video_has_none() -> None:
    codecs = validate_and_normalize_rtp_parameters(params(DTMF, OPUS, {**VP8, "channels": 2})).codecs
    assert [codec.channels for codec in codecs] == [1, 2, None]


def test_the_mime_type_tells_the_kind_of_a_capability() -> None:
    (codec,) = validate_and_normalize_rtp_capabilities(
        capabilities({"kind": "audio", "mimeType": "VIDEO/vp8", "clockRate": 90000})
    ).codecs
    assert codec.kind == "video"


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    codecs = validate_and_normalize_rtp_parameters(params(VP8, {**RTX, "parameters": {"apt": 96.0, "x": 0.5}})).codecs
    assert codecs[1].parameters == {"apt": 96, "x": 0.5}
    assert type(codecs[1].parameters["apt"]) is int


def test_empty_text_is_none() -> None:
    normal = validate_and_normalize_rtp_parameters(
        params(mid="", msid="", rtcp={"cname": ""}, encodings=[{"rid": "", "ssrc": 1, "scalabilityMode": ""}])
    )
    assert (normal.mid, normal.msid, normal.rtcp.cname) == (None, None, None)
    assert (normal.encodings[0].rid, normal.encodings[0].scalability_mode) == (None, None)


def test_a_rid_is_dropped_where_there_is_an_ssrc() -> None:
    # Told both, the worker aborts when packets with the RID have another SSRC.
    normal = validate_and_normalize_rtp_parameters(params(encodings=[{"ssrc": 1, "rid": "a"}]))
    assert (normal.encodings[0].ssrc, normal.encodings[0].rid) == (1, None)


def test_encodings_may_be_missing() -> None:
    assert validate_and_normalize_rtp_parameters(params()).encodings == []


def simulcast(*encodings: dict[str, Any], codec: Any = VP8) -> RtpParameters:
    return params(codec, encodings=[{"ssrc": 10 * (i + 1), **e} for i, e in enumerate(encodings)])


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        (params({**VP8, "mimeType": ""}), "codecs[0].mime_type"),
        (params(VP8, {**VP9, "mimeType": "text/plain"}), "codecs[1].mime_type"),
        (params({**VP8, "mimeType": "video/"}), "codecs[0].mime_type"),
        (params({**VP8, "mimeType": "video/" + "x" * 300}), "codecs[0].mime_type"),
        (params({**VP8, "payloadType": 128}), "codecs[0].payload_type"),
        (params({**VP8, "parameters": {"a": True}}), "codecs[0].parameters.a"),
        (params({**VP8, "parameters": {"a": [1]}}), "codecs[0].parameters.a"),
        (params({**VP8, "parameters": {"a": "€" * 342}}), "codecs[0].parameters.a"),
        (params({**VP8, "parameters": {"a": float("inf")}}), "codecs[0].parameters.a"),
        (params({**VP8, "parameters": {"x" * 256: 1}}), "codecs[0].parameters"),
        (vp8(parameters={str(i): 1 for i in range(257)}), "codecs[0].parameters"),
        (params({**VP8, "rtcpFeedback": [{"type": "nack"}, {"type": ""}]}), "codecs[0].rtcp_feedback[1].type"),
        (vp8(rtcp_feedback=[RtcpFeedback(type="nack")] * 257), "codecs[0].rtcp_feedback"),
        (params(VP8, VP8), "codecs"),
        (replace(params(), codecs=params().codecs * 257), "codecs"),
        (params(headerExtensions=[extension(uri="")]), "header_extensions[0].uri"),
        (params(headerExtensions=[extension(id=0)]), "header_extensions[0].id"),
        (params(headerExtensions=[extension(parameters={"a": True})]), "header_extensions[0].parameters.a"),
        (
            replace(params(), header_extensions=params(headerExtensions=[extension()]).header_extensions * 257),
            "header_extensions",
        ),
        (params(mid="x" * 256), "mid"),
        (params(mid="a\0b"), "mid"),
        (params({**VP8, "parameters": {"a": "\ud800"}}), "codecs[0].parameters.a"),
        (params(msid="é" * 128), "msid"),
        (params(rtcp={"cname": "x" * 256}), "rtcp.cname"),
        (params(encodings=[{"ssrc": 0}]), "encodings[0].ssrc"),
        (params(encodings=[{"ssrc": 1, "rtx": {"ssrc": 0}}]), "encodings[0].rtx.ssrc"),
        (params(encodings=[{"rid": "x" * 256}]), "encodings[0].rid"),
    ],
)
def test_a_field_that_is_wrong_by_itself_is_named(bad: RtpParameters, path: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        validate_and_normalize_rtp_parameters(bad)
    assert caught.value.path == path


@pytest.mark.parametrize("apt", [95, 97, -1, 2**40, "96", 96.5, ""])
def test_rtx_must_name_a_codec_that_is_there_and_not_rtx(apt: Any) -> None:
    rtx = {**RTX, "parameters": {"apt": apt}}
    with pytest.raises(InvalidValueError) as caught:
        validate_and_normalize_rtp_parameters(params(VP8, rtx))
    assert caught.value.path == "codecs[1].parameters.apt"


def test_rtx_must_not_name_nothing_nor_another_rtx() -> None:
    for rtx in ({**RTX, "payloadType": 99, "parameters": {}}, {**RTX, "payloadType": 99, "parameters": {"apt": 97}}):
        with pytest.raises(InvalidValueError) as caught:
            validate_and_normalize_rtp_parameters(params(VP8, RTX, rtx))
        assert caught.value.path == "codecs[2].parameters.apt"


@pytest.mark.parametrize("codecs", [[], [DTMF], [{**VP8, "mimeType": "video/red"}]])
def test_some_codec_must_carry_media(codecs: list[Any]) -> None:
    with pytest.raises(InvalidValueError, match="none that carries media"):
        validate_and_normalize_rtp_parameters(msgspec.convert({"codecs": codecs}, RtpParameters))


@pytest.mark.parametrize(
    "encodings",
    [
        [{"ssrc": 1}, {"ssrc": 1}],
        [{"ssrc": 1, "rtx": {"ssrc": 1}}],
        [{"ssrc": 1, "rtx": {"ssrc": 3}}, {"ssrc": 2, "rtx": {"ssrc": 3}}],
        [{"rid": "a"}, {"rid": "a"}],
        [{"rid": str(i)} for i in range(9)],
    ],
)
def test_streams_must_be_distinct_and_few(encodings: list[Any]) -> None:
    with pytest.raises(InvalidValueError) as caught:
        validate_and_normalize_rtp_parameters(params(encodings=encodings))
    assert caught.value.path == "encodings"


@pytest.mark.parametrize(
    ("payload_types", "path"),
    [
        # One that isn't there, RTX, and one that differs: from another's, and from the first codec.
        ([1], "encodings[0]"),
        ([97], "encodings[0]"),
        ([96, 98], "encodings[1]"),
        ([None, 98], "encodings[1]"),
    ],
)
def test_encodings_must_all_carry_one_media_codec(payload_types: list[int | None], path: str) -> None:
    # The worker casts the state of one codec to that of another, or aborts.
    encodings = [{"ssrc": i + 1, "codecPayloadType": pt} for i, pt in enumerate(payload_types)]
    with pytest.raises(InvalidValueError) as caught:
        validate_and_normalize_rtp_parameters(params(VP8, RTX, VP9, encodings=encodings))
    assert caught.value.path == f"{path}.codec_payload_type"


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        # 60 kB of it let the worker's regular expression overflow its stack.
        (
            replace(params(), encodings=[RtpEncodingParameters(ssrc=1, scalability_mode="L1T3" + "x" * 60_000)]),
            "encodings[0].scalability_mode",
        ),
        (simulcast({"scalabilityMode": "L99T99"}), "encodings[0].scalability_mode"),
        (simulcast({"scalabilityMode": "L1T9"}), "encodings[0].scalability_mode"),
        (simulcast({"scalabilityMode": "L1T2"}, codec=OPUS), "encodings[0].scalability_mode"),
        (simulcast({}, {"scalabilityMode": "L2T1"}), "encodings[1].scalability_mode"),
        (simulcast({}, {}, codec=VP9), "encodings[0]"),
        (simulcast({}, {}, codec=OPUS), "encodings[0]"),
    ],
)
def test_layers_that_the_codec_or_the_worker_cannot_do_are_refused(bad: RtpParameters, path: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        validate_and_normalize_rtp_parameters(bad)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "good",
    [
        simulcast({"scalabilityMode": "L1T3"}, {"scalabilityMode": "L1T3"}, {}),
        simulcast({"scalabilityMode": "L3T3_KEY"}, codec=VP9),
        simulcast({"scalabilityMode": "L1T1"}, codec=OPUS),
        simulcast({"scalabilityMode": "whatever"}),
        params(VP8, RTX, VP9, encodings=[{"rid": "a", "codecPayloadType": 96}, {"rid": "b"}]),
    ],
)
def test_layers_that_they_can_do_are_kept(good: RtpParameters) -> None:
    modes = [encoding.scalability_mode for encoding in good.encodings]
    normal = validate_and_normalize_rtp_parameters(good)
    assert [encoding.scalability_mode for encoding in normal.encodings] == modes


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("codecs", None, "codecs"),
        ("codecs", ["foo"], "codecs[0]"),
        ("codecs", [replace(params().codecs[0], payload_type=256)], "codecs[0].payload_type"),
        ("codecs", [replace(params().codecs[0], clock_rate="90000")], "codecs[0].clock_rate"),
        ("codecs", [replace(params().codecs[0], parameters={"a": None})], "codecs[0].parameters[...]"),
        ("mid", 1, "mid"),
        ("rtcp", "foo", "rtcp"),
        ("mid", object(), ""),
    ],
)
def test_python_gets_no_wrong_type_through_either(field: str, value: Any, path: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        validate_and_normalize_rtp_parameters(replace(params(), **{field: value}))
    assert caught.value.path == path


CAPABILITY = {"kind": "video", "mimeType": "video/VP8", "clockRate": 90000}
EXTENSION = {"kind": "video", "uri": "urn:foo", "preferredId": 1}


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        (capabilities({**CAPABILITY, "mimeType": "VP8"}), "codecs[0].mime_type"),
        (capabilities({**CAPABILITY, "preferredPayloadType": 200}), "codecs[0].preferred_payload_type"),
        (capabilities({**CAPABILITY, "parameters": {"apt": "96"}}), "codecs[0].parameters.apt"),
        (capabilities({**CAPABILITY, "rtcpFeedback": [{"type": ""}]}), "codecs[0].rtcp_feedback[0].type"),
        (replace(capabilities(), codecs=capabilities(CAPABILITY).codecs * 257), "codecs"),
        (capabilities(headerExtensions=[{**EXTENSION, "uri": ""}]), "header_extensions[0].uri"),
        (
            replace(
                capabilities(), header_extensions=capabilities(headerExtensions=[EXTENSION]).header_extensions * 257
            ),
            "header_extensions",
        ),
    ],
)
def test_wrong_capabilities_are_refused(bad: RtpCapabilities, path: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        validate_and_normalize_rtp_capabilities(bad)
    assert caught.value.path == path


def test_capabilities_may_have_header_extensions_that_the_worker_does_not_know() -> None:
    assert validate_and_normalize_rtp_capabilities(capabilities(headerExtensions=[EXTENSION])).header_extensions


def test_the_codecs_of_a_router_are_named_as_such() -> None:
    good = RtpCodecCapability(kind="video", mime_type="video/VP8", clock_rate=90000)
    bad: list[tuple[Any, str]] = [
        ([good, replace(good, mime_type="foo")], "media_codecs[1].mime_type"),
        ([good, replace(good, clock_rate=-1)], "media_codecs[1].clock_rate"),
        (["foo"], "media_codecs[0]"),
        ({}, "media_codecs"),
    ]
    for media_codecs, path in bad:
        with pytest.raises(InvalidValueError) as caught:
            validate_media_codecs(media_codecs)
        assert caught.value.path == path


@pytest.mark.parametrize(
    ("given_", "ordered"),
    [
        (SctpStreamParameters(stream_id=1), True),
        (SctpStreamParameters(stream_id=1, ordered=False), False),
        (SctpStreamParameters(stream_id=1, max_retransmits=3), False),
        (SctpStreamParameters(stream_id=65534, ordered=False, max_packet_life_time=1), False),
        # 0 is no limit to the worker.
        (SctpStreamParameters(stream_id=0, max_retransmits=0), True),
    ],
)
def test_a_data_channel_is_ordered_unless_it_is_limited(given_: SctpStreamParameters, ordered: bool) -> None:
    assert validate_and_normalize_sctp_stream_parameters(given_) == replace(given_, ordered=ordered)


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        (SctpStreamParameters(stream_id=65535), "stream_id"),
        (SctpStreamParameters(stream_id=-1), "stream_id"),
        (SctpStreamParameters(stream_id=1, max_packet_life_time=1, max_retransmits=1), "max_retransmits"),
        (SctpStreamParameters(stream_id=1, ordered=True, max_retransmits=1), "ordered"),
        (SctpStreamParameters(stream_id=1, max_retransmits=2**16), "max_retransmits"),
    ],
)
def test_wrong_data_channels_are_refused(bad: SctpStreamParameters, path: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        validate_and_normalize_sctp_stream_parameters(bad)
    assert caught.value.path == path
