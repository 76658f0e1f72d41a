from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import web
from loguru import logger

from app.web import runner
from app.web.runner import Runner


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where an application listens."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    application = web.Application()
    application.add_routes([web.get("/", answer)])
    server = Runner(application)
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    yield server.addresses[0][1]
    await server.cleanup()


@pytest.fixture
def lines() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}", filter="app.web.runner")
    yield lines
    logger.remove(sink)


async def say(port: int, text: bytes) -> tuple[str, dict[str, str], bytes]:
    """Send ``text`` and read until the end; gives status line, headers and body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    async with asyncio.timeout(10):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    status, *headers = head.decode().split("\r\n")
    return status, dict(header.split(": ", 1) for header in headers), body


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: " + b"a" * 20_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_like_any_error_and_logged_in_a_line_that_tells_nothing(
    port: int, lines: list[str], text: bytes
) -> None:
    status, headers, body = await say(port, text)
    assert status == "HTTP/1.0 400 Bad Request"
    assert json.loads(body)["error"]["name"] == "bad_request"
    assert (headers["Server"], headers["X-Content-Type-Options"]) == ("connect", "nosniff")
    (line,) = lines
    assert line.startswith("DEBUG 127.0.0.0/24 sent what is no HTTP: ")
    assert "secret" not in line


async def test_who_asks_for_nothing_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "FIRST_REQUEST_SECONDS", 0.05)
    assert await say(port, b"GET / HTTP/1.1\r\nHost: a\r\n") == ("", {}, b"")


async def test_who_asked_once_may_take_longer(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "FIRST_REQUEST_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
            # By then, this connection would have been given up as well.
            assert await say(port, b"") == ("", {}, b"")
    writer.close()
    await writer.wait_closed()


async def test_an_expectation_that_nobody_knows_is_an_error_like_any_other(port: int) -> None:
    status, _, body = await say(port, b"GET / HTTP/1.1\r\nHost: a\r\nExpect: cake\r\nConnection: close\r\n\r\n")
    assert status == "HTTP/1.1 417 Expectation Failed"
    assert json.loads(body)["error"]["name"] == "expectation_failed"
