"""What the encoder carries, and what it refuses."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.mediasoup.channel import faults
from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.schema import Schema
from app.mediasoup.errors import InvalidValueError

from ..conftest import SCHEMAS
from .values import Values, comparable, decoded

PARAMETERS = "FBS.RtpParameters."
TABLES = Schema.load(SCHEMAS).tables
VALUES = Values()


junk: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-1, 300),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["\ud800", "a\0", "mid", "audio"]),
    st.binary(max_size=3),
    st.lists(st.integers() | st.text(max_size=2), max_size=2),
    st.tuples(st.text(max_size=2), st.just({})),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """List the ways to everything in a value, the value itself first."""
    yield ()
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list | tuple):
        inner = enumerate(value)
    for key, content in inner:
        yield from ((key, *path) for path in paths(content))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return ``value`` with ``new`` where ``path`` leads."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: replaced(value[key], tuple(rest), new)}
    items = list(value)
    items[key] = replaced(items[key], tuple(rest), new)
    return type(value)(items)


def consume_request(codec_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Make a message with one codec in it, four tables down."""
    rtp_parameters = {"codecs": [codec_parameters], "header_extensions": [], "encodings": [], "rtcp": {}}
    body = {
        "consumer_id": "c",
        "producer_id": "p",
        "kind": "video",
        "rtp_parameters": rtp_parameters,
        "type": "simple",
        "consumable_rtp_encodings": [],
    }
    request = {"id": 1, "method": "transport_consume", "handler_id": "t", "body": ("Transport_ConsumeRequest", body)}
    return {"data": ("Request", request)}


def test_the_error_names_the_field_from_the_root_on(codec: Codec) -> None:
    with pytest.raises(InvalidValueError) as caught:
        codec.encode("FBS.Message.Message", consume_request({"mime_type": "video/VP8", "payload_type": 300}))
    assert caught.value.path == "Message.data.body.rtp_parameters.codecs[0].payload_type"
    assert str(caught.value) == f"{caught.value.path}: 300 is out of range for uint8"


@pytest.mark.parametrize(
    ("table", "value", "path", "problem"),
    [
        ("Rtx", {"ssrc": -1}, "Rtx.ssrc", "-1 is out of range for uint32"),
        ("Rtx", {"ssrc": 1 << 32}, "Rtx.ssrc", "4294967296 is out of range for uint32"),
        ("Rtx", {"ssrc": 10**5000}, "Rtx.ssrc", "a number this large is out of range for uint32"),
        ("Rtx", {"ssrc": True}, "Rtx.ssrc", "uint32 expected, not bool"),
        ("Rtx", {"ssrc": 1.0}, "Rtx.ssrc", "uint32 expected, not float"),
        ("Rtx", {"ssrc": "1"}, "Rtx.ssrc", "uint32 expected, not str"),
        ("Rtx", {"srcc": 1}, "Rtx.srcc", "FBS.RtpParameters.Rtx has no such field"),
        ("Rtx", {"ssrc": 1, "srcc": None}, "Rtx.srcc", "FBS.RtpParameters.Rtx has no such field"),
        ("Rtx", {1: 1}, "Rtx.1", "FBS.RtpParameters.Rtx has no such field"),
        ("Rtx", [("ssrc", 1)], "Rtx", "a mapping expected, not list"),
        ("Rtx", None, "Rtx", "a mapping expected, not NoneType"),
        ("Double", {"value": False}, "Double.value", "float64 expected, not bool"),
        ("Double", {"value": 10**400}, "Double.value", "a number this large is out of range for float64"),
        ("RtcpParameters", {"reduced_size": 1}, "RtcpParameters.reduced_size", "bool expected, not int"),
        ("String", {}, "String.value", "is required"),
        ("String", {"value": None}, "String.value", "is required"),
        ("String", {"value": 5}, "String.value", "a string expected, not int"),
        ("String", {"value": b"a"}, "String.value", "a string expected, not bytes"),
        ("String", {"value": ["a"]}, "String.value", "a string expected, not list"),
        ("String", {"value": "a\0b"}, "String.value", "a string can't have a zero character"),
        ("String", {"value": "\ud800"}, "String.value", "a string that UTF-8 can't write: surrogates not allowed"),
        (
            "RtpHeaderExtensionParameters",
            {"uri": "Mid"},
            "RtpHeaderExtensionParameters.uri",
            "'Mid' is none of mid, rtpstreamid, ",
        ),
        (
            "RtpHeaderExtensionParameters",
            {"uri": 1},
            "RtpHeaderExtensionParameters.uri",
            "one of the schema's names expected, not int",
        ),
        ("Integer32Array", {"value": 5}, "Integer32Array.value", "a list expected, not int"),
        ("Integer32Array", {"value": b"a"}, "Integer32Array.value", "a list expected, not bytes"),
        ("Integer32Array", {"value": {1}}, "Integer32Array.value", "a list expected, not set"),
        ("Integer32Array", {"value": [1, True]}, "Integer32Array.value[1]", "int32 expected, not bool"),
        ("Integer32Array", {"value": [1 << 31]}, "Integer32Array.value[0]", "2147483648 is out of range for int32"),
        ("Parameter", {"name": "n", "value": 1}, "Parameter.value", "a pair of a member's name and its value "),
        ("Parameter", {"name": "n", "value": ("Double",)}, "Parameter.value", "a pair of a member's name and "),
        ("Parameter", {"name": "n", "value": ("Float", {})}, "Parameter.value", "'Float' is none of Boolean, "),
        ("Parameter", {"name": "n", "value": (1, {})}, "Parameter.value", "one of the schema's names expected"),
        ("Parameter", {"name": "n", "value": ("Double", None)}, "Parameter.value", "a mapping expected, not NoneT"),
    ],
)
def test_a_wrong_value_is_refused_by_name(codec: Codec, table: str, value: Any, path: str, problem: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        codec.encode(PARAMETERS + table, value)
    assert caught.value.path == path
    assert caught.value.problem.startswith(problem)


@given(data=st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_whatever_is_put_anywhere_is_either_carried_or_refused(codec: Codec, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(TABLES))
    value = data.draw(VALUES.table(table))
    value = replaced(value, data.draw(st.sampled_from(list(paths(value)))), data.draw(junk))
    try:
        message = codec.encode(table.name, value)
    except InvalidValueError as error:
        assert error.path.startswith(table.name.rpartition(".")[2])
    else:
        faults.check(table, value, "")
        assert comparable(codec.decode(table.name, message)) == comparable(decoded(table, value))


def test_an_error_that_is_none_of_the_values_comes_through(codec: Codec) -> None:
    class BrokenOnce(dict[str, Any]):
        broken = False

        def get(self, key: str, default: Any = None) -> Any:
            if not self.broken:
                self.broken = True
                raise LookupError("broken")
            return default

    with pytest.raises(LookupError, match="broken"):
        codec.encode(f"{PARAMETERS}RtcpParameters", BrokenOnce())


def test_any_mapping_and_any_form_of_bytes_will_do(codec: Codec) -> None:
    table = "FBS.Consumer.RtpNotification"
    expected = codec.encode(table, {"data": b"\x01\x02"})
    for form in (bytearray(b"\x01\x02"), memoryview(b"\x01\x02"), [1, 2], (1, 2)):
        assert codec.encode(table, MappingProxyType({"data": form})) == expected


def test_an_optional_number_is_written_even_if_it_is_zero(codec: Codec) -> None:
    table = f"{PARAMETERS}RtpEncodingParameters"
    assert codec.decode(table, codec.encode(table, {"ssrc": 0}))["ssrc"] == 0
    assert codec.decode(table, codec.encode(table, {}))["ssrc"] is None


def test_strings_that_are_kept_do_not_pile_up(codec: Codec) -> None:
    table = f"{PARAMETERS}String"
    for number in range(10_000):
        text = f"string {number}"
        assert codec.decode(table, codec.encode(table, {"value": text})) == {"value": text}


def test_a_value_that_holds_itself_is_refused(codec: Codec) -> None:
    stats: dict[str, Any] = {}
    stats["data"] = ("SendStats", {"base": stats})
    with pytest.raises(InvalidValueError, match="nested too deeply"):
        codec.encode("FBS.RtpStream.Stats", stats)


def test_a_codec_that_gave_up_on_one_value_encodes_the_next(schema: Schema) -> None:
    codec = Codec(schema)
    test_a_value_that_holds_itself_is_refused(codec)
    stats = {"data": ("BaseStats", {"mime_type": "video/VP8"})}
    message = codec.encode("FBS.RtpStream.Stats", stats)
    assert codec.decode("FBS.RtpStream.Stats", message)["data"][1]["mime_type"] == "video/VP8"
