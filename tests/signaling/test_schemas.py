"""What requests may hold: the fields are named as the client wrote them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadRequest
from app.signaling import bounds, schemas

FINGERPRINT = {"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def problem(schema: type[Any], value: object) -> str:
    with pytest.raises(BadRequest) as caught:
        schemas.read(schema, raw(value))
    return str(caught.value)


def produce(**changes: object) -> dict[str, object]:
    parameters = {"codecs": [{"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000}], **changes}
    return {"transportId": "t", "kind": "audio", "rtpParameters": parameters}


def test_a_join_of_mediasoup_demo_is_read() -> None:
    data = schemas.read(
        schemas.Join,
        raw(
            {
                "displayName": "Ada",
                "device": {"flag": "chrome", "name": "Chrome", "version": "156"},
                "rtpCapabilities": {"codecs": [], "headerExtensions": []},
                "sctpCapabilities": {"numStreams": {"OS": 1024, "MIS": 1024}},
                "somethingNewer": True,
            }
        ),
    )
    assert data.display_name == "Ada"
    assert data.device is not None and data.device.flag == "chrome"
    assert data.rtp_capabilities is not None


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (schemas.OfTransport, [], "data: Expected `object`"),
        (schemas.OfTransport, {}, "data: Object missing required field `transportId`"),
        (schemas.OfTransport, {"transportId": 5}, "data.transportId: Expected `str`"),
        (schemas.OfTransport, {"transportId": "x" * 65}, "data.transportId: "),
        (
            schemas.Produce,
            produce(codecs=[{"mimeType": "audio/opus", "payloadType": "111", "clockRate": 48000}]),
            "data.rtpParameters.codecs[0].payloadType: Expected `int`",
        ),
        (schemas.SetConsumerPriority, {"consumerId": "c", "priority": 0}, "data.priority: "),
        (
            schemas.ConnectWebRtcTransport,
            {"transportId": "t", "dtlsParameters": {"role": "auto", "fingerprints": []}},
            "data.dtlsParameters.fingerprints: ",
        ),
        (
            schemas.ConnectWebRtcTransport,
            {"transportId": "t", "dtlsParameters": {"fingerprints": [FINGERPRINT] * 17}},
            "data.dtlsParameters.fingerprints: ",
        ),
        (
            schemas.ConnectWebRtcTransport,
            {"transportId": "t", "dtlsParameters": {"fingerprints": [{**FINGERPRINT, "value": "zz"}]}},
            "data.dtlsParameters.fingerprints[0].value: ",
        ),
    ],
)
def test_bad_data_are_refused_by_the_name_of_the_field(schema: type[Any], value: object, expected: str) -> None:
    assert problem(schema, value).startswith(expected)


def test_lists_are_bounded() -> None:
    encodings = [{"ssrc": number} for number in range(33)]
    assert problem(schemas.Produce, produce(encodings=encodings)) == (
        "data.rtpParameters.encodings: more than 32 items"
    )


def test_texts_are_bounded_wherever_they_are() -> None:
    assert problem(schemas.Produce, produce(rtcp={"cname": "x" * 513})) == (
        "data.rtpParameters.rtcp.cname: longer than 512 characters"
    )
    assert problem(schemas.Join, {"sctpCapabilities": {"x" * 513: 1}}) == "a key: longer than 512 characters"


#: Near the bounds, on both sides of them.
NEAR = (st.none(), st.booleans(), st.integers(), st.integers(min_value=510, max_value=514).map("x".__mul__))
DEEP = st.integers(min_value=10, max_value=20).map(lambda depth: json.loads("[" * depth + "]" * depth))
LONG = st.integers(min_value=30, max_value=102).map(lambda length: [0] * length)


@given(
    st.recursive(
        st.one_of(*NEAR, DEEP, LONG),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab") | NEAR[-1], inner, max_size=3)
        ),
    )
)
def test_what_is_taken_for_small_breaks_no_bound(value: object) -> None:
    if bounds.is_small(value):
        bounds.refuse_large(value, "data")


def test_what_clients_send_is_taken_for_small() -> None:
    assert bounds.is_small(schemas.read(schemas.Produce, raw(produce(encodings=[{"ssrc": 1}], msid="stream track"))))


def test_app_data_are_passed_on_as_they_came() -> None:
    assert schemas.app_data(raw({"source": "camera", "deep": [{"er": None}]})) == {
        "source": "camera",
        "deep": [{"er": None}],
    }
    assert schemas.app_data(raw(None)) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"[]", "data.appData: Expected `object | null`"),
        (b'{"a": "' + b"x" * 4_096 + b'"}', "data.appData: larger than 4096 bytes"),
        (b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", "data.appData.a" + "[0]" * 15 + ": nested deeper than 16 levels"),
        (b'{"a":' + b"[" * 2_000 + b"]" * 2_000 + b"}", "data.appData: too deeply nested"),
    ],
)
def test_app_data_are_bounded(text: bytes, expected: str) -> None:
    with pytest.raises(BadRequest) as caught:
        schemas.app_data(msgspec.Raw(text))
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("schema", "path", "expected"),
    [
        (schemas.Produce, "codecs[0].payload_type", "data.rtpParameters.codecs[0].payloadType"),
        (schemas.Produce, "rtp_parameters.codecs[0]", "data.rtpParameters.codecs[0]"),
        (schemas.ConnectWebRtcTransport, "dtls_parameters.fingerprints", "data.dtlsParameters.fingerprints"),
        (schemas.ProduceData, "", "data.sctpStreamParameters"),
        (schemas.OfTransport, "", "data"),
    ],
)
def test_paths_of_the_library_read_as_the_client_wrote_them(
    schema: type[schemas.Data], path: str, expected: str
) -> None:
    assert schemas.wire_path(schema, path) == expected
