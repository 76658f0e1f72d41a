"""What becomes of clients that do not read, seen from their server's end of the socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer
from loguru import logger

from app.config import Limits
from app.signaling import socket as socket_module
from app.signaling.socket import AT_FAULT, CLOSE_CODE, Socket
from tests.rtc.fakes import until

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Host:
    """A server that has one socket, and notes what it says of its client."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.socket: Socket | None = None
        self.texts: list[str] = []
        self.on_text: Callable[[str], None] = self.texts.append
        self.faults: list[tuple[int, str]] = []
        self.ended = asyncio.Event()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        self.socket = Socket(
            self.limits,
            logger,
            on_text=lambda text: self.on_text(text),
            on_fault=lambda code, reason: self.faults.append((code, reason)),
        )
        try:
            return await self.socket.run(request)
        finally:
            self.ended.set()


@pytest.fixture
async def host() -> Host:
    return Host(Limits(max_outgoing_queue=1_000, max_outgoing_bytes=64 * 1024 * 1024))


@pytest.fixture
async def client(host: Host) -> AsyncIterator[ClientWebSocketResponse]:
    application = web.Application()
    application.router.add_get("/", host.handle)
    async with (
        TestServer(application) as server,
        ClientSession() as session,
        session.ws_connect(server.make_url("/"), max_msg_size=0) as websocket,
    ):
        await until(lambda: host.socket is not None)
        yield websocket
    await host.ended.wait()


def stop_reading(client: ClientWebSocketResponse) -> None:
    connection = client._response.connection
    assert connection is not None and connection.protocol is not None
    connection.protocol.pause_reading()


def resume_reading(client: ClientWebSocketResponse) -> None:
    connection = client._response.connection
    assert connection is not None and connection.protocol is not None
    connection.protocol.resume_reading()


def cut(client: ClientWebSocketResponse) -> None:
    connection = client._response.connection
    assert connection is not None and connection.transport is not None
    connection.transport.abort()


async def test_what_is_queued_goes_out_before_the_close(host: Host, client: ClientWebSocketResponse) -> None:
    assert host.socket is not None
    host.socket.send(b"one")
    host.socket.send(b"two")
    host.socket.close(4001, "x" * 200)
    host.socket.send(b"three")
    assert [await client.receive_str(), await client.receive_str()] == ["one", "two"]
    closing = await client.receive()
    assert (closing.type, closing.data, closing.extra) == (WSMsgType.CLOSE, 4001, "x" * 123)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
async def test_texts_of_any_size_arrive(host: Host, client: ClientWebSocketResponse, size: int) -> None:
    assert host.socket is not None
    host.socket.send(b"x" * size)
    assert await client.receive_str() == "x" * size


async def test_texts_that_wait_and_texts_that_need_not_keep_their_order(
    host: Host, client: ClientWebSocketResponse
) -> None:
    assert host.socket is not None
    stop_reading(client)
    sent = []
    for number in range(32):
        # The first of them fill the way to the client; what follows has to wait.
        sent.append(f"{number}".ljust(256 * 1024))
        host.socket.send(sent[-1].encode())
    resume_reading(client)
    assert [await client.receive_str() for _ in sent] == sent
    host.socket.send(b"at once")
    assert await client.receive_str() == "at once"


async def test_nothing_follows_the_close(host: Host, client: ClientWebSocketResponse) -> None:
    # Browsers take a second close frame for a broken connection, and tell the page 1006 instead of the code.
    url, first = client._response.url, host.socket
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    await until(lambda: host.socket is not first)
    assert host.socket is not None
    host.socket.close(4000, "replaced")
    async with asyncio.timeout(5):
        assert (await reader.readexactly(12)).endswith(b"replaced")
        # The client's answer, masked with zeros.
        writer.write(b"\x88\x82" + bytes(4) + CLOSE_CODE.pack(4000))
        assert await reader.read() == b""
    writer.close()


async def test_only_the_first_close_counts(host: Host, client: ClientWebSocketResponse) -> None:
    assert host.socket is not None
    host.socket.close(4001, "first")
    host.socket.close(4002, "second", instead=True)
    assert (await client.receive()).data == 4001


async def test_a_send_that_is_stuck_is_the_clients_fault(
    host: Host, client: ClientWebSocketResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "SEND_SECONDS", 0.05)
    assert host.socket is not None
    stop_reading(client)
    for _ in range(32):
        host.socket.send(b"x" * 1024 * 1024)
    await host.ended.wait()
    cut(client)
    assert host.faults == [(1008, "too slow: what was sent is not read")]


async def test_a_client_that_never_says_goodbye_is_cut_off(
    host: Host, client: ClientWebSocketResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "CLOSE_SECONDS", 0.05)
    assert host.socket is not None
    stop_reading(client)
    for _ in range(32):
        host.socket.send(b"x" * 1024 * 1024)
    host.socket.close(1012, "going down")
    await host.ended.wait()
    cut(client)


async def test_a_failure_to_send_is_logged_and_ends_the_socket(
    host: Host, client: ClientWebSocketResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("what a frame")

    lines: list[str] = []
    sink = logger.add(lines.append, level="ERROR", format="{message} {exception}")
    monkeypatch.setattr(web.WebSocketResponse, "send_frame", fail)
    assert host.socket is not None
    # A text would be written at once.
    host.socket.ping()
    await host.ended.wait()
    logger.remove(sink)
    assert "what a frame" in lines[0]


async def test_texts_are_passed_on_until_the_socket_closes(host: Host, client: ClientWebSocketResponse) -> None:
    assert host.socket is not None
    await client.send_str("one")
    await until(lambda: host.texts)
    host.socket.close(1000, "")
    await client.send_str("two")
    await host.ended.wait()
    assert host.texts == ["one"]


async def test_an_error_in_what_a_text_causes_is_logged_and_ends_the_socket(
    host: Host, client: ClientWebSocketResponse
) -> None:
    def fail(text: str) -> None:
        raise ZeroDivisionError(f"what a text: {text}")

    lines: list[str] = []
    sink = logger.add(lines.append, level="ERROR", format="{message} {exception}")
    host.on_text = fail
    await client.send_str("one")
    assert (await client.receive()).data == 1011
    await host.ended.wait()
    logger.remove(sink)
    assert "what a text: one" in lines[0]


async def test_a_client_that_breaks_the_rules_is_closed_with_the_reason_of_it(
    host: Host, client: ClientWebSocketResponse
) -> None:
    await client.send_frame(b"\xff\xfe", WSMsgType.TEXT)
    assert (await client.receive()).data == 1007
    await host.ended.wait()
    assert host.socket is not None and host.socket.end == AT_FAULT and host.texts == []


async def test_a_client_that_vanishes_before_it_is_answered_gets_no_socket() -> None:
    answers: list[asyncio.Task[web.WebSocketResponse]] = []

    async def answer(request: web.Request) -> web.WebSocketResponse:
        await until(lambda: request.transport is None)
        return await Host(Limits()).handle(request)

    async def handle(request: web.Request) -> web.WebSocketResponse:
        answers.append(asyncio.create_task(answer(request)))
        # As the app's servers, and not as the tests', which cancel what nobody waits for.
        return await asyncio.shield(answers[0])

    application = web.Application()
    application.router.add_get("/", handle)
    async with TestServer(application) as server:
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(UPGRADE)
        await until(lambda: answers)
        writer.close()
        with pytest.raises(ConnectionResetError):
            await answers[0]


async def test_a_client_that_vanishes_ends_the_socket(host: Host, client: ClientWebSocketResponse) -> None:
    assert host.socket is not None
    cut(client)
    await host.ended.wait()
    assert host.socket.closing and host.faults == []
