"""aiortc's SCTP as the other end of a transport's association: over UDP, or over DTLS as browsers have it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from aiortc import RTCDtlsTransport, RTCSctpCapabilities, RTCSctpTransport

from app.mediasoup.data_structures import SctpParameters
from app.mediasoup.plain_transport import PlainTransport


class SctpPeer(RTCSctpTransport):
    """Keeps the messages that it receives, as (stream, payload protocol, bytes); opens no data channels."""

    def __init__(self, transport: RTCDtlsTransport) -> None:
        super().__init__(transport)
        self.received: list[tuple[int, int, bytes]] = []

    async def _receive(self, stream_id: int, pp_id: int, data: bytes) -> None:
        self.received.append((stream_id, pp_id, data))

    @property
    def connected(self) -> bool:
        return self.state == "connected"

    async def associate(self, parameters: SctpParameters) -> None:
        """Begin an association with a transport's end."""
        await self.start(RTCSctpCapabilities(parameters.max_receive_message_size), parameters.port)

    async def send(self, stream_id: int, ppid: int, message: bytes) -> None:
        """Send a message, reliably and in order."""
        await self._send(stream_id, ppid, message)


class DatagramCarrier(asyncio.DatagramProtocol):
    """Carries SCTP packets over UDP: what aiortc's SCTP needs of the DTLS transport that it would have below it."""

    state = "connected"
    _role = "client"

    def __init__(self) -> None:
        self._packets: asyncio.Queue[bytes] = asyncio.Queue()
        self._receiving: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._packets.put_nowait(data)

    def _register_data_receiver(self, receiver: RTCSctpTransport) -> None:
        self._receiving = asyncio.create_task(self._receive(receiver))

    def _unregister_data_receiver(self, receiver: RTCSctpTransport) -> None:
        if self._receiving is not None:
            self._receiving.cancel()

    async def _receive(self, receiver: RTCSctpTransport) -> None:
        # One after the other: a packet may not overtake another.
        while True:
            await receiver._handle_data(await self._packets.get())

    async def _send_data(self, data: bytes) -> None:
        self._socket.sendto(data)

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def sctp_peer(transport: PlainTransport) -> AsyncIterator[SctpPeer]:
    """Begin an association with a plain transport, which learns where we are by comedia."""
    listens = (transport.tuple.local_address, transport.tuple.local_port)
    loop = asyncio.get_running_loop()
    _, carrier = await loop.create_datagram_endpoint(DatagramCarrier, remote_addr=listens)
    peer = SctpPeer(cast(RTCDtlsTransport, carrier))
    assert transport.sctp_parameters is not None
    try:
        await peer.associate(transport.sctp_parameters)
        yield peer
    finally:
        await peer.stop()
        carrier.close()
