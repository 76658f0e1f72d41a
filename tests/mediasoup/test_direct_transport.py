"""Direct transports: RTP, RTCP and messages between a router and this program."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from app.mediasoup.data_producer import DataProducer
from app.mediasoup.direct_transport import DirectTransport
from app.mediasoup.errors import InvalidStateError, InvalidValueError, UnsupportedError
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpEncodingParameters, RtpHeaderExtensionParameters
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker
from app.mediasoup.worker_binary import find_worker_binary

from .events import record, until
from .parameters import MID, RECEIVER
from .rtp import KEY_FRAME, OPUS, VP8, Packet, direct_transports, opus_packet, picture_loss, vp8_packet


@pytest.fixture
async def direct(router: Router) -> DirectTransport:
    return await router.create_direct_transport()


async def test_a_direct_transport_belongs_to_its_router(router: Router) -> None:
    told = record(transport=router.on_new_transport)
    direct = await router.create_direct_transport(
        max_send_message_size=1024, max_receive_message_size=2048, app_data={"foo": "bar"}
    )
    assert (direct.type, direct.closed, direct.app_data) == ("direct", False, {"foo": "bar"})
    assert (told, router.transports) == (["transport"], {direct.id: direct})
    dump = await direct.dump()
    assert (dump.id, dump.direct, dump.sctp_state) == (direct.id, True, None)
    assert (dump.max_send_message_size, dump.max_receive_message_size) == (1024, 2048)
    assert (dump.producer_ids, dump.consumer_ids, dump.data_producer_ids, dump.data_consumer_ids) == ([], [], [], [])
    assert (await router.dump()).transport_ids == [direct.id]


async def test_stats_start_from_zero(direct: DirectTransport) -> None:
    (stats,) = await direct.get_stats()
    assert (stats.type, stats.transport_id) == ("direct-transport", direct.id)
    assert stats.timestamp > 0
    counted = {name: value for name, value in msgspec.structs.asdict(stats).items() if name.endswith(("bytes", "rate"))}
    assert not any(counted.values())


async def test_connecting_has_nothing_to_do(direct: DirectTransport) -> None:
    await direct.connect()
    assert not direct.closed


async def test_there_is_no_bitrate_to_limit(direct: DirectTransport) -> None:
    for limit in (direct.set_max_incoming_bitrate, direct.set_max_outgoing_bitrate, direct.set_min_outgoing_bitrate):
        with pytest.raises(UnsupportedError):
            await limit(1_000_000)


async def test_packets_that_go_in_come_out(router: Router) -> None:
    sender, receiver = await direct_transports(router)
    producer = await sender.produce(kind="audio", rtp_parameters=OPUS)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    got: list[Packet] = []
    consumer.on_rtp.add(lambda packet: got.append(Packet.parse(packet)))
    for number in range(200):
        producer.send(opus_packet(number))
    await until(lambda: len(got) == 200)
    assert [packet.payload for packet in got] == [b"opus %03d" % number for number in range(200)]
    assert {packet.ssrc for packet in got} == {consumer.rtp_parameters.encodings[0].ssrc}
    assert {packet.payload_type for packet in got} == {consumer.rtp_parameters.codecs[0].payload_type}
    numbers = [packet.sequence_number for packet in got]
    assert [number - numbers[0] for number in numbers] == list(range(200))
    (stats,) = await producer.get_stats()
    assert (stats.type, stats.packet_count, stats.packets_lost) == ("inbound-rtp", 200, 0)
    outbound, inbound = await consumer.get_stats()
    assert (outbound.type, outbound.packet_count, inbound.type) == ("outbound-rtp", 200, "inbound-rtp")


async def test_nothing_comes_out_while_either_is_paused(router: Router) -> None:
    sender, receiver = await direct_transports(router)
    producer = await sender.produce(kind="audio", rtp_parameters=OPUS)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    got: list[bytes] = []
    consumer.on_rtp.add(lambda packet: got.append(Packet.parse(packet).payload))
    producer.send(opus_packet(0))
    await producer.pause()
    producer.send(opus_packet(1))
    await producer.resume()
    producer.send(opus_packet(2))
    await consumer.pause()
    producer.send(opus_packet(3))
    await consumer.resume()
    producer.send(opus_packet(4))
    await until(lambda: b"opus 004" in got)
    assert got == [b"opus 000", b"opus 002", b"opus 004"]


async def test_what_is_no_packet_is_dropped(router: Router) -> None:
    sender, receiver = await direct_transports(router)
    producer = await sender.produce(kind="audio", rtp_parameters=OPUS)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    got: list[bytes] = []
    consumer.on_rtp.add(got.append)
    producer.send(b"")
    producer.send(b"no RTP at all")
    sender.send_rtcp(b"")
    sender.send_rtcp(b"no RTCP")
    producer.send(opus_packet(0))
    await until(lambda: got)
    assert len(got) == 1


async def test_a_router_asks_the_sender_for_a_key_frame_by_rtcp(router: Router) -> None:
    # mediasoup's Node library never tells this to the observer of a transport.
    sender, receiver = await direct_transports(router)
    rtcp: list[bytes] = []
    sender.on_rtcp.add(rtcp.append)
    producer = await sender.produce(kind="video", rtp_parameters=VP8)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    packets: list[bytes] = []
    consumer.on_rtp.add(packets.append)
    producer.send(vp8_packet(0))
    await until(lambda: packets)
    assert consumer.rtp_parameters.encodings[0].ssrc is not None
    receiver.send_rtcp(picture_loss(consumer.rtp_parameters.encodings[0].ssrc))
    await until(lambda: any(is_picture_loss(packet, of=2222) for packet in rtcp))


def is_picture_loss(packet: bytes, *, of: int) -> bool:
    return packet[:2] == b"\x81\xce" and packet[8:12] == of.to_bytes(4)


@pytest.fixture
async def messages(direct: DirectTransport) -> DataProducer:
    return await direct.produce_data(label="foo", protocol="bar")


@pytest.mark.parametrize(
    ("message", "ppid", "arrives"),
    [
        ("text", None, (b"text", 51)),
        (b"bytes", None, (b"bytes", 53)),
        ("", None, (b" ", 56)),
        (b"", None, (b"\0", 57)),
        ("text as bytes", 53, (b"text as bytes", 53)),
        ("not empty", 56, (b" ", 56)),
        (b"not empty", 57, (b"\0", 57)),
        ("of another protocol", 42, (b"of another protocol", 42)),
    ],
)
async def test_messages_come_out_as_text_or_bytes_as_they_went_in(
    direct: DirectTransport, messages: DataProducer, message: str | bytes, ppid: int | None, arrives: tuple[bytes, int]
) -> None:
    consumer = await direct.consume_data(data_producer_id=messages.id)
    assert (consumer.type, consumer.sctp_stream_parameters, consumer.label) == ("direct", None, "foo")
    got: list[tuple[bytes, int]] = []
    consumer.on_message.add(lambda data, ppid: got.append((data, ppid)))
    messages.send(message, ppid)
    await until(lambda: got)
    assert got == [arrives]


async def test_messages_are_counted_and_none_come_out_while_either_is_paused(
    direct: DirectTransport, messages: DataProducer
) -> None:
    consumer = await direct.consume_data(data_producer_id=messages.id)
    got: list[bytes] = []
    consumer.on_message.add(lambda data, _: got.append(data))
    for number in range(100):
        if number in (10, 20):
            await (messages.pause if number == 10 else messages.resume)()
        if number in (40, 60):
            await (consumer.pause if number == 40 else consumer.resume)()
        messages.send(str(number))
    await until(lambda: b"99" in got)
    assert [int(data) for data in got] == [*range(10), *range(20, 40), *range(60, 100)]
    (received,) = await messages.get_stats()
    assert (received.messages_received, received.bytes_received) == (100, 190)
    (sent,) = await consumer.get_stats()
    assert (sent.messages_sent, sent.bytes_sent) == (70, sum(map(len, got)))


async def test_a_message_that_is_too_large_is_dropped(router: Router) -> None:
    direct = await router.create_direct_transport(max_receive_message_size=10)
    producer = await direct.produce_data()
    consumer = await direct.consume_data(data_producer_id=producer.id)
    got: list[bytes] = []
    consumer.on_message.add(lambda data, _: got.append(data))
    producer.send(bytes(11))
    producer.send(bytes(10))
    await until(lambda: got)
    assert got == [bytes(10)]


async def test_subchannels_choose_who_gets_a_message(direct: DirectTransport, messages: DataProducer) -> None:
    first = await direct.consume_data(data_producer_id=messages.id, subchannels=[1, 11, 666])
    second = await direct.consume_data(data_producer_id=messages.id, subchannels=[2, 22, 666])
    got: dict[str, list[str]] = {"first": [], "second": []}
    first.on_message.add(lambda data, _: got["first"].append(data.decode()))
    second.on_message.add(lambda data, _: got["second"].append(data.decode()))
    messages.send("all")
    messages.send("both", subchannels=[1, 2])
    messages.send("both, required", subchannels=[11, 22, 33], required_subchannel=666)
    messages.send("nobody", subchannels=[3])
    messages.send("nobody, required", subchannels=[666], required_subchannel=3)
    messages.send("first", subchannels=[666], required_subchannel=11)
    messages.send("first, ignored", ignored_subchannel=2)
    messages.send("nobody, ignored", subchannels=[666], ignored_subchannel=666)
    await second.add_subchannel(1)
    messages.send("second too", subchannels=[1])
    messages.send("end")
    await until(lambda: all(received[-1:] == ["end"] for received in got.values()))
    assert got == {
        "first": ["all", "both", "both, required", "first", "first, ignored", "second too", "end"],
        "second": ["all", "both", "both, required", "second too", "end"],
    }


@pytest.mark.parametrize("wrong", [{"subchannels": [65_536]}, {"required_subchannel": -1}, {"ignored_subchannel": "a"}])
async def test_what_is_no_subchannel_is_refused(messages: DataProducer, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError, match=next(iter(wrong))):
        messages.send("hi", **wrong)


async def test_a_data_consumer_has_nobody_to_send_to_but_us(direct: DirectTransport, messages: DataProducer) -> None:
    consumer = await direct.consume_data(data_producer_id=messages.id)
    with pytest.raises(UnsupportedError):
        await consumer.send("foo")


async def test_streams_of_sctp_are_of_no_use_here(direct: DirectTransport, messages: DataProducer) -> None:
    consumer = await direct.consume_data(data_producer_id=messages.id, ordered=False, max_retransmits=3)
    dump = await consumer.dump()
    assert (dump.type, dump.sctp_stream_parameters, dump.subchannels) == ("direct", None, [])


async def test_a_data_consumer_of_sctp_may_have_a_direct_producer(
    transport: WebRtcTransport, messages: DataProducer
) -> None:
    consumer = await transport.consume_data(data_producer_id=messages.id)
    assert consumer.type == "sctp"
    assert consumer.sctp_stream_parameters is not None
    assert (consumer.sctp_stream_parameters.stream_id, consumer.sctp_stream_parameters.ordered) == (0, True)


async def test_a_closed_direct_transport_takes_everything_along(router: Router, direct: DirectTransport) -> None:
    producer = await direct.produce(kind="audio", rtp_parameters=OPUS)
    messages = await direct.produce_data()
    told = record(close=direct.on_close, producer=producer.on_transport_close, data=messages.on_transport_close)
    direct.close()
    assert told == ["producer", "data", "close"]
    assert (await router.dump()).transport_ids == []
    for request in (direct.dump, direct.get_stats):
        with pytest.raises(InvalidStateError):
            await request()
    for send in (direct.send_rtcp, producer.send, messages.send):
        with pytest.raises(InvalidStateError):
            send(b"too late")


@pytest.mark.parametrize("what", ["router", "worker"])
async def test_a_direct_transport_ends_with_its_router(worker: Worker, direct: DirectTransport, what: str) -> None:
    told = record(router=direct.on_router_close, close=direct.on_close)
    (router,) = worker.routers.values()
    (router if what == "router" else worker).close()
    assert (told, direct.closed) == (["router", "close"], True)


async def test_a_packet_with_ssrc_0_does_not_end_a_worker_that_was_built_here(router: Router) -> None:
    """An encoding that is told by its RID has no SSRC: worker-sidecar/recipe/patches/producer-ssrc-zero.patch."""
    manifest = find_worker_binary().path.with_name("manifest.json")
    if not manifest.exists() or json.loads(manifest.read_text())["origin"] != "built":
        pytest.skip("this worker was not built here")
    transport = await router.create_direct_transport()
    parameters = msgspec.structs.replace(
        VP8,
        mid="0",
        encodings=[RtpEncodingParameters()],
        header_extensions=[RtpHeaderExtensionParameters(uri=MID, id=1)],
    )
    producer = await transport.produce(kind="video", rtp_parameters=parameters)
    for ssrc in (2222, 0, 0):
        packet = bytearray(bytes(Packet(112, 1, 1, ssrc, KEY_FRAME)))
        # A header extension of one byte, the MID, as RFC 8285 writes it.
        packet[0] |= 0x10
        packet[12:12] = bytes.fromhex("be de 00 01 10 30 00 00")
        producer.send(bytes(packet))
    assert (await producer.dump()).id == producer.id
