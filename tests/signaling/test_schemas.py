"""What requests may hold: the fields are named as the client wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from app.errors import BadRequest
from app.signaling import schemas
from app.signaling.connection import METHODS

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
    assert problem(schemas.Produce, produce(codecs=[{"mimeType": "x" * 513, "payloadType": 0, "clockRate": 0}])) == (
        "data.rtpParameters.codecs[0].mimeType: longer than 512 characters"
    )


def test_objects_and_their_keys_are_bounded() -> None:
    codec = {"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000}
    many = {**codec, "parameters": {f"p{number}": 1 for number in range(33)}}
    assert problem(schemas.Produce, produce(codecs=[many])) == (
        "data.rtpParameters.codecs[0].parameters: more than 32 items"
    )
    long = {**codec, "parameters": {"x" * 513: 1}}
    assert problem(schemas.Produce, produce(codecs=[long])) == (
        "data.rtpParameters.codecs[0].parameters: a key: longer than 512 characters"
    )


def test_what_is_not_needed_is_not_looked_at() -> None:
    data = schemas.read(schemas.CreateWebRtcTransport, raw({"sctpCapabilities": {"x" * 513: ["y"] * 10_000}}))
    assert data.sctp_capabilities is not None


def unbounded(kind: inspect.Type, place: str) -> Iterator[str]:
    """Find whatever of a type may be of any size."""
    match kind:
        case inspect.StructType():
            for field in kind.fields:
                yield from unbounded(field.type, f"{place}.{field.encode_name}")
        case inspect.UnionType():
            for type in kind.types:
                yield from unbounded(type, place)
        case inspect.ListType() | inspect.DictType() | inspect.StrType() | inspect.RawType() | inspect.AnyType():
            if getattr(kind, "max_length", None) is None and getattr(kind, "pattern", None) is None:
                yield place
            if isinstance(kind, inspect.DictType):
                yield from unbounded(kind.key_type, f"{place} (key)")
                yield from unbounded(kind.value_type, f"{place}[...]")
            elif isinstance(kind, inspect.ListType):
                yield from unbounded(kind.item_type, f"{place}[...]")
        case inspect.IntType() | inspect.FloatType() | inspect.BoolType() | inspect.NoneType() | inspect.LiteralType():
            pass
        case _:
            yield f"{place}: {kind}, which this test does not know"


def test_the_types_bound_all_that_clients_send_but_app_data() -> None:
    found = {
        place.removesuffix(" (key)").removesuffix("[...]")
        for name, method in METHODS.items()
        for place in unbounded(inspect.type_info(method.schema), name)
    }
    assert found == {"produce.appData", "produceData.appData"}


def test_app_data_are_passed_on_as_they_came() -> None:
    app_data = {"source": "camera", "deep": [{"er": None}]}
    assert schemas.read(schemas.Produce, raw({**produce(), "appData": app_data})).app_data == app_data
    assert schemas.read(schemas.Produce, raw({**produce(), "appData": None})).app_data is None


@pytest.mark.parametrize(
    ("app_data", "expected"),
    [
        ("[]", "data.appData: Expected `object | null`"),
        ('{"a": ["' + "x" * 513 + '"]}', "data.appData.a[0]: longer than 512 characters"),
        ('{"a": {"' + "x" * 513 + '": 1}}', "data.appData.a: a key: longer than 512 characters"),
        ('{"a": [' + "0," * 100 + "0]}", "data.appData.a: more than 100 items"),
        (json.dumps({str(number): "x" * 500 for number in range(9)}), "data.appData: larger than 4096 bytes"),
        ('{"a":' + "[" * 20 + "]" * 20 + "}", "data.appData.a" + "[0]" * 15 + ": nested deeper than 16 levels"),
        ('{"a":' + "[" * 2_000 + "]" * 2_000 + "}", "data: too deeply nested"),
    ],
)
def test_app_data_are_bounded(app_data: str, expected: str) -> None:
    text = json.dumps(produce()).removesuffix("}") + f', "appData": {app_data}}}'
    with pytest.raises(BadRequest) as caught:
        schemas.read(schemas.Produce, msgspec.Raw(text))
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
