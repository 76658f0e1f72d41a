"""Plain transports, and RTP over UDP through them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.mediasoup.data_structures import ListenInfo, PortRange, SctpOptions, TransportTuple
from app.mediasoup.errors import InvalidStateError, InvalidValueError, RequestRefusedError
from app.mediasoup.plain_transport import PlainTransport
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.srtp_parameters import SrtpParameters
from app.mediasoup.worker import Worker
from tests.ports import free_port

from .events import record, until
from .parameters import RECEIVER
from .rtp import OPUS, Packet, opus_packet, sender_report
from .udp import udp_endpoint

LOCAL = ListenInfo(protocol="udp", ip="127.0.0.1")

#: Keys as another SRTP endpoint may have them, for the longest and the usual crypto suite.
KEY_44 = SrtpParameters(
    crypto_suite="AEAD_AES_256_GCM", key_base64="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis="
)
KEY_30 = SrtpParameters(crypto_suite="AES_CM_128_HMAC_SHA1_80", key_base64="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd")


@pytest.fixture
async def plain(router: Router) -> PlainTransport:
    return await router.create_plain_transport(listen_info=LOCAL)


async def test_a_plain_transport_tells_where_it_listens(router: Router) -> None:
    told = record(transport=router.on_new_transport)
    info = ListenInfo(
        protocol="udp", ip="127.0.0.1", announced_address="9.9.9.1", port_range=PortRange(min=20000, max=30000)
    )
    plain = await router.create_plain_transport(listen_info=info, app_data={"foo": "bar"})
    assert (plain.type, plain.closed, plain.app_data) == ("plain", False, {"foo": "bar"})
    assert plain.tuple == TransportTuple(local_address="9.9.9.1", local_port=plain.tuple.local_port, protocol="udp")
    assert 20000 <= plain.tuple.local_port <= 30000
    assert (plain.rtcp_mux, plain.comedia, plain.rtcp_tuple, plain.srtp_parameters) == (True, False, None, None)
    assert (plain.sctp_parameters, plain.sctp_state, plain.sctp_negotiated_capabilities) == (None, None, None)
    assert (told, router.transports) == (["transport"], {plain.id: plain})
    assert (await router.dump()).transport_ids == [plain.id]


async def test_the_dump_holds_what_was_asked_for(router: Router) -> None:
    plain = await router.create_plain_transport(
        listen_info=LOCAL, comedia=True, enable_sctp=True, sctp=SctpOptions(max_send_message_size=1000)
    )
    dump = await plain.dump()
    assert (dump.id, dump.rtcp_mux, dump.comedia, dump.max_send_message_size) == (plain.id, True, True, 1000)
    assert (dump.tuple, dump.rtcp_tuple, dump.srtp_parameters) == (plain.tuple, None, None)
    assert (dump.sctp_state, plain.sctp_state, dump.sctp_parameters) == ("new", "new", plain.sctp_parameters)
    assert dump.sctp_parameters is not None
    assert (dump.sctp_parameters.port, dump.sctp_parameters.is_data_channel) == (5000, False)
    assert (dump.producer_ids, dump.consumer_ids, dump.rtp_listener.ssrc_table) == ([], [], {})


async def test_stats_start_from_zero(plain: PlainTransport) -> None:
    (stats,) = await plain.get_stats()
    assert (stats.type, stats.transport_id) == ("plain-rtp-transport", plain.id)
    assert (stats.rtcp_mux, stats.comedia, stats.tuple, stats.rtcp_tuple) == (True, False, plain.tuple, None)
    assert (stats.bytes_received, stats.rtp_bytes_sent, stats.probation_bytes_sent) == (0, 0, 0)


async def test_rtcp_can_have_a_port_of_its_own(router: Router) -> None:
    rtp_port, rtcp_port = free_port(), free_port()
    plain = await router.create_plain_transport(
        listen_info=ListenInfo(protocol="udp", ip="127.0.0.1", port=rtp_port),
        # This turns rtcp_mux off, which is on unless told otherwise.
        rtcp_listen_info=ListenInfo(protocol="udp", ip="127.0.0.1", port=rtcp_port),
    )
    assert plain.rtcp_tuple is not None
    assert (plain.rtcp_mux, plain.tuple.local_port, plain.rtcp_tuple.local_port) == (False, rtp_port, rtcp_port)
    assert (await plain.dump()).rtcp_tuple == plain.rtcp_tuple


async def test_rtcp_without_an_address_listens_beside_rtp(router: Router) -> None:
    plain = await router.create_plain_transport(listen_info=LOCAL, rtcp_mux=False)
    assert plain.rtcp_tuple is not None
    assert plain.rtcp_tuple.local_address == "127.0.0.1"
    assert plain.rtcp_tuple.local_port != plain.tuple.local_port


@pytest.mark.parametrize(
    "info",
    [
        ListenInfo(protocol="udp", ip="chicken"),
        ListenInfo(protocol="tcp", ip="127.0.0.1"),
        ListenInfo(protocol="udp", ip="127.0.0.1", port_range=PortRange(min=4000, max=3000)),
        # Nobody here has this address.
        ListenInfo(protocol="udp", ip="8.8.8.8"),
    ],
)
async def test_addresses_that_cannot_be_listened_on_are_refused(router: Router, info: ListenInfo) -> None:
    with pytest.raises(RequestRefusedError, match="router_create_plaintransport"):
        await router.create_plain_transport(listen_info=info)
    assert (router.transports, (await router.dump()).transport_ids) == ({}, [])


async def test_two_transports_share_a_port_only_if_both_allow_it(router: Router) -> None:
    port = free_port()
    shared = ListenInfo(protocol="udp", ip="127.0.0.1", port=port, udp_reuse_port=True)
    for _ in range(2):
        assert (await router.create_plain_transport(listen_info=shared)).tuple.local_port == port
    own = ListenInfo(protocol="udp", ip="127.0.0.1", port=port)
    with pytest.raises(RequestRefusedError):
        await router.create_plain_transport(listen_info=own)


async def test_a_transport_is_connected_once(plain: PlainTransport) -> None:
    await plain.connect(ip="127.0.0.2", port=9999)
    assert (plain.tuple.remote_ip, plain.tuple.remote_port) == ("127.0.0.2", 9999)
    with pytest.raises(RequestRefusedError, match="already called"):
        await plain.connect(ip="127.0.0.2", port=9999)


@pytest.mark.parametrize(
    ("missing", "error"),
    [
        ({}, RequestRefusedError),
        ({"ip": "127.0.0.2"}, RequestRefusedError),
        ({"ip": "chicken", "port": 9999}, RequestRefusedError),
        ({"ip": "127.0.0.2", "port": 9999, "rtcp_port": 9998}, RequestRefusedError),
        ({"ip": "127.0.0.2", "port": 9999, "srtp_parameters": KEY_30}, RequestRefusedError),
        ({"ip": "127.0.0.2", "port": 65_536}, InvalidValueError),
        ({"ip": 127, "port": 9999}, InvalidValueError),
    ],
)
async def test_connecting_needs_an_address_and_nothing_too_much(
    plain: PlainTransport, missing: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await plain.connect(**missing)
    await plain.connect(ip="127.0.0.2", port=9999)


async def test_with_comedia_the_other_end_is_where_its_first_packet_comes_from(router: Router) -> None:
    plain = await router.create_plain_transport(listen_info=LOCAL, comedia=True)
    producer = await plain.produce(kind="audio", rtp_parameters=OPUS)
    tuples: list[TransportTuple] = []
    plain.on_tuple.add(tuples.append)
    async with udp_endpoint() as speaker:
        for number in range(10):
            speaker.send(opus_packet(number), port=plain.tuple.local_port)
        await until(lambda: tuples)
        assert tuples == [plain.tuple]
        assert (plain.tuple.remote_ip, plain.tuple.remote_port) == ("127.0.0.1", speaker.port)
        await received(producer, 10)
    assert (await plain.get_stats())[0].tuple == plain.tuple


async def received(producer: Producer, packets: int) -> None:
    """Ask the worker until it has counted so many packets."""
    async with asyncio.timeout(10):
        count = 0
        while count < packets:
            count = sum(stats.packet_count for stats in await producer.get_stats())


async def test_with_comedia_rtcp_has_a_sender_of_its_own(router: Router) -> None:
    plain = await router.create_plain_transport(listen_info=LOCAL, rtcp_mux=False, comedia=True)
    await plain.produce(kind="audio", rtp_parameters=OPUS)
    tuples: list[TransportTuple] = []
    plain.on_rtcp_tuple.add(tuples.append)
    assert plain.rtcp_tuple is not None
    async with udp_endpoint() as speaker:
        speaker.send(sender_report(1111), port=plain.rtcp_tuple.local_port)
        await until(lambda: tuples)
        assert tuples == [plain.rtcp_tuple]
        assert plain.rtcp_tuple.remote_port == speaker.port


async def test_rtp_goes_in_at_one_plain_transport_and_out_at_another(router: Router) -> None:
    async with udp_endpoint() as speaker, udp_endpoint() as listener:
        incoming = await router.create_plain_transport(listen_info=LOCAL, comedia=True)
        outgoing = await router.create_plain_transport(listen_info=LOCAL)
        await outgoing.connect(ip="127.0.0.1", port=listener.port)
        producer = await incoming.produce(kind="audio", rtp_parameters=OPUS)
        await outgoing.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
        for number in range(50):
            speaker.send(opus_packet(number), port=incoming.tuple.local_port)
        await until(lambda: len(audio(listener.received)) == 50)
    assert audio(listener.received) == [b"opus %03d" % number for number in range(50)]


def audio(packets: list[bytes]) -> list[bytes]:
    """Give the payloads of what is RTP and not RTCP, whose packet types are from 200."""
    return [Packet.parse(packet).payload for packet in packets if packet[1] < 200]


async def test_a_transport_with_srtp_has_a_key_and_takes_over_the_others_crypto_suite(router: Router) -> None:
    plain = await router.create_plain_transport(listen_info=LOCAL, enable_srtp=True)
    own = plain.srtp_parameters
    assert own is not None
    assert (own.crypto_suite, len(own.key_base64), (await plain.dump()).srtp_parameters) == (
        "AES_CM_128_HMAC_SHA1_80",
        40,
        own,
    )
    for wrong in (None, SrtpParameters(crypto_suite="AEAD_AES_256_GCM", key_base64=KEY_30.key_base64)):
        with pytest.raises(RequestRefusedError):
            await plain.connect(ip="127.0.0.2", port=9999, srtp_parameters=wrong)
    unknown = SrtpParameters(crypto_suite="FOO", key_base64=KEY_30.key_base64)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="crypto_suite"):
        await plain.connect(ip="127.0.0.2", port=9999, srtp_parameters=unknown)
    await plain.connect(ip="127.0.0.2", port=9999, srtp_parameters=KEY_44)
    assert plain.srtp_parameters is not None
    assert plain.srtp_parameters.crypto_suite == "AEAD_AES_256_GCM"
    assert len(plain.srtp_parameters.key_base64) == 60


@pytest.mark.parametrize(
    ("suite", "size"),
    [
        ("AEAD_AES_256_GCM", 60),
        ("AEAD_AES_128_GCM", 40),
        ("AES_CM_128_HMAC_SHA1_80", 40),
        ("AES_CM_128_HMAC_SHA1_32", 40),
    ],
)
async def test_every_crypto_suite_can_be_chosen(router: Router, suite: Any, size: int) -> None:
    plain = await router.create_plain_transport(listen_info=LOCAL, enable_srtp=True, srtp_crypto_suite=suite)
    assert plain.srtp_parameters is not None
    assert (plain.srtp_parameters.crypto_suite, len(plain.srtp_parameters.key_base64)) == (suite, size)


async def test_with_comedia_only_the_key_is_told(router: Router) -> None:
    plain = await router.create_plain_transport(listen_info=LOCAL, enable_srtp=True, comedia=True)
    await plain.connect(srtp_parameters=KEY_30)
    assert (plain.tuple.remote_ip, plain.tuple.remote_port) == (None, None)


async def test_encrypted_rtp_arrives_between_two_transports(worker: Worker, router: Router) -> None:
    other = await worker.create_router(media_codecs=[])
    other.rtp_capabilities = router.rtp_capabilities
    sender = await router.create_plain_transport(listen_info=LOCAL, enable_srtp=True)
    receiver = await other.create_plain_transport(listen_info=LOCAL, enable_srtp=True)
    for transport, peer in ((sender, receiver), (receiver, sender)):
        await transport.connect(ip="127.0.0.1", port=peer.tuple.local_port, srtp_parameters=peer.srtp_parameters)
    direct = await router.create_direct_transport()
    producer = await direct.produce(kind="audio", rtp_parameters=OPUS)
    consumer = await sender.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    copy = await receiver.produce(kind="audio", rtp_parameters=consumer.rtp_parameters)
    out = await (await other.create_direct_transport()).consume(producer_id=copy.id, rtp_capabilities=RECEIVER)
    got: list[bytes] = []
    out.on_rtp.add(lambda packet: got.append(Packet.parse(packet).payload))
    for number in range(20):
        producer.send(opus_packet(number))
    await until(lambda: len(got) == 20)
    assert got == [b"opus %03d" % number for number in range(20)]


async def test_a_closed_plain_transport_takes_everything_along(router: Router) -> None:
    plain = await router.create_plain_transport(listen_info=LOCAL, enable_sctp=True)
    producer = await plain.produce(kind="audio", rtp_parameters=OPUS)
    told = record(producer=producer.on_transport_close, close=plain.on_close)
    plain.close()
    plain.close()
    assert (told, plain.sctp_state, router.transports) == (["producer", "close"], "closed", {})
    assert (await router.dump()).transport_ids == []
    for request in (plain.dump, plain.get_stats, plain.connect, lambda: plain.set_max_incoming_bitrate(1)):
        with pytest.raises(InvalidStateError):
            await request()


@pytest.mark.parametrize("what", ["router", "worker"])
async def test_a_plain_transport_ends_with_its_router(
    worker: Worker, router: Router, plain: PlainTransport, what: str
) -> None:
    told = record(router=plain.on_router_close, close=plain.on_close)
    (router if what == "router" else worker).close()
    assert (told, plain.closed) == (["router", "close"], True)


async def test_with_comedia_the_crypto_suite_is_taken_over_too(router: Router) -> None:
    plain = await router.create_plain_transport(listen_info=LOCAL, enable_srtp=True, comedia=True)
    await plain.connect(srtp_parameters=KEY_44)
    assert plain.srtp_parameters is not None
    assert (plain.srtp_parameters.crypto_suite, len(plain.srtp_parameters.key_base64)) == ("AEAD_AES_256_GCM", 60)
    assert plain.tuple.remote_ip is None


async def test_nobody_shares_a_port_unasked(router: Router) -> None:
    own = ListenInfo(protocol="udp", ip="127.0.0.1", port=free_port())
    first = await router.create_plain_transport(listen_info=own)
    with pytest.raises(RequestRefusedError):
        await router.create_plain_transport(listen_info=own)
    assert (await router.dump()).transport_ids == [first.id]


async def test_rtcp_with_a_port_of_its_own_is_sent_to_one_too(router: Router) -> None:
    plain = await router.create_plain_transport(listen_info=LOCAL, rtcp_mux=False)
    with pytest.raises(RequestRefusedError):
        await plain.connect(ip="127.0.0.2", port=9998)
    await plain.connect(ip="127.0.0.2", port=9998, rtcp_port=9999)
    assert plain.rtcp_tuple is not None
    assert (plain.tuple.remote_ip, plain.tuple.remote_port) == ("127.0.0.2", 9998)
    assert (plain.rtcp_tuple.remote_ip, plain.rtcp_tuple.remote_port) == ("127.0.0.2", 9999)
    with pytest.raises(RequestRefusedError, match="already called"):
        await plain.connect(ip="127.0.0.2", port=9998, rtcp_port=9999)
