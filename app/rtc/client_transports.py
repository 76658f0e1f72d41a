"""The transports of clients, WebRTC and plain: what whoever looks at them need not tell apart, and what one must."""

from __future__ import annotations

from typing import TypeVar

from app.errors import BadRequest
from app.mediasoup.plain_transport import PlainTransport
from app.mediasoup.webrtc_transport import WebRtcTransport

ClientTransport = WebRtcTransport | PlainTransport
T = TypeVar("T", WebRtcTransport, PlainTransport)


def is_connected(transport: ClientTransport) -> bool:
    """Whether its other end was found, and ICE, if there is any, still hears it."""
    if isinstance(transport, PlainTransport):
        return transport.tuple.remote_ip is not None
    return transport.ice_state in ("connected", "completed")


def is_cut(transport: ClientTransport) -> bool:
    """Whether ICE does not hear its other end any more. Without ICE nobody knows."""
    return isinstance(transport, WebRtcTransport) and transport.ice_state == "disconnected"


def as_webrtc(transport: ClientTransport) -> WebRtcTransport:
    """Take it for what a client says it is. Raises BadRequest if it is a plain one."""
    if isinstance(transport, PlainTransport):
        raise BadRequest("data.transportId: this is a plain transport, which has no ICE, no DTLS and no data channels")
    return transport


def as_plain(transport: ClientTransport) -> PlainTransport:
    """Take it for what a client says it is. Raises BadRequest if it is a WebRTC one."""
    if isinstance(transport, WebRtcTransport):
        raise BadRequest("data.transportId: this is a WebRTC transport")
    return transport


async def prepare(transport: T, max_incoming_bitrate: int | None, tells_bandwidth: bool) -> T:
    """Have a new transport take no more than so many bits a second, and tell what it may send; or close it."""
    try:
        if max_incoming_bitrate is not None:
            await transport.set_max_incoming_bitrate(max_incoming_bitrate)
        if tells_bandwidth:
            await transport.enable_trace_event(["bwe"])
    except BaseException:
        transport.close()
        raise
    return transport
