"""Data over SCTP, with a real endpoint at the other end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.mediasoup.data_consumer import DataConsumer
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import (
    ListenInfo,
    SctpNegotiatedCapabilities,
    SctpParameters,
    SctpStreamParameters,
)
from app.mediasoup.plain_transport import PlainTransport
from app.mediasoup.router import Router
from app.mediasoup.sctp_messages import BINARY, STRING, STRING_EMPTY
from app.mediasoup.webrtc_server import WebRtcServer

from .endpoint import connected
from .events import until
from .sctp import SctpPeer, sctp_peer

ALL_STREAMS = SctpNegotiatedCapabilities(negotiated_max_outbound_streams=65535, negotiated_max_inbound_streams=65535)
STREAM = SctpStreamParameters(stream_id=123, ordered=True)


@pytest.fixture
async def plain(router: Router) -> PlainTransport:
    info = ListenInfo(protocol="udp", ip="127.0.0.1")
    return await router.create_plain_transport(listen_info=info, comedia=True, enable_sctp=True)


@pytest.fixture
async def data_producer(plain: PlainTransport) -> DataProducer:
    return await plain.produce_data(sctp_stream_parameters=STREAM, label="chat", protocol="foo & bar \N{GRINNING FACE}")


@pytest.fixture
async def data_consumer(plain: PlainTransport, data_producer: DataProducer) -> DataConsumer:
    """Sends the peer's own messages back to it."""
    return await plain.consume_data(data_producer_id=data_producer.id)


@pytest.fixture
async def peer(plain: PlainTransport, data_consumer: DataConsumer) -> AsyncIterator[SctpPeer]:
    async with sctp_peer(plain) as peer:
        await until(lambda: peer.connected and plain.sctp_state == "connected")
        yield peer


async def test_both_ends_agree_on_their_streams(plain: PlainTransport, peer: SctpPeer) -> None:
    assert plain.sctp_negotiated_capabilities == ALL_STREAMS
    dump = await plain.dump()
    assert (dump.sctp_state, dump.sctp_negotiated_capabilities) == ("connected", ALL_STREAMS)
    assert peer.maxChannels == 65535


async def test_the_states_of_an_association_are_told(plain: PlainTransport, data_consumer: DataConsumer) -> None:
    states: list[str] = []
    plain.on_sctp_state_change.add(states.append)
    async with sctp_peer(plain):
        await until(lambda: plain.sctp_state == "connected")
    await until(lambda: plain.sctp_state == "closed")
    # The worker says more than once that it tries.
    assert list(dict.fromkeys(states)) == ["connecting", "connected", "closed"]


async def test_ordered_messages_arrive_all_and_in_order(
    data_producer: DataProducer, data_consumer: DataConsumer, peer: SctpPeer
) -> None:
    messages = [(STRING if number < 100 else BINARY, str(number).encode()) for number in range(200)]
    for ppid, message in messages:
        await peer.send(STREAM.stream_id, ppid, message)
    await until(lambda: len(peer.received) == len(messages))
    # On stream 0, as the transport's first data consumer.
    assert peer.received == [(0, ppid, message) for ppid, message in messages]
    size = sum(len(message) for _, message in messages)
    (stats,) = await data_producer.get_stats()
    assert (stats.label, stats.protocol) == ("chat", "foo & bar \N{GRINNING FACE}")
    assert (stats.messages_received, stats.bytes_received) == (200, size)
    (sent,) = await data_consumer.get_stats()
    assert (sent.messages_sent, sent.bytes_sent) == (200, size)
    assert await data_consumer.get_buffered_amount() == 0


async def test_a_data_consumer_sends_messages_of_its_own(data_consumer: DataConsumer, peer: SctpPeer) -> None:
    assert await data_consumer.get_buffered_amount() == 0
    for message in ("foo", b"bar", ""):
        assert await data_consumer.send(message) == 0
    await until(lambda: len(peer.received) == 3)
    # An empty message is a placeholder with a payload protocol of its own.
    assert peer.received == [(0, STRING, b"foo"), (0, BINARY, b"bar"), (0, STRING_EMPTY, b" ")]


async def test_data_channels_work_over_dtls_too(router: Router, webrtc_server: WebRtcServer) -> None:
    transport = await router.create_webrtc_transport(webrtc_server=webrtc_server, enable_sctp=True)
    data_producer = await transport.produce_data(sctp_stream_parameters=STREAM)
    await transport.consume_data(data_producer_id=data_producer.id)
    assert transport.sctp_parameters is not None
    async with connected(transport) as endpoint:
        peer = SctpPeer(endpoint.dtls)
        await peer.associate(transport.sctp_parameters)
        await until(lambda: peer.connected and transport.sctp_state == "connected")
        assert transport.sctp_negotiated_capabilities == ALL_STREAMS
        await peer.send(STREAM.stream_id, STRING, b"hello")
        await until(lambda: peer.received)
        assert peer.received == [(0, STRING, b"hello")]
        await peer.stop()


async def test_a_plain_transport_has_the_limits_of_all_transports(plain: PlainTransport) -> None:
    assert plain.sctp_parameters == SctpParameters(
        port=5000,
        max_send_message_size=262_144,
        max_receive_message_size=262_144,
        send_buffer_size=2_000_000,
        per_stream_send_queue_limit=2_000_000,
        max_receiver_window_buffer_size=5_242_880,
        is_data_channel=False,
        max_message_size=262_144,
    )
    assert (plain.sctp_state, plain.sctp_negotiated_capabilities) == ("new", None)
