from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from app.errors import LimitReached
from app.web.middlewares import add_security_headers, answer_errors

from .conftest import Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of an application in which all goes wrong."""

    async def full(request: web.Request) -> web.Response:
        raise LimitReached("the room is full: 100 peers")

    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("a secret")

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound("/full")

    application = web.Application(middlewares=[answer_errors])
    application.on_response_prepare.append(add_security_headers)
    application.add_routes([web.get("/full", full), web.get("/broken", broken), web.get("/moved", moved)])
    async with TestClient(TestServer(application)) as client:
        yield client


async def error_in(answer: ClientResponse) -> dict[str, Any]:
    body = await answer.json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    return error


async def test_our_errors_carry_their_code_status_and_message(client: Client) -> None:
    answer = await client.get("/full")
    assert answer.status == 429
    assert await error_in(answer) == {"code": "limit_reached", "message": "the room is full: 100 peers"}


async def test_a_fault_of_ours_tells_nothing_of_itself(client: Client) -> None:
    answer = await client.get("/broken")
    assert answer.status == 500
    error = await error_in(answer)
    assert error["code"] == "internal_error"
    assert "secret" not in error["message"]


async def test_what_is_not_there_is_not_found(client: Client) -> None:
    answer = await client.get("/nothing")
    assert answer.status == 404
    assert (await error_in(answer))["code"] == "not_found"


async def test_a_wrong_method_is_told_which_are_right(client: Client) -> None:
    answer = await client.post("/full")
    assert answer.status == 405
    assert (await error_in(answer))["code"] == "method_not_allowed"
    assert answer.headers["Allow"] == "GET,HEAD"


async def test_a_redirect_is_no_error(client: Client) -> None:
    answer = await client.get("/moved", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/full")


@pytest.mark.parametrize("path", ["/full", "/broken", "/nothing", "/moved"])
async def test_every_answer_keeps_browsers_careful_and_names_no_versions(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "connect"
