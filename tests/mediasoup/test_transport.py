"""What all transports do alike: MIDs, streams of data, subchannels, and ends that are told once."""

from __future__ import annotations

import logging

import pytest

from app.mediasoup import transport as transport_module
from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.errors import InvalidValueError
from app.mediasoup.router import Router
from app.mediasoup.webrtc_transport import WebRtcTransport

from .endpoint import connected
from .events import record, until
from .parameters import AUDIO, RECEIVER
from .rtp import OPUS, direct_transports, opus_packet
from .test_plain_transport import LOCAL

STREAM = SctpStreamParameters(stream_id=1, ordered=True)


async def test_mids_start_again_when_they_would_be_too_long(
    transport: WebRtcTransport, receiver: WebRtcTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(str(transport_module.MID_LIMIT - 1)) == 8
    monkeypatch.setattr(transport_module, "MID_LIMIT", 2)
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    consumers = [await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER) for _ in range(3)]
    assert [consumer.rtp_parameters.mid for consumer in consumers] == ["0", "1", "0"]


async def test_a_stream_is_free_again_when_its_data_producer_closes(
    transport: WebRtcTransport, receiver: WebRtcTransport
) -> None:
    producer = await transport.produce_data(sctp_stream_parameters=STREAM)
    consumer = await receiver.consume_data(data_producer_id=producer.id)
    assert receiver._stream_ids._used == {0}
    producer.close()
    await until(lambda: consumer.closed)
    assert receiver._stream_ids._used == set()


async def test_a_client_that_is_heard_no_more_is_told(router: Router) -> None:
    # The shortest timeout that the worker allows: this takes its time.
    transport = await router.create_webrtc_transport(listen_infos=[LOCAL], ice_consent_timeout=10)
    async with connected(transport):
        assert transport.ice_state in ("connected", "completed")
    await until(lambda: transport.ice_state == "disconnected", seconds=20)
    assert not transport.closed


async def test_subchannels_can_be_set_and_changed_one_by_one(
    transport: WebRtcTransport, receiver: WebRtcTransport
) -> None:
    producer = await transport.produce_data(sctp_stream_parameters=STREAM)
    consumer = await receiver.consume_data(data_producer_id=producer.id)
    assert consumer.subchannels == []
    await consumer.set_subchannels([999, 999, 998, 0])
    assert sorted(consumer.subchannels) == [0, 998, 999]
    await consumer.set_subchannels([])
    for subchannel, expected in ((5, [5]), (10, [5, 10]), (5, [5, 10])):
        await consumer.add_subchannel(subchannel)
        assert sorted(consumer.subchannels) == expected
    for subchannel, expected in ((666, [5, 10]), (5, [10])):
        await consumer.remove_subchannel(subchannel)
        assert sorted(consumer.subchannels) == expected
    assert (await consumer.dump()).subchannels == [10]
    with pytest.raises(InvalidValueError, match="subchannels"):
        await consumer.set_subchannels([65_536])


async def test_a_message_waits_for_the_association(transport: WebRtcTransport, receiver: WebRtcTransport) -> None:
    producer = await transport.produce_data(sctp_stream_parameters=STREAM)
    consumer = await receiver.consume_data(data_producer_id=producer.id)
    assert await consumer.send("hello") == await consumer.get_buffered_amount() == len("hello")
    assert (await consumer.dump()).buffered_amount == len("hello")
    (stats,) = await consumer.get_stats()
    assert (stats.messages_sent, stats.bytes_sent, stats.buffered_amount) == (1, 5, 5)


async def test_what_closes_with_its_parent_asks_the_worker_nothing(
    router: Router, transport: WebRtcTransport, receiver: WebRtcTransport, caplog: pytest.LogCaptureFixture
) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    await transport.produce_data(sctp_stream_parameters=STREAM)
    await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    observer = await router.create_audio_level_observer()
    told = record(producer=producer.on_close, observer=observer.on_close)
    caplog.set_level(logging.DEBUG, logger="app.mediasoup.channel")
    transport.close()
    await router.dump()
    router.close()
    # The worker would refuse to close what it has closed, and that would be logged.
    assert (told, [line for line in caplog.messages if "refused" in line]) == (["producer", "observer"], [])


async def test_closing_what_the_worker_has_dropped_meanwhile_is_no_error(
    router: Router, transport: WebRtcTransport, receiver: WebRtcTransport, caplog: pytest.LogCaptureFixture
) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    told = record(producer=consumer.on_producer_close, close=consumer.on_close)
    caplog.set_level(logging.DEBUG, logger="app.mediasoup.channel")
    producer.close()
    consumer.close()
    await router.dump()
    assert told == ["close"]
    assert "transport_close_consumer was refused" in caplog.text


async def test_nothing_is_told_of_what_was_closed(router: Router) -> None:
    sender, receiver = await direct_transports(router)
    producer = await sender.produce(kind="audio", rtp_parameters=OPUS)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    witness = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    told = record(consumer=consumer.on_rtp, witness=witness.on_rtp)
    producer.send(opus_packet(0))
    # The packet is on its way out of the worker, or will be before the worker closes the consumer.
    consumer.close()
    await until(lambda: told)
    assert told == ["witness"]
