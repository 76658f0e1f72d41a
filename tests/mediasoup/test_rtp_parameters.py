"""RTP values as JSON, and as the worker's tables."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mediasoup.channel.codec import Codec
from app.mediasoup.errors import InvalidValueError
from app.mediasoup.rtp_mapping import CodecMapping, EncodingMapping, RtpMapping
from app.mediasoup.rtp_parameters import (
    ParameterValue,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxParameters,
)
from app.mediasoup.rtp_parameters_tables import (
    rtp_encodings_from_table,
    rtp_encodings_to_table,
    rtp_mapping_to_table,
    rtp_parameters_from_table,
    rtp_parameters_to_table,
)
from app.mediasoup.rtp_validation import validate_and_normalize_rtp_parameters

from .rtp_strategies import names, patient, producers, routers

TABLE = "FBS.RtpParameters.RtpParameters"
MAPPING = "FBS.RtpParameters.RtpMapping"


def params_with(**parameters: Any) -> RtpParameters:
    codec = RtpCodecParameters(mime_type="video/VP8", payload_type=96, clock_rate=90000, parameters=parameters)
    return RtpParameters(codecs=[codec])


def carried(value: ParameterValue) -> tuple[str, Any]:
    (row,) = rtp_parameters_to_table(params_with(foo=value))["codecs"][0]["parameters"]
    assert row["name"] == "foo"
    return row["value"][0], row["value"][1]["value"]


def test_json_has_empty_lists_and_false_flags_but_no_nulls() -> None:
    assert msgspec.json.decode(msgspec.json.encode(params_with())) == {
        "codecs": [
            {"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90000, "parameters": {}, "rtcpFeedback": []}
        ],
        "headerExtensions": [],
        "encodings": [],
        "rtcp": {"reducedSize": True},
    }


@patient
@given(st.data())
def test_json_says_it_all(data: st.DataObject) -> None:
    _, params = data.draw(producers(data.draw(routers())))
    assert msgspec.json.decode(msgspec.json.encode(params), type=RtpParameters) == params


@patient
@given(st.data())
def test_what_went_to_a_table_comes_back_the_same(codec: Codec, data: st.DataObject) -> None:
    router = data.draw(routers())
    params = validate_and_normalize_rtp_parameters(data.draw(producers(router))[1])
    message = codec.encode(TABLE, rtp_parameters_to_table(params))
    assert rtp_parameters_from_table(codec.decode(TABLE, message)) == params


@pytest.mark.parametrize(
    ("value", "member", "on_the_wire"),
    [
        (True, "Boolean", 1),
        (False, "Boolean", 0),
        (0, "Integer32", 0),
        (-(2**31), "Integer32", -(2**31)),
        (0.5, "Double", 0.5),
        (2.0, "Double", 2.0),
        ("", "String", ""),
        ([1, -2], "Integer32Array", [1, -2]),
    ],
)
def test_a_parameter_travels_as_what_it_is(codec: Codec, value: ParameterValue, member: str, on_the_wire: Any) -> None:
    assert carried(value) == (member, on_the_wire)
    params = params_with(foo=value)
    read = rtp_parameters_from_table(codec.decode(TABLE, codec.encode(TABLE, rtp_parameters_to_table(params))))
    assert read == params
    assert type(read.codecs[0].parameters["foo"]) is type(value)


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 10**30, [2**31], ["a"], [True], None, {"a": 1}])
def test_a_parameter_that_the_schema_has_no_room_for_is_named(value: Any) -> None:
    with pytest.raises(InvalidValueError) as caught:
        rtp_parameters_to_table(params_with(foo=value))
    assert caught.value.path == "codecs[0].parameters.foo"


def test_a_header_extension_that_the_worker_does_not_know_is_named() -> None:
    extensions = [RtpHeaderExtensionParameters(uri="urn:3gpp:video-orientation", id=1)]
    extensions.append(RtpHeaderExtensionParameters(uri="urn:foo", id=2))
    with pytest.raises(InvalidValueError, match="urn:foo") as caught:
        rtp_parameters_to_table(RtpParameters(codecs=[], header_extensions=extensions))
    assert caught.value.path == "header_extensions[1].uri"


def test_empty_text_from_the_worker_means_none(codec: Codec) -> None:
    table = rtp_parameters_to_table(params_with())
    table |= {"mid": "", "msid": "", "rtcp": {"cname": ""}, "encodings": [{"rid": "", "scalability_mode": ""}]}
    params = rtp_parameters_from_table(codec.decode(TABLE, codec.encode(TABLE, table)))
    assert (params.mid, params.msid, params.rtcp.cname) == (None, None, None)
    assert params.encodings == [RtpEncodingParameters()]


def test_encodings_travel_on_their_own_as_well() -> None:
    encodings = [RtpEncodingParameters(ssrc=1, rtx=RtxParameters(ssrc=2), dtx=True), RtpEncodingParameters(rid="a")]
    assert rtp_encodings_from_table(rtp_encodings_to_table(encodings)) == encodings


uint8s = st.integers(0, 2**8 - 1)
uint32s = st.integers(0, 2**32 - 1)
codec_mappings = st.builds(CodecMapping, payload_type=uint8s, mapped_payload_type=uint8s)
encoding_mappings = st.builds(EncodingMapping, mapped_ssrc=uint32s, ssrc=st.none() | uint32s, rid=st.none() | names)
mappings = st.builds(RtpMapping, codecs=st.lists(codec_mappings), encodings=st.lists(encoding_mappings))


@patient
@given(mappings)
def test_every_mapping_fits_its_table(codec: Codec, mapping: RtpMapping) -> None:
    table = codec.decode(MAPPING, codec.encode(MAPPING, rtp_mapping_to_table(mapping)))
    assert table == rtp_mapping_to_table(mapping)
