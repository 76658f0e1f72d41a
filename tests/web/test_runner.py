from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import web
from loguru import logger

from app.web import runner
from app.web.runner import Runner


@pytest.fixture
def asked() -> asyncio.Event:
    """Set when somebody asked what is answered slowly."""
    return asyncio.Event()


@pytest.fixture
def answerable() -> asyncio.Event:
    """To be set when that may be answered."""
    return asyncio.Event()


@pytest.fixture
async def server(asked: asyncio.Event, answerable: asyncio.Event) -> AsyncIterator[Runner]:
    """An application that answers at ``/``, and slowly at ``/slow``."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    async def answer_slowly(request: web.Request) -> web.Response:
        asked.set()
        await answerable.wait()
        return web.Response()

    application = web.Application()
    application.add_routes([web.get("/", answer), web.get("/slow", answer_slowly)])
    server = Runner(application, shutdown_timeout=0.1)
    await server.setup()
    yield server
    await server.cleanup()


@pytest.fixture
async def port(server: Runner) -> int:
    """Where an application listens."""
    await server.listen([socket.create_server(("127.0.0.1", 0))])
    port: int = server.addresses[0][1]
    return port


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


# The end.


@contextlib.asynccontextmanager
async def connection_to(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        yield reader, writer
    writer.close()
    await writer.wait_closed()


async def test_who_connects_after_it_is_left_to_the_next(server: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        await server.listen([ours.dup()])
        port = ours.getsockname()[1]
        assert (await say(port, b"GET / HTTP/1.0\r\n\r\n"))[0] == "HTTP/1.0 200 OK"
        await server.stop_listening()
        async with connection_to(port) as (_, writer):
            ours.settimeout(5)
            accepted, peer = ours.accept()
            assert peer == writer.get_extra_info("sockname")
            accepted.close()


async def test_what_was_asked_is_answered_last_of_all(
    server: Runner, port: int, asked: asyncio.Event, answerable: asyncio.Event
) -> None:
    async with connection_to(port) as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await asked.wait()
        finishing = asyncio.create_task(server.finish(10))
        await asyncio.sleep(0)
        assert not finishing.done()
        answerable.set()
        answer = (await reader.read()).decode()
        assert answer.startswith("HTTP/1.1 200 OK")
        assert "Connection: close" in answer
        await finishing


async def test_who_has_just_connected_may_ask(server: Runner, port: int) -> None:
    async with connection_to(port) as (reader, writer):
        # Accepted, for others that came later have been answered.
        await say(port, b"GET / HTTP/1.0\r\n\r\n")
        finishing = asyncio.create_task(server.finish(10))
        await asyncio.sleep(0)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        await finishing


async def test_who_asks_nothing_is_not_waited_for(
    server: Runner, port: int, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    monkeypatch.setattr(runner, "LAST_REQUEST_SECONDS", 0.05)
    async with connection_to(port) as (reader, writer), connection_to(port):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(5):
            await server.finish(60)
    assert lines == []


async def test_what_takes_too_long_is_not_waited_for(
    server: Runner, port: int, asked: asyncio.Event, lines: list[str]
) -> None:
    async with connection_to(port) as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await asked.wait()
        await server.finish(0.05)
        (line,) = lines
        assert line.strip() == "WARNING 1 requests were not answered in 0.05 s"
        await server.cleanup()
        assert await reader.read() == b""
