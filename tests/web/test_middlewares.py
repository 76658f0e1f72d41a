from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from loguru import logger

from app.errors import BadRequest, LimitReached, TooManyRequests, Unauthorized, Unavailable
from app.web.middlewares import CLIENT_GONE, add_security_headers, answer_errors, identify
from app.web.proxies import Proxies

from .conftest import Client, error_in

FAULTS: dict[str, Callable[[], Exception]] = {
    "full": lambda: LimitReached("the room is full: 100 peers"),
    "often": lambda: TooManyRequests("too often", 17),
    "away": lambda: Unavailable("no worker"),
    "stranger": lambda: Unauthorized("who is that?"),
    "bad": lambda: BadRequest("a: wrong", {"a": ["wrong"]}),
    "broken": lambda: RuntimeError("a secret"),
    "moved": lambda: web.HTTPFound("/full"),
}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of an application in which all goes wrong."""

    async def fail(request: web.Request) -> web.Response:
        logger.info("failing")
        raise FAULTS[request.match_info["how"]]()

    application = web.Application(middlewares=[identify(Proxies(["127.0.0.1"])), answer_errors])
    application.on_response_prepare.append(add_security_headers)
    application.add_routes([web.get(f"/{{how:{'|'.join(FAULTS)}}}", fail)])
    async with TestClient(TestServer(application)) as client:
        yield client


@pytest.fixture
def ids() -> Iterator[list[str]]:
    """The request id of each line that is logged."""
    ids: list[str] = []
    sink = logger.add(lambda message: ids.append(message.record["extra"]["request_id"]), filter=__name__)
    yield ids
    logger.remove(sink)


async def test_our_errors_carry_their_name_status_and_message(client: Client) -> None:
    answer = await client.get("/full")
    assert answer.status == 429
    assert await error_in(answer) == {
        "name": "limit_reached",
        "message": "the room is full: 100 peers",
        "fields": {},
    }


async def test_a_fault_of_ours_tells_nothing_of_itself(client: Client) -> None:
    answer = await client.get("/broken")
    assert answer.status == 500
    error = await error_in(answer)
    assert error["name"] == "internal_error"
    assert "secret" not in error["message"]


async def test_that_a_client_is_going_is_no_fault_of_ours() -> None:
    async def upgrade(request: web.Request) -> web.StreamResponse:
        raise ConnectionResetError("Cannot write to closing transport")

    transport = Mock()
    transport.is_closing.return_value = True
    answer = await answer_errors(make_mocked_request("GET", "/ws", transport=transport), upgrade)
    assert answer.status == CLIENT_GONE


async def test_what_is_not_there_is_not_found(client: Client) -> None:
    answer = await client.get("/nothing")
    assert answer.status == 404
    assert (await error_in(answer))["name"] == "not_found"


async def test_a_wrong_method_is_told_which_are_right(client: Client) -> None:
    answer = await client.post("/full")
    assert answer.status == 405
    assert (await error_in(answer))["name"] == "method_not_allowed"
    assert answer.headers["Allow"] == "GET,HEAD"


async def test_wrong_fields_are_named(client: Client) -> None:
    assert (await error_in(await client.get("/bad")))["fields"] == {"a": ["wrong"]}


@pytest.mark.parametrize(
    ("path", "header", "value"),
    [
        ("/stranger", "WWW-Authenticate", "Bearer"),
        ("/often", "Retry-After", "17"),
        ("/full", "Retry-After", "30"),
        ("/away", "Retry-After", "2"),
    ],
)
async def test_some_errors_say_what_to_do(client: Client, path: str, header: str, value: str) -> None:
    assert (await client.get(path)).headers[header] == value


async def test_a_redirect_is_no_error(client: Client) -> None:
    answer = await client.get("/moved", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/full")


@pytest.mark.parametrize("path", ["/full", "/broken", "/nothing", "/moved"])
async def test_every_answer_keeps_browsers_careful_and_names_no_versions(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "connect"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_browsers_stay_with_https_once_they_came_by_it(client: Client) -> None:
    name = "Strict-Transport-Security"
    assert name not in (await client.get("/full")).headers
    answer = await client.get("/full", headers={"X-Forwarded-Proto": "https"})
    assert answer.headers[name] == "max-age=31536000"


async def test_a_request_has_an_id_in_answer_and_logs(client: Client, ids: list[str]) -> None:
    given = [(await client.get("/full")).headers["X-Request-Id"] for _ in range(3)]
    assert given == ids
    assert len(set(given)) == 3


async def test_a_sane_id_that_a_request_brings_is_kept(client: Client, ids: list[str]) -> None:
    answer = await client.get("/full", headers={"X-Request-Id": "proxy-17_a"})
    assert answer.headers["X-Request-Id"] == "proxy-17_a"
    assert ids == ["proxy-17_a"]


@pytest.mark.parametrize("id", ["", "a b", "x" * 65, "a;b", "ü"])
async def test_another_is_replaced(client: Client, id: str) -> None:
    answer = await client.get("/nothing", headers={"X-Request-Id": id})
    assert answer.headers["X-Request-Id"] not in ("", id)
