"""
Websockets that ask the same thing again and again, as cheaply as can be done in Python.

A frame is made once and sent many times, and of an answer only what is needed is looked at: what a server can do
should not be hidden behind what the load costs. Protocols: RFC 6455, protoo.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Iterator
from itertools import cycle
from typing import Any, Final

#: Seconds that any answer may take.
PATIENCE: Final = 30.0
TEXT: Final = 0x81
MASK: Final = b"\x5a\x13\xc7\x88"
RESPONSE: Final = b'"response":true'
UPGRADE: Final = (
    "GET /?roomId={room}&peerId={peer} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: protoo\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Client(asyncio.Protocol):
    """
    One websocket with one request open at a time; made by :func:`connect`.

    :raises RuntimeError: in whoever waits, when the server answers otherwise than expected, or not in time
    """

    def __init__(self) -> None:
        self.answers = 0
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._upgraded = False
        self._frame: bytes | None = None
        self._expected = b""
        self._waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def upgrade(self, port: int, room: str, peer: str) -> None:
        self._transport.write(UPGRADE.format(port=port, room=room, peer=peer).encode())
        await self._wait()

    async def ask(self, method: str, data: dict[str, Any]) -> Any:
        """Give the data of one answer."""
        self.begin(request(method, data), b"")
        answer = json.loads(await self.stop())
        if not answer["ok"]:
            raise RuntimeError(f"{method}: {answer}")
        return answer["data"]

    def begin(self, frame: bytes, expected: bytes) -> None:
        """Send ``frame`` now and after each answer, which must contain ``expected``."""
        self._frame, self._expected = frame, expected
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(frame)

    async def stop(self) -> bytes:
        """Ask no more; gives the last answer."""
        self._frame = None
        return await self._wait()

    def close(self) -> None:
        self._transport.abort()

    async def _wait(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self._waiting

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"the server closed the connection: {error}")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            self._read_upgrade()
        for payload in self._payloads():
            if RESPONSE in payload:
                self._answered(payload)

    def _read_upgrade(self) -> None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        self._upgraded, self._buffer = True, rest
        if head.startswith(b"HTTP/1.1 101"):
            self._waiting.set_result(bytes(head))
        else:
            self._fail(f"refused: {head.decode()}")

    def _payloads(self) -> Iterator[bytes]:
        """Take whole text frames out of the buffer."""
        buffer = self._buffer
        while self._upgraded and len(buffer) >= 2:
            if buffer[0] != TEXT:
                self._fail(f"a frame that is no whole text: {bytes(buffer[:2])!r}")
                return
            size, start = buffer[1], 2
            if size == 127:
                self._fail("a frame of more than 64 KiB")
                return
            if size == 126:
                if len(buffer) < 4:
                    return
                size, start = struct.unpack_from("!H", buffer, 2)[0], 4
            if len(buffer) < start + size:
                return
            yield bytes(buffer[start : start + size])
            del buffer[: start + size]

    def _answered(self, payload: bytes) -> None:
        self.answers += 1
        if self._expected not in payload:
            self._fail(f"answered {payload[:200]!r}")
        elif self._frame is not None:
            self._transport.write(self._frame)
        else:
            self._waiting.set_result(payload)

    def _fail(self, problem: str) -> None:
        self._frame = None
        if not self._waiting.done():
            self._waiting.set_exception(RuntimeError(problem))


def request(method: str, data: dict[str, Any]) -> bytes:
    """Make the frame of a request, masked as a client's have to be; nobody may skip what a mask of zeros would save."""
    text = json.dumps({"request": True, "id": 1, "method": method, "data": data}, separators=(",", ":")).encode()
    size = bytes([0x80 | len(text)]) if len(text) < 126 else struct.pack("!BH", 0x80 | 126, len(text))
    return bytes([TEXT]) + size + MASK + bytes(byte ^ mask for byte, mask in zip(text, cycle(MASK), strict=False))


async def connect(port: int, room: str, peer: str) -> Client:
    """Connect to a server, and join a room there."""
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    await client.upgrade(port, room, peer)
    await client.ask("join", {"displayName": "Somebody", "device": {"flag": "chrome", "name": "Chrome"}})
    return client
