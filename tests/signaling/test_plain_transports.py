"""Bots that send and receive plain RTP: what they get, and how such transports end."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import socket
from datetime import UTC, datetime

from pylibsrtp import Policy, Session

from app.auth.grants import Grants
from app.config import Settings
from app.mediasoup.worker import Worker
from app.rtc.events import Actor
from app.rtc.room_manager import RoomManager
from app.services.call_metrics import read_media
from tests.mediasoup.rtp import Packet
from tests.mediasoup.udp import udp_endpoint
from tests.rtc.fakes import until

from .calls import RTP_CAPABILITIES, create_transport, join, produce_audio
from .conftest import Connect
from .gates import TestGate
from .plain_bots import (
    BOT,
    KEY,
    SOMEWHERE,
    Bots,
    arrived,
    bots,
    connect_to,
    create,
    numbers,
    packet,
    peer_of,
    refusal,
    settings,
    transport_of,
)

__all__ = ["bots", "settings"]

# Media


async def test_what_one_bot_sends_the_other_one_gets(bots: Bots, settings: Settings, rooms: RoomManager) -> None:
    left, right = bots
    incoming, outgoing = await create(left, comedia=True), await create(right, "consuming")
    first, last = settings.plain_ports
    assert incoming["ip"] == "127.0.0.1" and incoming.keys() == {"id", "ip", "port"}
    assert first <= incoming["port"] <= last and first <= outgoing["port"] <= last
    producer_id = await produce_audio(left)
    async with udp_endpoint() as speaker, udp_endpoint() as listener:
        assert await connect_to(right, outgoing, ip="127.0.0.1", port=listener.port) == {}
        await right.hears("newConsumer", producerId=producer_id)
        await right.hears("consumerScore")
        for number in range(50):
            speaker.send(packet(number), port=incoming["port"])
        await until(lambda: len(arrived(listener)) == 50)
    assert arrived(listener) == numbers(50)
    (stats,) = await left.request("getTransportStats", {"transportId": incoming["id"]})
    assert (stats["type"], stats["comedia"]) == ("plain-rtp-transport", True)
    (stats,) = await left.request("getProducerStats", {"producerId": producer_id})
    assert stats["packetCount"] == 50
    reading = await read_media(peer_of(rooms, "left"), lambda: datetime.now(UTC))
    assert sum(each.bytes_received for each in reading.transports) > 0


async def test_who_listens_by_comedia_gets_it_where_it_sent_from(bots: Bots) -> None:
    left, right = bots
    incoming, outgoing = await create(left, comedia=True), await create(right, "consuming", comedia=True)
    await produce_audio(left)
    await right.hears("consumerScore")
    async with udp_endpoint() as speaker, udp_endpoint() as listener:
        # That nobody produces with this SSRC does not matter.
        listener.send(packet(0, ssrc=5), port=outgoing["port"])
        async with asyncio.timeout(10):
            while not (await right.request("getTransportStats", {"transportId": outgoing["id"]}))[0]["bytesReceived"]:
                pass
        for number in range(20):
            speaker.send(packet(number), port=incoming["port"])
        await until(lambda: len(arrived(listener)) == 20)
    assert arrived(listener) == numbers(20)


async def test_it_goes_on_as_with_any_transport(bots: Bots, connect: Connect) -> None:
    left, right = bots
    ada = await connect("ada")
    await join(ada)
    await create(left, comedia=True)
    await create(right, "consuming")
    own = {"producerId": await produce_audio(left)}
    (rights, adas) = [(await client.hears("newConsumer", **own))["id"] for client in (right, ada)]
    await left.request("pauseProducer", own)
    for client, consumer_id in ((right, rights), (ada, adas)):
        await client.hears("consumerPaused", consumerId=consumer_id)
    await left.request("resumeProducer", own)
    await right.hears("consumerResumed", consumerId=rights)
    for method in ("pauseConsumer", "resumeConsumer"):
        await right.request(method, {"consumerId": rights})
    of_ada = await produce_audio(ada, 77)
    await right.hears("newConsumer", producerId=of_ada)
    await left.request("closeProducer", own)
    for client, consumer_id in ((right, rights), (ada, adas)):
        await client.hears("consumerClosed", consumerId=consumer_id)
    assert left.all("newConsumer") == []


async def test_rtcp_may_have_a_port_of_its_own(bots: Bots, settings: Settings, rooms: RoomManager) -> None:
    left, _ = bots
    first, last = settings.plain_ports
    made = await create(left, rtcpMux=False)
    assert made["rtcpPort"] != made["port"] and first <= made["rtcpPort"] <= last
    code, reason = await refusal(left, "connectPlainTransport", transportId=made["id"], **SOMEWHERE)
    assert code == 400 and "rtcpPort" in reason
    await connect_to(left, made, **SOMEWHERE, rtcpPort=9_998)
    transport = transport_of(rooms, "left", made)
    assert transport.rtcp_tuple is not None and transport.rtcp_tuple.remote_port == 9_998


async def test_what_is_encrypted_arrives_and_is_encrypted(bots: Bots) -> None:
    left, right = bots
    incoming = await create(left, comedia=True, enableSrtp=True)
    outgoing = await create(right, "consuming", enableSrtp=True)
    own = {"cryptoSuite": "AES_CM_128_HMAC_SHA1_80", "keyBase64": KEY}
    await connect_to(left, incoming, srtpParameters=own)
    await produce_audio(left)
    async with udp_endpoint() as speaker, udp_endpoint() as listener:
        answer = await connect_to(right, outgoing, ip="127.0.0.1", port=listener.port, srtpParameters=own)
        assert answer["srtpParameters"] == outgoing["srtpParameters"] != incoming["srtpParameters"]
        await right.hears("consumerScore")
        sealing = Session(Policy(base64.b64decode(KEY), Policy.SSRC_ANY_OUTBOUND))
        for number in range(20):
            # What is not encrypted is nobody's.
            speaker.send(packet(number), port=incoming["port"])
            speaker.send(sealing.protect(packet(number)), port=incoming["port"])
        await until(lambda: len(arrived(listener)) == 20)
    opening = Session(Policy(base64.b64decode(outgoing["srtpParameters"]["keyBase64"]), Policy.SSRC_ANY_INBOUND))
    sealed = [data for data in listener.received if not 192 <= data[1] <= 223]
    assert [Packet.parse(opening.unprotect(data)).payload for data in sealed] == numbers(20)


async def test_another_crypto_suite_brings_another_key(bots: Bots) -> None:
    left, _ = bots
    made = await create(left, enableSrtp=True, srtpCryptoSuite="AEAD_AES_128_GCM")
    assert made["srtpParameters"]["cryptoSuite"] == "AEAD_AES_128_GCM"
    own = {"cryptoSuite": "AEAD_AES_256_GCM", "keyBase64": base64.b64encode(bytes(44)).decode()}
    answer = await connect_to(left, made, **SOMEWHERE, srtpParameters=own)
    assert answer["srtpParameters"]["cryptoSuite"] == "AEAD_AES_256_GCM"


# How it ends


async def test_who_sends_from_elsewhere_loses_the_transport(bots: Bots, rooms: RoomManager) -> None:
    left, _ = bots
    made = await create(left, comedia=True)
    producer_id = await produce_audio(left)
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.200", 0))
        stranger.sendto(packet(0), ("127.0.0.1", made["port"]))
        await left.hears("transportClosed", transportId=made["id"], reason="address-not-allowed")
    assert len(peer_of(rooms, "left").media.transports) == 0
    assert (await refusal(left, "pauseProducer", producerId=producer_id))[0] == 404


async def test_who_loses_the_right_loses_the_transports(bots: Bots, rooms: RoomManager) -> None:
    left, right = bots
    made, other = await create(left), await create_transport(left, producing=True)
    room = rooms.get("kitchen")
    assert room is not None
    room.change_grants("left", Grants(), Actor(peer_id=None, name="somebody"))
    await left.hears("transportClosed", transportId=made["id"], reason="permissions-changed")
    assert [each.id for each in peer_of(rooms, "left").media.transports] == [other]
    assert (await refusal(left, "createPlainTransport", producing=True))[0] == 403
    assert right.all("transportClosed") == []


async def test_who_comes_back_has_them_still(connect: Connect, gate: TestGate, rooms: RoomManager) -> None:
    bot = await connect("bot", token=gate.issue("bot", BOT))
    joined = await bot.request("join", {"displayName": "Bot", "rtpCapabilities": RTP_CAPABILITIES})
    sending, receiving = await create(bot, comedia=True), await create(bot, "consuming", comedia=True)
    producer_id = await produce_audio(bot)
    bot.vanish()
    await until(lambda: peer_of(rooms, "bot").away)
    again = await connect("bot", resume=joined["resumeToken"])
    held = {"transports": [sending["id"], receiving["id"]], "producers": [producer_id], "consumers": []}
    seen = await again.request("resume", {"sessionId": joined["sessionId"], **held})
    assert [each["id"] for each in seen["transports"]] == held["transports"]
    assert [each["id"] for each in seen["producers"]] == held["producers"]
    await again.request("connectPlainTransport", {"transportId": sending["id"]})


async def test_without_ice_nobody_is_taken_for_a_ghost(
    bots: Bots, connect: Connect, rooms: RoomManager, impatience: None
) -> None:
    left, right = bots
    ada = await connect("ada")
    await join(ada)
    await create(left)
    left.vanish()
    await until(lambda: peer_of(rooms, "left").away)
    ada.vanish()
    # Who is away for longer is looked at, too.
    await right.hears("peerClosed", peerId="ada")
    assert right.all("peerClosed") == [{"peerId": "ada"}] and peer_of(rooms, "left").away


async def test_when_the_worker_dies_they_are_made_anew(bots: Bots, worker: Worker) -> None:
    left, right = bots
    await create(left, comedia=True)
    await create(right, "consuming")
    first = await produce_audio(left)
    await right.hears("newConsumer", producerId=first)
    os.kill(worker.pid, signal.SIGKILL)
    for bot in bots:
        await bot.hears("rebuild")
    await create(left, comedia=True)
    await create(right, "consuming")
    second = await produce_audio(left)
    await right.hears("newConsumer", producerId=second)
