"""A participant who sends and receives plain RTP, as bots do through plain transports."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

import jwt

from tests.ports import free_ports
from tests.signaling.client import Json

from .deployment import Deployment
from .speaker import Media, Speaker

#: Where those are who may use plain transports here.
NETWORKS = "127.0.0.0/8"
#: Bytes that the kernel may keep for one port, while this program does not get its turn.
RECEIVE_BUFFER = 1_048_576


def plain_ports(count: int = 40) -> str:
    """Find so many ports for plain transports, and give them as a deployment takes them."""
    first = free_ports(count)
    return f"{first}-{first + count - 1}"


def tokens_for(deployment: Deployment, rooms: list[str]) -> dict[str, str]:
    """Have somebody make an API key, and tokens with it that let into rooms, and use plain transports there."""
    _, owner = deployment.sign_up("Operator")
    key = deployment.api("POST", "/api-keys", {"name": "Bots"}, owner)
    claims = {"iss": key["id"], "sub": "bot", "exp": 4_000_000_000}
    grants = {"roomJoin": True, "canUsePlainTransports": True}
    return {room: jwt.encode({**claims, "video": {**grants, "room": room}}, key["secret"], "HS256") for room in rooms}


class PlainMedia(asyncio.DatagramProtocol):
    """The bot's end of a plain transport, that ``parameters`` came of; ``on_rtp`` gets each packet that arrives."""

    def __init__(self, parameters: Json, on_rtp: Callable[[bytes], None]) -> None:
        self.id: str = parameters["id"]
        self.port = 0
        self.frozen = False
        self._address = parameters["ip"], parameters["port"]
        self._on_rtp = on_rtp
        self._transport: asyncio.DatagramTransport | None = None

    async def connect(self) -> None:
        """Open a port of our own."""
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def send_rtp(self, packet: bytes) -> None:
        """Send a packet."""
        assert self._transport is not None
        # A transport that is left is closed in the middle of a round of sending.
        if not (self.frozen or self._transport.is_closing()):
            self._transport.sendto(packet, self._address)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: object) -> None:
        # All else is RTCP (RFC 5761).
        if not 192 <= data[1] <= 223:
            self._on_rtp(data)


class PlainSpeaker(Speaker):
    """Sends by comedia, and says where it listens."""

    async def _make_transport(self, way: str) -> Media:
        made = await self._request("createPlainTransport", {way: True, "comedia": way == "producing"})
        return PlainMedia(made, self._studio.streams.receive)

    async def _connect_transport(self, transport: Media) -> None:
        assert isinstance(transport, PlainMedia)
        await transport.connect()
        if transport is self._transports[1]:
            end = {"transportId": transport.id, "ip": "127.0.0.1", "port": transport.port}
            await self._request("connectPlainTransport", end)
