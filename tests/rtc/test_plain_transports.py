"""Peers with plain transports: how they are judged, and that the next process has them as they were."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
from loguru import logger

from app.auth.grants import Grants
from app.config import Settings
from app.mediasoup.data_structures import ProducerScore
from app.mediasoup.errors import RequestRefusedError
from app.mediasoup.plain_transport import PlainTransport
from app.mediasoup.producer import Producer
from app.rtc import peer_media
from app.rtc.peer import Peer
from app.rtc.plain_transports import OtherEnd, PlainOptions
from app.rtc.quality_watch import QualityWatch
from app.rtc.room import Room
from tests.mediasoup.rtp import Packet
from tests.mediasoup.udp import UdpEndpoint, udp_endpoint
from tests.ports import free_ports

from .fakes import FakeClient, until
from .parameters import audio
from .people import client_of, enter, join
from .test_adoption import Next, Process, come_back, consuming, first, next_process, room
from .test_quality_watch import told

__all__ = ["first", "next_process", "room"]

BOT = Grants(can_use_plain_transports=True)
PORTS = 10


@pytest.fixture
def settings() -> Settings:
    first_port = free_ports(PORTS)
    return dataclasses.replace(
        Settings(),
        rtc_port=free_ports(2),
        plain_networks=("127.0.0.0/8",),
        plain_ports=(first_port, first_port + PORTS - 1),
    )


@pytest.fixture
async def watch(room: Room, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[QualityWatch]:
    """One that looks when it is told to, and takes what is silent for a moment for lost."""
    monkeypatch.setattr(peer_media, "FLOWING", 0.1)
    watch = QualityWatch(lambda: room.peers, logger, 600.0)
    yield watch
    watch.close()


async def come(room: Room, name: str) -> Peer:
    peer, _ = enter(room, name, BOT)
    join(room, peer)
    return peer


async def plain(peer: Peer, *, consuming: bool = False, comedia: bool = False) -> PlainTransport:
    options = PlainOptions(comedia=comedia)
    return await peer.media.create_plain_transport(options, producing=not consuming, consuming=consuming)


async def produce(peer: Peer, transport: PlainTransport) -> Producer:
    return await peer.media.produce(
        transport_id=transport.id, kind="audio", rtp_parameters=audio(1111), app_data={"of": "a bot"}
    )


def send(speaker: UdpEndpoint, transport: PlainTransport, numbers: range) -> None:
    for number in numbers:
        speaker.send(bytes(Packet(111, number, 960 * number, 1111, b"%03d" % number)), port=transport.tuple.local_port)


def arrived(listener: UdpEndpoint) -> list[int]:
    """Give the numbers of the packets that came; RTCP has packet types from 192."""
    return [int(Packet.parse(data).payload) for data in listener.received if not 192 <= data[1] <= 223]


# Another process


async def test_the_next_process_has_them_and_no_packet_is_lost(next_process: Next, first: Process, room: Room) -> None:
    anna, bob = await come(room, "anna"), await come(room, "bob")
    sending, receiving = await plain(anna, comedia=True), await plain(bob, consuming=True)
    async with udp_endpoint() as speaker, udp_endpoint() as listener:
        await bob.media.plain.connect(receiving, OtherEnd(ip="127.0.0.1", port=listener.port))
        producer = await produce(anna, sending)
        await consuming(bob, 1)
        send(speaker, sending, range(50))
        await until(lambda: len(arrived(listener)) == 50 and sending.tuple.remote_port == speaker.port)
        before, tokens = await first.everything(), {peer.id: peer.session.issue_token() for peer in (anna, bob)}
        second = await next_process()
        assert await second.everything() == before
        anna, bob = second.peer("anna"), second.peer("bob")
        (adopted,), (listening,) = anna.media.transports, bob.media.transports
        assert isinstance(adopted, PlainTransport) and isinstance(listening, PlainTransport)
        assert (adopted.id, adopted.tuple, adopted.comedia) == (sending.id, sending.tuple, True)
        assert (listening.tuple.remote_port, [each.id for each in anna.media.producers]) == (
            listener.port,
            [producer.id],
        )
        for peer_id, token in tokens.items():
            await come_back(second, peer_id, token)
        send(speaker, adopted, range(50, 100))
        await until(lambda: len(arrived(listener)) == 100)
        assert arrived(listener) == [*range(100)]
        with pytest.raises(RequestRefusedError, match="already called"):
            await bob.media.plain.connect(listening, OtherEnd(ip="127.0.0.1", port=listener.port))
        # What is new goes on the transports that there are.
        await produce(anna, await plain(anna))
        await consuming(bob, 2)


async def test_an_end_that_is_not_where_it_may_be_any_more_is_let_go(
    next_process: Next, first: Process, room: Room
) -> None:
    anna, bob = await come(room, "anna"), await come(room, "bob")
    sending, receiving = await plain(anna, comedia=True), await plain(bob, consuming=True)
    await bob.media.plain.connect(receiving, OtherEnd(ip="127.0.0.1", port=9_999))
    await produce(anna, sending)
    await consuming(bob, 1)
    second = await next_process(plain_networks=("10.0.0.0/8",))
    anna, bob = second.peer("anna"), second.peer("bob")
    assert [each.id for each in anna.media.transports] == [sending.id]
    assert [len(each) for each in (bob.media.transports, bob.media.subscriber.consumers)] == [0, 0]
    # Of hers it is not known yet.
    async with udp_endpoint() as speaker:
        send(speaker, sending, range(1))
        await until(lambda: len(anna.media.transports) == len(anna.media.producers) == 0)


# How they are judged


async def test_one_that_sent_and_does_not_any_more_is_lost(room: Room, watch: QualityWatch) -> None:
    anna, bob = await come(room, "anna"), await come(room, "bob")
    sending, receiving = await plain(anna, comedia=True), await plain(bob, consuming=True)
    await bob.media.plain.connect(receiving, OtherEnd(ip="127.0.0.1", port=9_999))
    producer = await produce(anna, sending)
    await consuming(bob, 1)
    async with udp_endpoint() as speaker:
        send(speaker, sending, range(1))
        await until(lambda: sending.tuple.remote_port == speaker.port)
        producer.score = [ProducerScore(encoding_idx=0, ssrc=1111, score=10)]
        await until_told(watch, room, client_of(bob), "excellent")
        await until_told(watch, room, client_of(bob), "lost")
        # Nobody who only listens need say anything.
        assert all(each.get("bob") != "lost" for each in told(client_of(anna)))


async def test_before_the_first_packet_nothing_is_lost(room: Room, watch: QualityWatch) -> None:
    anna = await come(room, "anna")
    await produce(anna, await plain(anna, comedia=True))
    for _ in range(10):
        await watch.look(room.peers)
        await asyncio.sleep(0.02)
    assert told(client_of(anna)) == []


async def until_told(watch: QualityWatch, room: Room, client: FakeClient, quality: str) -> None:
    async with asyncio.timeout(10):
        while [each["anna"] for each in told(client) if "anna" in each][-1:] != [quality]:
            await watch.look(room.peers)
            await asyncio.sleep(0.02)
