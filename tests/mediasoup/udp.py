"""A UDP endpoint of the tests, as a plain transport's other end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

#: Bytes that may wait to be read, if the kernel allows so many; each packet takes up to 2,304 of them.
RECEIVE_BUFFER = 1_000_000


class UdpEndpoint(asyncio.DatagramProtocol):
    """Keeps what it receives; sends from the same port."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.port: int = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.received.append(data)

    def send(self, data: bytes, *, port: int) -> None:
        self._transport.sendto(data, ("127.0.0.1", port))

    def close(self) -> None:
        self._transport.close()


@asynccontextmanager
async def udp_endpoint() -> AsyncIterator[UdpEndpoint]:
    """Open a port on loopback."""
    loop = asyncio.get_running_loop()
    _, endpoint = await loop.create_datagram_endpoint(UdpEndpoint, local_addr=("127.0.0.1", 0))
    try:
        yield endpoint
    finally:
        endpoint.close()
