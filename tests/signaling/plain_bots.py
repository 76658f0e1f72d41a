"""Bots that use plain transports, and their fixtures: whoever takes these sees a server that has them."""

from __future__ import annotations

import base64
import dataclasses

import pytest

from app.auth.grants import Grants
from app.config import Settings
from app.mediasoup.plain_transport import PlainTransport
from app.rtc.peer import Peer
from app.rtc.room_manager import RoomManager
from tests.mediasoup.rtp import Packet
from tests.mediasoup.udp import UdpEndpoint
from tests.ports import free_ports

from .calls import RTP_CAPABILITIES
from .client import Json, ProtooClient, Refused
from .conftest import Connect
from .gates import TestGate

Bots = tuple[ProtooClient, ProtooClient]
BOT = Grants(can_use_plain_transports=True)
PORTS = 20
#: The master key and salt of AES_CM_128_HMAC_SHA1_80.
KEY = base64.b64encode(bytes(range(30))).decode()
#: Wherever nobody listens: nothing is sent there.
SOMEWHERE = {"ip": "127.0.0.1", "port": 9_999}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Plain transports are for one half of loopback; the other half is elsewhere."""
    first = free_ports(PORTS)
    return dataclasses.replace(settings, plain_networks=("127.0.0.0/25", "::1"), plain_ports=(first, first + PORTS - 1))


@pytest.fixture
async def bots(connect: Connect, gate: TestGate) -> Bots:
    """Two who may use plain transports, and have joined."""
    return await come(connect, gate, "left"), await come(connect, gate, "right")


async def come(connect: Connect, gate: TestGate, name: str, grants: Grants = BOT) -> ProtooClient:
    bot = await connect(name, token=gate.issue(name, grants))
    await bot.request("join", {"displayName": name, "rtpCapabilities": RTP_CAPABILITIES})
    return bot


async def create(bot: ProtooClient, way: str = "producing", **options: object) -> Json:
    """Make a transport, on which the bot sends, or receives, from now on."""
    made: Json = await bot.request("createPlainTransport", {way: True, **options})
    if way == "producing":
        bot.sending = made["id"]
    else:
        bot.receiving = made["id"]
    return made


async def connect_to(bot: ProtooClient, made: Json, **end: object) -> Json:
    answer: Json = await bot.request("connectPlainTransport", {"transportId": made["id"], **end})
    return answer


async def refusal(bot: ProtooClient, method: str, **data: object) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        await bot.request(method, data)
    return refused.value.code, str(refused.value)


def packet(number: int, ssrc: int = 1111) -> bytes:
    return bytes(Packet(111, number, 960 * number, ssrc, b"%03d" % number))


def arrived(endpoint: UdpEndpoint) -> list[bytes]:
    """Give the payloads that came; RTCP has packet types from 192."""
    return [Packet.parse(data).payload for data in endpoint.received if not 192 <= data[1] <= 223]


def numbers(count: int) -> list[bytes]:
    return [b"%03d" % number for number in range(count)]


def peer_of(rooms: RoomManager, name: str) -> Peer:
    room = rooms.get("kitchen")
    assert room is not None
    return room.find(name)


def transport_of(rooms: RoomManager, name: str, made: Json) -> PlainTransport:
    transport = peer_of(rooms, name).media.transports.get(made["id"])
    assert isinstance(transport, PlainTransport)
    return transport
