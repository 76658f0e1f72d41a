"""What the decoder reads, and what it survives."""

import struct
import sys
from pathlib import Path
from typing import Any

import flatbuffers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.schema import Schema
from app.mediasoup.errors import MalformedMessageError

from ..conftest import SCHEMAS
from .values import Values

PARAMETERS = "FBS.RtpParameters."
TABLES = Schema.load(SCHEMAS).tables
VALUES = Values()


def codec_of(directory: Path, text: str) -> Codec:
    """Make a codec of a schema of our own."""
    directory.mkdir(exist_ok=True)
    (directory / "test.fbs").write_text(text)
    return Codec(Schema.load(directory))


def test_fields_of_a_later_schema_are_passed_over(tmp_path: Path) -> None:
    now = codec_of(tmp_path / "now", "table A { x: int; }")
    later = codec_of(tmp_path / "later", "table A { x: int; y: string; z: uint8 = 3; }")
    assert now.decode("A", later.encode("A", {"x": 1, "y": "a", "z": 4})) == {"x": 1}
    assert later.decode("A", now.encode("A", {"x": 1})) == {"x": 1, "y": None, "z": 3}


@pytest.mark.parametrize(
    ("theirs", "value", "ours", "problem"),
    [
        ("table A { x: string; }", {}, "table A { x: string (required); }", "x is not there"),
        ("table A { x: uint8; }", {"x": 0}, "enum E: uint8 { ONE = 1 } table A { x: E = ONE; }", "E has no number 0"),
        ("table A { x: [uint8]; }", {"x": b"\2"}, "enum E: uint8 { NIL } table A { x: [E]; }", "E has no number 2"),
        (
            "table A { x: uint8; y: string; }",
            {"y": "text"},
            "table B {} union U { B } table A { u: U; }",
            "u does not say which member it is",
        ),
        (
            "table A { x: uint8; y: string; }",
            {"x": 2, "y": "text"},
            "table B {} union U { B } table A { u: U; }",
            "U has no number 2",
        ),
        ("table A { x: uint8; y: uint8; }", {"x": 1, "y": 1}, "table A { x: int; y: int; }", "in one another"),
        ("table A { x: uint8; }", {"x": 1}, "table A { x: int; }", "beyond its table"),
    ],
)
def test_what_our_schema_would_not_have_written_is_refused(
    tmp_path: Path, theirs: str, value: dict[str, Any], ours: str, problem: str
) -> None:
    message = codec_of(tmp_path / "theirs", theirs).encode("A", value)
    with pytest.raises(MalformedMessageError, match=problem):
        codec_of(tmp_path / "ours", ours).decode("A", message)


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"", "unpack_from"),
        (b"\xff\xff\xff\xff", "unpack_from"),
        (struct.pack("<Ii", 4, 100), "before the message"),
        (struct.pack("<IiHHx", 4, -4, 5, 8), "size is wrong"),
        (struct.pack("<IiHH", 4, -4, 0, 8), "size is wrong"),
        (struct.pack("<IiHH", 4, -4, 40, 8), "beyond the message"),
        (struct.pack("<IiIHHH", 4, -8, 5, 6, 8, 5), "beyond its table"),
        (struct.pack("<IiIHHH", 4, -8, 5, 6, 8, 3), "in one another"),
        (struct.pack("<IiHHH", 4, -4, 6, 99, 90), "unpack_from"),
    ],
)
def test_a_bad_table_is_refused(codec: Codec, message: bytes, problem: str) -> None:
    with pytest.raises(MalformedMessageError, match=problem):
        codec.decode(f"{PARAMETERS}Rtx", message)


def test_text_that_is_no_utf8_is_refused(codec: Codec) -> None:
    message = codec.encode(f"{PARAMETERS}String", {"value": "abc"})
    with pytest.raises(MalformedMessageError, match="utf-8"):
        codec.decode(f"{PARAMETERS}String", message.replace(b"abc", b"a\xffc"))


@pytest.mark.parametrize("length", [100, 1 << 31, (1 << 32) - 1])
@pytest.mark.parametrize(
    ("table", "value", "vector"),
    [
        (f"{PARAMETERS}Integer32Array", {"value": [77]}, b"\1\0\0\0\x4d"),
        (f"{PARAMETERS}String", {"value": "text"}, b"\4\0\0\0text"),
        ("FBS.Consumer.RtpNotification", {"data": b"data"}, b"\4\0\0\0data"),
        ("FBS.Common.StringStringArray", {"key": "", "values": ["a", "b", "c"]}, b"\3\0\0\0"),
    ],
)
def test_a_vector_longer_than_the_message_is_refused(
    codec: Codec, table: str, value: dict[str, Any], vector: bytes, length: int
) -> None:
    before, _, after = codec.encode(table, value).partition(vector)
    with pytest.raises(MalformedMessageError, match="beyond the message"):
        codec.decode(table, before + struct.pack("<I", length) + vector[4:] + after)


@given(data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_mutated_messages_are_read_or_refused(codec: Codec, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(TABLES))
    message = bytearray(codec.encode(table.name, data.draw(VALUES.table(table))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(message) - 1))
        new = data.draw(st.binary(min_size=1, max_size=4) | st.integers(0, 64).map(struct.Struct("<I").pack))
        message[at : at + len(new)] = new
    end = data.draw(st.integers(0, len(message)) | st.just(len(message)))
    try:
        codec.decode(table.name, bytes(message[:end]))
    except MalformedMessageError as error:
        assert str(error)


TREE = "table Tree { trees: [Tree]; text: string; data: [uint8]; }"


def shared(times: int, depth: int, *, text: str | None = None, data: bytes | None = None) -> bytes:
    """Make a message in which vectors lead to the same table again and again, ``depth`` vectors deep."""
    builder = flatbuffers.Builder(0)
    text_at = 0 if text is None else builder.CreateString(text)
    data_at = 0 if data is None else builder.CreateByteVector(data)
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(1, text_at, 0)
    builder.PrependUOffsetTRelativeSlot(2, data_at, 0)
    table = builder.EndObject()
    for _ in range(depth):
        builder.StartVector(4, times, 4)
        for _ in range(times):
            builder.PrependUOffsetTRelative(table)
        vector = builder.EndVector()
        builder.StartObject(3)
        builder.PrependUOffsetTRelativeSlot(0, vector, 0)
        table = builder.EndObject()
    builder.Finish(table)
    return bytes(builder.Output())


def test_a_table_that_is_shared_is_read_each_time(tmp_path: Path) -> None:
    codec = codec_of(tmp_path, TREE)
    leaf = {"trees": None, "text": "leaf", "data": b"leaf"}
    message = shared(2, 1, text="leaf", data=b"leaf")
    assert codec.decode("Tree", message) == {"trees": [leaf, leaf], "text": None, "data": None}


@pytest.mark.parametrize(
    "message",
    [
        shared(10_000, 1, text="x" * 10_000),
        shared(10_000, 1, data=bytes(10_000)),
        shared(2, 60),
        shared(1000, 5),
    ],
    ids=["text", "bytes", "a deep tree", "a wide tree"],
)
def test_a_small_message_that_reads_as_a_huge_one_is_refused(tmp_path: Path, message: bytes) -> None:
    with pytest.raises(MalformedMessageError, match="again and again"):
        codec_of(tmp_path, TREE).decode("Tree", message)


def test_depth_is_bounded(codec: Codec) -> None:
    stats: dict[str, Any] = {"data": ("BaseStats", {"mime_type": "video/VP8"})}
    for _ in range(1000):
        stats = {"data": ("SendStats", {"base": stats})}
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20 * limit)
    try:
        message = codec.encode("FBS.RtpStream.Stats", stats)
    finally:
        sys.setrecursionlimit(limit)
    with pytest.raises(MalformedMessageError, match="nested too deeply"):
        codec.decode("FBS.RtpStream.Stats", message)


def test_more_shapes_of_a_table_than_are_kept_are_all_carried(tmp_path: Path) -> None:
    names = [f"x{number}" for number in range(11)]
    codec = codec_of(tmp_path, f"table A {{ {' '.join(f'{name}: uint8 = null;' for name in names)} }}")
    for shape in range(1100):
        value = {name: bit if shape >> bit & 1 else None for bit, name in enumerate(names)}
        assert codec.decode("A", codec.encode("A", value)) == value
