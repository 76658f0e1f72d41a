from __future__ import annotations

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from app.web.endpoint import endpoints_of
from app.web.openapi import make_document

from .conftest import Client
from .test_operations import Things


@pytest.fixture
def document() -> dict[str, Any]:
    return make_document(each.operation for each in endpoints_of(Things()))


async def test_it_is_served_to_everybody(client: Client) -> None:
    answer = await client.get("/api/openapi.json")
    document = await answer.json()
    assert (answer.content_type, document["openapi"]) == ("application/json", "3.1.0")
    assert {"/api/version", "/api/config"} <= set(document["paths"])


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names) > 5
    assert document["paths"]["/api/things"]["post"]["operationId"] == "things_make"


def test_errors_that_come_by_themselves_are_there_with_the_one_schema(document: dict[str, Any]) -> None:
    answers = document["paths"]["/api/login"]["post"]["responses"]
    assert set(answers) == {"204", "400", "408", "413", "415", "429", "503"}
    for status in ("400", "408", "413", "415", "429", "503"):
        assert answers[status]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorAnswer"}
    assert "content" not in answers["204"]
    assert "Retry-After" in answers["429"]["headers"]
    assert set(document["paths"]["/api/mine"]["get"]["responses"]) == {"200", "401", "503"}


def test_it_says_who_may_call(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert paths["/api/mine"]["get"]["security"] == [{"accessToken": []}]
    assert paths["/api/perhaps"]["get"]["security"] == [{}, {"accessToken": []}]
    assert paths["/api/where"]["get"]["security"] == []
    assert set(document["components"]["securitySchemes"]) == {"accessToken", "roomToken"}


def test_bodies_are_as_strict_as_we_are(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/things"]["post"]["requestBody"]
    assert body["required"]
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewThing"}
    schema = document["components"]["schemas"]["NewThing"]
    validator = Draft202012Validator({**schema, "components": document["components"]})
    assert validator.is_valid({"displayName": "a", "codecs": [{"mimeType": "b"}]})
    wrong: tuple[dict[str, Any], ...] = (
        {},
        {"displayName": " "},
        {"displayName": "a\0"},
        {"displayName": "a", "x": 1},
        {"displayName": "a", "size": 10},
    )
    assert [each for each in wrong if validator.is_valid(each)] == []


def test_parameters_of_path_and_query_are_described(document: dict[str, Any]) -> None:
    parameters = {each["name"]: each for each in document["paths"]["/api/things"]["get"]["parameters"]}
    assert parameters["limit"]["schema"] == {"type": "integer", "default": 20, "minimum": 1, "maximum": 100}
    assert (parameters["cursor"]["in"], parameters["cursor"]["required"]) == ("query", False)
    (code,) = document["paths"]["/api/things/{code}"]["delete"]["parameters"]
    assert (code["in"], code["required"], code["schema"]["maxLength"]) == ("path", True, 64)
