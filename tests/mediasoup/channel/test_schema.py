"""What the ``.fbs`` files say, and what is refused in them."""

from pathlib import Path

import pytest

from app.mediasoup.channel.fbs import SchemaError
from app.mediasoup.channel.schema import STRING, Enum, Scalar, Schema, Table, Union, Vector


def load(directory: Path, text: str) -> Schema:
    """Read a schema of a single file."""
    (directory / "test.fbs").write_text(text)
    return Schema.load(directory)


def field(schema: Schema, table: str, name: str) -> object:
    return next(field for field in schema.table(table).fields if field.name == name)


def test_mediasoups_schema_is_read_whole(schema: Schema, schemas: Path) -> None:
    words = "".join(path.read_text() for path in schemas.glob("*.fbs"))
    for kind, keyword in ((Table, "\ntable "), (Enum, "\nenum "), (Union, "\nunion ")):
        found = [item for item in schema.types.values() if isinstance(item, kind)]
        assert len(found) == words.count(keyword) > 0


def test_mediasoups_methods_have_their_numbers(schema: Schema) -> None:
    methods = schema.types["FBS.Request.Method"]
    assert isinstance(methods, Enum)
    assert (methods.numbers["worker_dump"], methods.numbers["rtpobserver_remove_producer"]) == (0, 67)


def test_a_union_takes_two_slots(schema: Schema) -> None:
    slots = {field.name: field.slot for field in schema.table("FBS.Request.Request").fields}
    assert slots == {"id": 0, "method": 1, "handler_id": 2, "body": 4}


def test_defaults_are_read(tmp_path: Path) -> None:
    schema = load(
        tmp_path,
        """
        enum Colour: uint8 { RED = 1, GREEN, BLUE = 7 }
        table Thing {
            plain: int32; negative: int32 = -3; hex: uint8 = 0x1F; none: uint16 = null; on: bool = true; off: bool;
            half: float64 = 0.5; colour: Colour = GREEN; no_colour: Colour = null; text: string;
        }
        """,
    )
    defaults = {field.name: field.default for field in schema.table("Thing").fields}
    assert defaults == {
        "plain": 0,
        "negative": -3,
        "hex": 31,
        "none": None,
        "on": True,
        "off": False,
        "half": 0.5,
        "colour": "green",
        "no_colour": None,
        "text": None,
    }


def test_types_are_found_from_the_inside_of_a_namespace_out(tmp_path: Path) -> None:
    schema = load(
        tmp_path,
        """
        /* Names of these
           namespaces repeat. */
        namespace A; table Near {} table Far {}
        namespace A.B; table Near {}
        table User { near: Near; far: Far; whole: A.Near; list: [B.Near]; letters: [string]; bytes: [ubyte]; }
        """,
    )
    types = {field.name: field.type for field in schema.table("A.B.User").fields}
    assert types["near"] is schema.table("A.B.Near")
    assert types["far"] is schema.table("A.Far")
    assert types["whole"] is schema.table("A.Near")
    assert types["list"] == Vector(schema.table("A.B.Near"))
    assert types["letters"] == Vector(STRING)
    assert types["bytes"] == Vector(Scalar("uint8", "B", (int,)))


def test_a_member_without_a_name_of_its_own_is_named_after_its_table(tmp_path: Path) -> None:
    schema = load(tmp_path, "namespace N; table One {} table Two {} union Any { One, N.Two, Other: One }")
    union = schema.types["N.Any"]
    assert isinstance(union, Union)
    assert list(union.members) == ["One", "N_Two", "Other"]


def test_the_digest_tells_schemas_apart(tmp_path: Path) -> None:
    one = load(tmp_path, "table One {}").digest
    assert load(tmp_path, "table One {}").digest == one
    assert load(tmp_path, "table Two {}").digest != one


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("struct Point { x: int; }", r"test.fbs:1: 'struct' is not known here"),
        ("\n\ntable A { x: int }", r"test.fbs:3: ';' expected instead of '}'"),
        ("table A { x: int;", "name expected instead of ''"),
        ("table A", "'{' expected instead of ''"),
        ("include", "unexpected end"),
        ("table A { x: int = }", "';' expected"),
        ("table A { x: int ~ }", "unexpected '~'"),
        ("table 1A {}", "name expected instead of '1A'"),
        ('include "other.fbs";', "includes other.fbs"),
        ("table A {} table A {}", "A is there twice"),
        ("table A { x: int; x: int; }", "A: a name is there twice"),
        ("enum E: uint8 { A, a }", "E: a name is there twice"),
        ("enum E: uint8 { A = 1, B = 1 }", "E: a number is there twice"),
        ("enum E: uint8 { A = 256 }", "256 is no uint8"),
        ("enum E: float { A }", "float is no type for an enum"),
        ("table A { x: Missing; }", "A: no type Missing"),
        ("enum E: uint8 { A } union U { E }", "E is not a table"),
        ("table A { x: int (required); }", "x can't be required"),
        ("table A { x: int (deprecated); }", "'required' expected"),
        ('table A { x: string = "a"; }', "x can't have a default"),
        ("table A { x: uint8 = 256; }", "256 is no uint8"),
        ("table A { x: uint8 = many; }", "many is no uint8"),
        ("table A { x: bool = 2; }", "2 is no bool"),
        ("table A { x: float = nan; }", "nan is no float32"),
        ("enum E: uint8 { A } table T { x: E = B; }", "E has no B for a default"),
        ("enum E: uint8 { A = 1 } table T { x: E; }", "E has no 0 for a default"),
        ("table A { x: [uint64]; }", "vectors of unions or of 8-byte numbers"),
        ("enum E: uint64 { A } table T { x: [E]; }", "vectors of unions or of 8-byte numbers"),
        ("table A {} union U { A } table B { x: [U]; }", "vectors of unions or of 8-byte numbers"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SchemaError, match=problem):
        load(tmp_path, text)


def test_a_folder_without_schemas_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"no \.fbs files"):
        Schema.load(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test.fbs").write_bytes(b"table \xff {}")
    with pytest.raises(SchemaError, match=r"test\.fbs"):
        Schema.load(tmp_path)


def test_only_tables_are_found_as_tables(schema: Schema) -> None:
    for name in ("FBS.Request.Method", "FBS.Request.Body", "Missing"):
        with pytest.raises(SchemaError, match=name):
            schema.table(name)
