from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import marshmallow
import pytest

from app.config import Limits, Settings
from app.errors import Unauthorized
from app.stores.pages import Cursor, Page
from app.web import fields, parsing
from app.web.endpoint import Answer, Auth, Request, endpoint
from app.web.schemas import PageQuery, RoomPath, Schema, page_of

from .conftest import Client, Serve, error_in

JSON = {"Content-Type": "application/json"}
ADA = {"Authorization": "Bearer ada"}


class Codec(Schema):
    mime_type = fields.Text(max=20, required=True)


class NewThing(Schema):
    display_name = fields.Name(max=20, required=True)
    size = fields.Whole(min=0, max=9, load_default=3)
    codecs = fields.Items(marshmallow.fields.Nested(Codec), max=3)


class Login(Schema):
    email = fields.Email(required=True)


class Filter(Schema):
    loud = fields.Text(max=9)


class ThingAnswer(Schema):
    display_name = fields.Text(max=20, required=True)
    size = fields.Whole(min=0, max=9, required=True)


class Told(Schema):
    told = marshmallow.fields.Raw(required=True)


@dataclasses.dataclass
class Thing:
    display_name: str
    size: int


class Things:
    """A resource that uses all that :func:`endpoint` offers."""

    @endpoint("POST", "/api/things", summary="Make", tag="things", body=NewThing, answers={201: ThingAnswer})
    async def make(self, request: Request[None]) -> Thing:
        return Thing(request.body["display_name"], request.body["size"])

    @endpoint("GET", "/api/things", summary="List", tag="things", query=PageQuery, answers={200: page_of(ThingAnswer)})
    async def list(self, request: Request[None]) -> Page[Thing]:
        return Page([Thing("one", request.query["limit"] % 10)], request.query["cursor"])

    @endpoint(
        "GET", "/api/things/{code}", summary="Get", tag="things", params=RoomPath, query=Filter, answers={200: Told}
    )
    async def get(self, request: Request[None]) -> dict[str, Any]:
        return {"told": {**request.params, **request.query}}

    @endpoint("DELETE", "/api/things/{code}", summary="Delete", tag="things", params=RoomPath, answers={204: None})
    async def delete(self, request: Request[None]) -> None:
        """Forget a thing."""

    @endpoint("PUT", "/api/things", summary="Put", tag="things", answers={200: Told, 202: Told})
    async def put(self, request: Request[None]) -> Answer:
        return Answer({"told": "later"}, 202, {"X-Later": "yes"})

    @endpoint("GET", "/api/mine", summary="Mine", tag="things", auth="user", answers={200: Told})
    async def mine(self, request: Request[str]) -> dict[str, Any]:
        return {"told": request.caller}

    @endpoint("GET", "/api/perhaps", summary="Perhaps", tag="things", auth="optional", answers={200: Told})
    async def perhaps(self, request: Request[str | None]) -> dict[str, Any]:
        return {"told": request.caller}

    @endpoint("GET", "/api/where", summary="Where", tag="things", answers={200: Told})
    async def where(self, request: Request[None]) -> dict[str, Any]:
        return {"told": [request.address, request.origin]}

    @endpoint(
        "POST",
        "/api/login",
        summary="Log in",
        tag="things",
        body=Login,
        answers={204: None},
        rate="login",
        rate_field="email",
    )
    async def login(self, request: Request[None]) -> None:
        """Do nothing, but not too often."""


async def authenticate(token: str, auth: Auth) -> str:
    if token != "ada":
        raise Unauthorized("who is that?")
    return f"{token} as {auth}"


@pytest.fixture
async def client(serve: Serve, web_settings: Settings) -> AsyncIterator[Client]:
    async with serve(web_settings, resources=[Things()], authenticate=authenticate) as client:
        yield client


async def wrong_fields(client: Client, data: object) -> dict[str, list[str]]:
    """Send a body that is refused; gives what is wrong with which field."""
    answer = await client.post("/api/things", json=data)
    assert answer.status == 400
    error = await error_in(answer)
    assert error["name"] == "bad_request"
    found: dict[str, list[str]] = error["fields"]
    return found


async def test_a_handler_gets_what_the_schemas_loaded_and_its_value_is_dumped(client: Client) -> None:
    answer = await client.post("/api/things", json={"displayName": " a thing "})
    assert (answer.status, await answer.json()) == (201, {"displayName": "a thing", "size": 3})
    assert answer.headers["Cache-Control"] == "no-store"
    answer = await client.get("/api/things/a%40b?loud=yes")
    assert await answer.json() == {"told": {"code": "a@b", "loud": "yes"}}


async def test_an_answer_may_have_no_body_or_another_status(client: Client) -> None:
    answer = await client.delete("/api/things/x")
    assert (answer.status, await answer.read()) == (204, b"")
    answer = await client.put("/api/things")
    assert (answer.status, await answer.json(), answer.headers["X-Later"]) == (202, {"told": "later"}, "yes")


async def test_pages_begin_where_the_one_before_ended(client: Client) -> None:
    cursor = Cursor(datetime(2030, 1, 1, tzinfo=UTC), str(UUID(int=7))).to_text()
    answer = await client.get("/api/things", params={"cursor": cursor, "limit": "7"})
    assert await answer.json() == {"items": [{"displayName": "one", "size": 7}], "next": cursor}
    answer = await client.get("/api/things")
    assert await answer.json() == {"items": [{"displayName": "one", "size": 0}], "next": None}


async def test_every_wrong_field_is_named_by_its_path(client: Client) -> None:
    assert set(
        await wrong_fields(client, {"size": "3", "color": 1, "codecs": [{"mimeType": "a"}, {"mimeType": 1}, 5]})
    ) == {
        "displayName",
        "size",
        "color",
        "codecs.1.mimeType",
        "codecs.2",
    }
    assert set(await wrong_fields(client, {"display_name": "a"})) == {"displayName", "display_name"}
    assert set(await wrong_fields(client, [])) == {"body"}
    assert set(await wrong_fields(client, "a")) == {"body"}


async def test_the_message_says_the_first_few(client: Client) -> None:
    answer = await client.post("/api/things", json={"displayName": "", "a": 1})
    assert "a: Unknown field." in (await error_in(answer))["message"]
    answer = await client.post("/api/things", json={"displayName": "a", **{str(n): 1 for n in range(500)}})
    error = await error_in(answer)
    assert error["message"].endswith("; and more")
    assert len(error["message"]) < 100
    assert len(error["fields"]) == 500


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"nul", b'{"displayName": "a",}', b'{"displayName": NaN}', b"{'displayName': 'a'}"),
        *(b'{"displayName": "\\ud800"}', b'{"displayName": "\xff"}', b"[" * 60_000, b"1" + b"0" * 60_000),
        b'\xef\xbb\xbf{"displayName": "a"}',
    ],
)
async def test_what_is_no_json_is_refused(client: Client, body: bytes) -> None:
    answer = await client.post("/api/things", data=body, headers=JSON)
    assert (answer.status, (await error_in(answer))["name"]) == (400, "bad_request")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json-seq", ""])
async def test_a_body_of_another_kind_is_refused(client: Client, kind: str) -> None:
    answer = await client.post("/api/things", data=b'{"displayName": "a"}', headers={"Content-Type": kind})
    assert (answer.status, (await error_in(answer))["name"]) == (415, "unsupported_media_type")


async def test_json_may_say_its_charset(client: Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = await client.post("/api/things", data=b'{"displayName": "a"}', headers=headers)
    assert answer.status == 201


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_long_is_refused(client: Client, chunked: bool) -> None:
    text = json.dumps({"displayName": "a" * 70_000}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(text), 10_000):
            yield text[start : start + 10_000]

    answer = await client.post("/api/things", data=chunks() if chunked else text, headers=JSON)
    assert (answer.status, (await error_in(answer))["name"]) == (413, "too_large")


async def test_a_body_that_does_not_come_is_not_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    writer.write(
        b"POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    async with asyncio.timeout(10):
        assert await reader.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("?limit=0", {"limit"}),
        ("?limit=", {"limit"}),
        ("?limit=1&limit=2", {"limit"}),
        ("?Limit=1&page=2", {"Limit", "page"}),
        ("?cursor=mine", {"cursor"}),
        ("?=1", {"query"}),
    ],
)
async def test_a_query_is_taken_as_seriously(client: Client, query: str, wrong: set[str]) -> None:
    answer = await client.get(f"/api/things{query}")
    assert (answer.status, set((await error_in(answer))["fields"])) == (400, wrong)


async def test_so_is_a_path(client: Client) -> None:
    answer = await client.get("/api/things/a%00b")
    assert (answer.status, set((await error_in(answer))["fields"])) == (400, {"code"})


async def test_a_token_tells_who_calls(client: Client) -> None:
    assert await (await client.get("/api/mine", headers=ADA)).json() == {"told": "ada as user"}
    assert await (await client.get("/api/perhaps", headers={"Authorization": "bearer  ada"})).json() == {
        "told": "ada as optional"
    }
    assert await (await client.get("/api/perhaps")).json() == {"told": None}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer bob", "Basic YWRhOg==", "ada"])
async def test_without_a_good_token_one_is_sent_away(client: Client, header: str | None) -> None:
    answer = await client.get("/api/mine", headers={} if header is None else {"Authorization": header})
    assert (answer.status, (await error_in(answer))["name"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_bad_token_is_worse_than_none(client: Client) -> None:
    assert (await client.get("/api/perhaps", headers={"Authorization": "Bearer bob"})).status == 401


async def test_a_handler_knows_where_the_client_is_and_where_it_finds_us(
    client: Client, serve: Serve, web_settings: Settings
) -> None:
    own = f"http://{client.server.host}:{client.server.port}"
    assert await (await client.get("/api/where")).json() == {"told": ["127.0.0.1", own]}
    settings = dataclasses.replace(web_settings, trusted_proxies=("127.0.0.1",))
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "calls.example.org"}
    async with serve(settings, resources=[Things()]) as client:
        answer = await client.get("/api/where", headers=headers)
        assert await answer.json() == {"told": ["203.0.113.7", "https://calls.example.org"]}
        assert "Strict-Transport-Security" in answer.headers
    settings = dataclasses.replace(web_settings, public_url="https://calls.example.org")
    async with serve(settings, resources=[Things()]) as client:
        assert await (await client.get("/api/where")).json() == {"told": ["127.0.0.1", "https://calls.example.org"]}


async def log_in(client: Client, address: str, email: str) -> int:
    headers = {"X-Forwarded-For": address}
    answer = await client.post("/api/login", json={"email": email}, headers=headers)
    assert answer.status == 204 or int(answer.headers["Retry-After"]) >= 1
    return answer.status


async def test_a_rate_limit_counts_addresses_and_the_field(serve: Serve, web_settings: Settings) -> None:
    settings = dataclasses.replace(web_settings, trusted_proxies=("127.0.0.1",), limits=Limits(login_rate="2/day"))
    async with serve(settings, resources=[Things()]) as client:
        assert [await log_in(client, "203.0.113.1", f"{who}@example.org") for who in "abc"] == [204, 204, 429]
        # Others are not concerned, and yet one account can't be tried from everywhere, however it is written.
        assert [await log_in(client, f"203.0.113.{n}", e) for n, e in ((2, "d@x"), (3, "D@x"), (4, "d@X"))] == [
            *(204, 204, 429)
        ]
        answer = await client.post("/api/login", json={"email": "d@x"}, headers={"X-Forwarded-For": "203.0.113.5"})
        assert (await error_in(answer))["name"] == "too_many_requests"
