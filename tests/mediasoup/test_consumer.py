"""Consumers."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from app.mediasoup.consumer import Consumer
from app.mediasoup.data_structures import ConsumerLayers, ConsumerScore
from app.mediasoup.errors import InvalidStateError, InvalidValueError, NotFoundError, UnsupportedError
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker

from .events import record, until
from .parameters import AUDIO, RECEIVER, SIMULCAST, STRANGER


@pytest.fixture
async def audio(transport: WebRtcTransport) -> Producer:
    return await transport.produce(kind="audio", rtp_parameters=AUDIO)


@pytest.fixture
async def video(transport: WebRtcTransport) -> Producer:
    return await transport.produce(kind="video", rtp_parameters=SIMULCAST)


@pytest.fixture
async def consumer(receiver: WebRtcTransport, video: Producer) -> Consumer:
    return await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER)


async def test_a_consumer_sends_what_its_producer_receives(receiver: WebRtcTransport, audio: Producer) -> None:
    told = record(consumer=receiver.on_new_consumer)
    consumer = await receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER, app_data={"a": 1})
    assert (consumer.producer_id, consumer.kind, consumer.type) == (audio.id, "audio", "simple")
    assert [codec.mime_type for codec in consumer.rtp_parameters.codecs] == ["audio/opus"]
    assert consumer.rtp_parameters.codecs[0].payload_type == 100
    assert (consumer.paused, consumer.producer_paused, consumer.priority) == (False, False, 1)
    assert consumer.score == ConsumerScore(score=10, producer_score=0, producer_scores=[0])
    assert (consumer.preferred_layers, consumer.current_layers, consumer.app_data) == (None, None, {"a": 1})
    assert (told, receiver.consumers) == (["consumer"], {consumer.id: consumer})


async def test_a_consumer_of_simulcast_gets_one_stream_with_retransmission(consumer: Consumer) -> None:
    assert consumer.type == "simulcast"
    (encoding,) = consumer.rtp_parameters.encodings
    assert encoding.scalability_mode == "L3T1"
    assert encoding.ssrc is not None
    assert encoding.rtx is not None
    assert encoding.rtx.ssrc == encoding.ssrc + 1


async def test_mids_are_counted_for_each_transport(receiver: WebRtcTransport, audio: Producer, video: Producer) -> None:
    mids = [
        (await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)).rtp_parameters.mid
        for producer in (audio, video, audio)
    ]
    assert mids == ["0", "1", "2"]
    named = await receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER, mid="mine")
    assert named.rtp_parameters.mid == "mine"
    with pytest.raises(InvalidValueError, match="mid"):
        await receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER, mid="")


async def test_retransmission_can_be_declined_and_asked_for(
    receiver: WebRtcTransport, audio: Producer, video: Producer
) -> None:
    without = await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER, enable_rtx=False)
    assert without.rtp_parameters.encodings[0].rtx is None
    assert [codec.mime_type for codec in without.rtp_parameters.codecs] == ["video/VP8"]


async def test_nobody_consumes_what_is_not_there_or_not_understood(receiver: WebRtcTransport, audio: Producer) -> None:
    with pytest.raises(NotFoundError, match="no producer chicken"):
        await receiver.consume(producer_id="chicken", rtp_capabilities=RECEIVER)
    with pytest.raises(UnsupportedError):
        await receiver.consume(producer_id=audio.id, rtp_capabilities=STRANGER)
    assert (await receiver.dump()).consumer_ids == []


async def test_a_producer_that_closes_while_it_is_being_consumed_leaves_nothing(
    router: Router, receiver: WebRtcTransport, audio: Producer
) -> None:
    consumer = await receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER)
    audio.close()
    await until(lambda: consumer.closed)
    assert (await receiver.dump()).consumer_ids == []


async def test_the_dump_gives_back_the_parameters(consumer: Consumer) -> None:
    dump = await consumer.dump()
    assert (dump.id, dump.producer_id, dump.kind, dump.type) == (
        consumer.id,
        consumer.producer_id,
        "video",
        "simulcast",
    )
    assert dump.rtp_parameters.codecs == consumer.rtp_parameters.codecs
    assert dump.rtp_parameters.encodings[0].ssrc == consumer.rtp_parameters.encodings[0].ssrc
    assert len(dump.consumable_rtp_encodings) == 3
    assert dump.supported_codec_payload_types == [101]
    assert (dump.preferred_spatial_layer, dump.current_spatial_layer) == (2, -1)
    (stream,) = dump.rtp_streams
    assert stream.params.mime_type == "video/VP8"
    assert stream.rtx_stream is not None
    assert stream.rtx_stream.params.payload_type == 102


async def test_stats_are_those_of_its_stream(consumer: Consumer) -> None:
    (stats, *_) = await consumer.get_stats()
    assert (stats.type, stats.kind, stats.mime_type, stats.packet_count) == ("outbound-rtp", "video", "video/VP8", 0)
    assert stats.ssrc == consumer.rtp_parameters.encodings[0].ssrc
    assert stats.bitrate_by_layer is None


async def test_pausing_and_resuming_are_told_when_they_change_something(consumer: Consumer) -> None:
    events = record(pause=consumer.on_pause, resume=consumer.on_resume)
    await consumer.pause()
    await consumer.pause()
    assert consumer.paused and (await consumer.dump()).paused
    await consumer.resume()
    assert not consumer.paused
    assert events == ["pause", "resume"]


async def test_what_is_sent_depends_on_both_pauses(video: Producer, consumer: Consumer) -> None:
    events = record(
        pause=consumer.on_pause,
        resume=consumer.on_resume,
        producer_pause=consumer.on_producer_pause,
        producer_resume=consumer.on_producer_resume,
    )
    await consumer.pause()
    await video.pause()
    await until(lambda: consumer.producer_paused)
    await consumer.resume()
    await video.resume()
    await until(lambda: not consumer.producer_paused)
    assert events == ["pause", "producer_pause", "producer_resume", "resume"]


async def test_a_consumer_of_a_paused_producer_knows_it(receiver: WebRtcTransport, audio: Producer) -> None:
    await audio.pause()
    consumer = await receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER, paused=True)
    assert (consumer.paused, consumer.producer_paused) == (True, True)


async def test_layers_can_be_preferred(consumer: Consumer, receiver: WebRtcTransport, video: Producer) -> None:
    await consumer.set_preferred_layers(spatial_layer=1, temporal_layer=0)
    assert consumer.preferred_layers == ConsumerLayers(spatial_layer=1, temporal_layer=0)
    await consumer.set_preferred_layers(spatial_layer=66)
    assert consumer.preferred_layers == ConsumerLayers(spatial_layer=2, temporal_layer=0)
    first = await receiver.consume(
        producer_id=video.id,
        rtp_capabilities=RECEIVER,
        preferred_layers=ConsumerLayers(spatial_layer=0, temporal_layer=0),
    )
    assert first.preferred_layers == ConsumerLayers(spatial_layer=0, temporal_layer=0)
    with pytest.raises(InvalidValueError, match="spatial_layer"):
        await consumer.set_preferred_layers(spatial_layer=-1)


async def test_audio_has_no_layers_to_prefer(receiver: WebRtcTransport, audio: Producer) -> None:
    consumer = await receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER)
    await consumer.set_preferred_layers(spatial_layer=1)
    assert consumer.preferred_layers is None


async def test_priority_can_be_set_and_unset(consumer: Consumer) -> None:
    await consumer.set_priority(2)
    assert (consumer.priority, (await consumer.dump()).priority) == (2, 2)
    await consumer.unset_priority()
    assert (consumer.priority, (await consumer.dump()).priority) == (1, 1)
    with pytest.raises(InvalidValueError, match="priority"):
        await consumer.set_priority(256)


async def test_a_key_frame_can_be_asked_for(consumer: Consumer) -> None:
    await consumer.request_key_frame()
    assert not consumer.closed


async def test_scores_and_layers_are_told_and_the_last_are_kept(consumer: Consumer) -> None:
    events = record(score=consumer.on_score, layers=consumer.on_layers_change)
    # As the worker would say it, had it media.
    score = {"score": 9, "producer_score": 8, "producer_scores": bytes([8, 0, 0])}
    consumer._notified("consumer_score", {"score": score})
    consumer._notified("consumer_layers_change", {"layers": {"spatial_layer": 1, "temporal_layer": None}})
    assert consumer.score == ConsumerScore(score=9, producer_score=8, producer_scores=[8, 0, 0])
    assert consumer.current_layers == ConsumerLayers(spatial_layer=1)
    consumer._notified("consumer_layers_change", {"layers": None})
    assert consumer.current_layers is None
    assert events == ["score", "layers", "layers"]


async def test_a_closed_consumer_is_gone(router: Router, receiver: WebRtcTransport, consumer: Consumer) -> None:
    events = record(close=consumer.on_close)
    consumer.close()
    consumer.close()
    assert (events, receiver.consumers) == (["close"], {})
    assert (await router.dump()).map_consumer_id_producer_id == {}
    with pytest.raises(InvalidStateError):
        await consumer.pause()


async def test_a_consumer_ends_with_its_transport(receiver: WebRtcTransport, consumer: Consumer) -> None:
    events = record(transport=consumer.on_transport_close, close=consumer.on_close)
    receiver.close()
    assert events == ["transport", "close"]


async def test_cancelling_leaves_no_consumer_in_the_worker(
    worker: Worker, receiver: WebRtcTransport, audio: Producer
) -> None:
    os.kill(worker.pid, signal.SIGSTOP)
    task = asyncio.create_task(receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    os.kill(worker.pid, signal.SIGCONT)
    assert (await receiver.dump()).consumer_ids == []
    assert receiver.consumers == {}
