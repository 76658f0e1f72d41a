"""The method with which clients keep their STUN and TURN servers' credentials fresh."""

from __future__ import annotations

from app.auth import ice_servers
from app.mediasoup.rtp_parameters import Value
from app.rtc.peer import Peer
from app.rtc.room import Room

from . import schemas
from .methods import MethodTable

METHODS = MethodTable()


class IceServer(Value, frozen=True):
    """An ``RTCIceServer``."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class IceServers(Value, frozen=True):
    """``expires_at``: when the credentials do, in milliseconds since the epoch; ``None`` when there are none."""

    ice_servers: list[IceServer]
    expires_at: int | None


def ice_servers_for(room: Room, peer: Peer) -> IceServers:
    """Make credentials for one client."""
    given = room.ice_servers.for_user(peer.identity)
    return IceServers([_wire(server) for server in given.servers], given.expires_at and given.expires_at * 1_000)


@METHODS.method("getIceServers", schemas.Nothing, needs_join=False, put_down="nothing")
def get_ice_servers(room: Room, peer: Peer, data: schemas.Nothing) -> IceServers:
    return ice_servers_for(room, peer)


def _wire(server: ice_servers.IceServer) -> IceServer:
    return IceServer(server.urls, server.username, server.credential)
