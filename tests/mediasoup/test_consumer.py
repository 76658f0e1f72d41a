"""Consumers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from app.mediasoup.consumer import Consumer
from app.mediasoup.data_structures import ConsumerLayers, ConsumerScore
from app.mediasoup.errors import (
    InvalidStateError,
    InvalidValueError,
    NotFoundError,
    RequestRefusedError,
    UnsupportedError,
)
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import (
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtension,
    RtpParameters,
    RtxParameters,
)
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker

from .events import record, until
from .parameters import ABS_SEND_TIME, AUDIO, AUDIO_LEVEL, MID, RECEIVER, SIMULCAST, STRANGER


@pytest.fixture
async def audio(transport: WebRtcTransport) -> Producer:
    return await transport.produce(kind="audio", rtp_parameters=AUDIO)


@pytest.fixture
async def video(transport: WebRtcTransport) -> Producer:
    return await transport.produce(kind="video", rtp_parameters=SIMULCAST)


@pytest.fixture
async def layered(transport: WebRtcTransport) -> Producer:
    """Simulcast of four streams, each with five temporal layers."""
    encodings = [
        RtpEncodingParameters(
            ssrc=22222222 + 2 * stream, rtx=RtxParameters(ssrc=22222223 + 2 * stream), scalability_mode="L1T5"
        )
        for stream in range(4)
    ]
    parameters = msgspec.structs.replace(SIMULCAST, encodings=encodings)
    return await transport.produce(kind="video", rtp_parameters=parameters)


async def vpx_transport(worker: Worker, webrtc_server: WebRtcServer) -> WebRtcTransport:
    """Make a transport of a router for VP8 and VP9."""
    codecs = [
        RtpCodecCapability(kind="video", mime_type=mime_type, clock_rate=90000)
        for mime_type in ("video/VP8", "video/VP9")
    ]
    router = await worker.create_router(media_codecs=codecs)
    return await router.create_webrtc_transport(webrtc_server=webrtc_server)


def vpx(mime_type: str, *modes: str | None) -> RtpParameters:
    """Give parameters with one stream for each scalability mode."""
    encodings = [RtpEncodingParameters(ssrc=11111111 * n, scalability_mode=mode) for n, mode in enumerate(modes, 1)]
    codec = RtpCodecParameters(mime_type=mime_type, payload_type=96, clock_rate=90000)
    return RtpParameters(codecs=[codec], encodings=encodings, rtcp=RtcpParameters(cname="test"))


VPX_RECEIVER = RtpCapabilities(
    codecs=[
        RtpCodecCapability(kind="video", mime_type=mime_type, preferred_payload_type=payload_type, clock_rate=90000)
        for mime_type, payload_type in (("video/VP8", 101), ("video/VP9", 102))
    ]
)


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


async def test_router_and_transport_have_it_in_their_dumps(
    router: Router, receiver: WebRtcTransport, audio: Producer, video: Producer
) -> None:
    assert router.can_consume(producer_id=audio.id, rtp_capabilities=RECEIVER)
    sound, picture, all_streams = [
        await receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER),
        await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER),
        await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER, pipe=True),
    ]
    dump = await router.dump()
    consumers = {producer_id: set(ids) for producer_id, ids in dump.map_producer_id_consumer_ids.items()}
    assert consumers == {audio.id: {sound.id}, video.id: {picture.id, all_streams.id}}
    assert dump.map_consumer_id_producer_id == {sound.id: audio.id, picture.id: video.id, all_streams.id: video.id}
    held = await receiver.dump()
    assert (held.producer_ids, set(held.consumer_ids)) == ([], {sound.id, picture.id, all_streams.id})


async def test_codec_and_msid_come_from_the_producer(transport: WebRtcTransport, receiver: WebRtcTransport) -> None:
    msid = "1111-1111-1111-1111 2222-2222-2222-2222"
    parameters = msgspec.structs.replace(AUDIO, msid=msid)
    producer = await transport.produce(kind="audio", rtp_parameters=parameters)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    assert consumer.rtp_parameters.codecs == [
        RtpCodecParameters(
            mime_type="audio/opus",
            payload_type=100,
            clock_rate=48000,
            channels=2,
            parameters={"useinbandfec": 1, "usedtx": 1, "foo": 222.222, "bar": "333"},
        )
    ]
    assert consumer.rtp_parameters.msid == (await consumer.dump()).rtp_parameters.msid == msid


async def test_a_consumer_may_be_a_pipe(receiver: WebRtcTransport, video: Producer) -> None:
    await video.pause()
    consumer = await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER, pipe=True)
    assert (consumer.type, consumer.kind, consumer.paused, consumer.producer_paused) == ("pipe", "video", False, True)
    assert consumer.rtp_parameters.mid is None
    assert [codec.mime_type for codec in consumer.rtp_parameters.codecs] == ["video/VP8", "video/rtx"]
    # It has all streams of its producer, so that there is none to choose.
    assert len(consumer.rtp_parameters.encodings) == 3
    assert consumer.score == ConsumerScore(score=10, producer_score=10, producer_scores=[0, 0, 0])
    assert (consumer.preferred_layers, consumer.current_layers, consumer.priority) == (None, None, 1)


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


async def test_audio_is_retransmitted_on_demand(receiver: WebRtcTransport, audio: Producer) -> None:
    nack = RtcpFeedback(type="nack")
    opus = msgspec.structs.replace(RECEIVER.codecs[0], rtcp_feedback=[nack])
    capabilities = RtpCapabilities(codecs=[opus])
    consumers = [
        await receiver.consume(producer_id=audio.id, rtp_capabilities=capabilities, enable_rtx=enable_rtx)
        for enable_rtx in (None, True)
    ]
    assert [consumer.rtp_parameters.codecs[0].rtcp_feedback for consumer in consumers] == [[], [nack]]
    assert len(consumers[1].rtp_parameters.codecs) == 1


async def test_nobody_consumes_what_is_not_there_or_not_understood(receiver: WebRtcTransport, audio: Producer) -> None:
    with pytest.raises(NotFoundError, match="no producer chicken"):
        await receiver.consume(producer_id="chicken", rtp_capabilities=RECEIVER)
    for capabilities in (STRANGER, RtpCapabilities()):
        with pytest.raises(UnsupportedError):
            await receiver.consume(producer_id=audio.id, rtp_capabilities=capabilities)
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


async def test_the_dump_of_audio_is_simple(receiver: WebRtcTransport, audio: Producer) -> None:
    extension = RtpHeaderExtension(kind="audio", uri=AUDIO_LEVEL, preferred_id=6)
    capabilities = msgspec.structs.replace(RECEIVER, header_extensions=[*RECEIVER.header_extensions, extension])
    consumer = await receiver.consume(producer_id=audio.id, rtp_capabilities=capabilities)
    dump = await consumer.dump()
    assert (dump.kind, dump.type, dump.priority) == ("audio", "simple", 1)
    assert (dump.paused, dump.producer_paused) == (False, False)
    assert dump.rtp_parameters.codecs == consumer.rtp_parameters.codecs
    # AUDIO_LEVEL just once: the other has not the router's id.
    assert [(extension.uri, extension.id) for extension in dump.rtp_parameters.header_extensions] == [
        (MID, 1),
        (ABS_SEND_TIME, 4),
        (AUDIO_LEVEL, 6),
    ]
    (encoding,) = dump.rtp_parameters.encodings
    assert (encoding.ssrc, encoding.codec_payload_type) == (consumer.rtp_parameters.encodings[0].ssrc, 100)
    (consumable,) = dump.consumable_rtp_encodings
    assert consumable.ssrc == audio.consumable_rtp_parameters.encodings[0].ssrc
    assert dump.supported_codec_payload_types == [100]


async def test_the_dump_of_simulcast_tells_layers(receiver: WebRtcTransport, layered: Producer) -> None:
    consumer = await receiver.consume(producer_id=layered.id, rtp_capabilities=RECEIVER, paused=True)
    dump = await consumer.dump()
    (own,) = consumer.rtp_parameters.encodings
    (encoding,) = dump.rtp_parameters.encodings
    assert (encoding.ssrc, encoding.rtx, encoding.scalability_mode) == (own.ssrc, own.rtx, "L4T5")
    assert [(row.ssrc, row.scalability_mode) for row in dump.consumable_rtp_encodings] == [
        (row.ssrc, "L1T5") for row in layered.consumable_rtp_parameters.encodings
    ]
    assert (dump.paused, dump.producer_paused) == (True, False)


async def test_stats_of_audio_are_those_of_its_stream(receiver: WebRtcTransport, audio: Producer) -> None:
    consumer = await receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER)
    (stats,) = await consumer.get_stats()
    assert (stats.type, stats.kind, stats.mime_type) == ("outbound-rtp", "audio", "audio/opus")
    assert stats.ssrc == consumer.rtp_parameters.encodings[0].ssrc


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


async def test_calls_that_do_not_wait_for_each_other_are_told_in_their_order(consumer: Consumer) -> None:
    events = record(pause=consumer.on_pause, resume=consumer.on_resume)
    await asyncio.gather(
        consumer.pause(), consumer.resume(), consumer.pause(), consumer.pause(), consumer.pause(), consumer.resume()
    )
    assert events == ["pause", "resume", "pause", "resume"]
    assert not (await consumer.dump()).paused


async def test_a_pause_of_the_producer_is_one_of_what_is_sent(video: Producer, consumer: Consumer) -> None:
    events = record(pause=consumer.on_pause, resume=consumer.on_resume)
    await asyncio.gather(video.pause(), video.resume())
    await until(lambda: len(events) == 2)
    assert events == ["pause", "resume"]
    assert (consumer.paused, consumer.producer_paused) == (False, False)


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


async def test_preferred_layers_are_at_most_those_that_there_are(receiver: WebRtcTransport, layered: Producer) -> None:
    consumer = await receiver.consume(
        producer_id=layered.id,
        rtp_capabilities=RECEIVER,
        preferred_layers=ConsumerLayers(spatial_layer=12, temporal_layer=0),
    )
    preferred = [consumer.preferred_layers]
    for wanted in ((2, 3), (3, None), (3, 0), (66, 66)):
        await consumer.set_preferred_layers(spatial_layer=wanted[0], temporal_layer=wanted[1])
        preferred.append(consumer.preferred_layers)
    # Without a temporal layer it is the highest.
    assert [layers and (layers.spatial_layer, layers.temporal_layer) for layers in preferred] == [
        (3, 0),
        (2, 3),
        (3, 4),
        (3, 0),
        (3, 4),
    ]


@pytest.mark.parametrize(
    ("codec", "modes", "type", "highest"),
    [("video/VP9", ["L3T3"], "svc", (2, 2)), ("video/VP8", ["L1T5"] * 3, "simulcast", (2, 4))],
)
async def test_layers_may_be_preferred_from_the_start(
    worker: Worker,
    webrtc_server: WebRtcServer,
    codec: str,
    modes: list[str],
    type: str,
    highest: tuple[int, int],
) -> None:
    transport = await vpx_transport(worker, webrtc_server)
    producer = await transport.produce(kind="video", rtp_parameters=vpx(codec, *modes))
    preferred = []
    for wanted in ((1, 0), (9, 9), (1, None)):
        consumer = await transport.consume(
            producer_id=producer.id,
            rtp_capabilities=VPX_RECEIVER,
            paused=True,
            preferred_layers=ConsumerLayers(spatial_layer=wanted[0], temporal_layer=wanted[1]),
        )
        assert consumer.type == type
        assert consumer.preferred_layers is not None
        preferred.append((consumer.preferred_layers.spatial_layer, consumer.preferred_layers.temporal_layer))
    assert preferred == [(1, 0), highest, (1, highest[1])]


@pytest.mark.parametrize(("modes", "type"), [([None], "simple"), (["L1T3"], "svc"), (["L1T3", "L1T3"], "simulcast")])
async def test_a_consumer_is_of_the_type_of_its_producer(
    worker: Worker, webrtc_server: WebRtcServer, modes: list[str | None], type: str
) -> None:
    transport = await vpx_transport(worker, webrtc_server)
    producer = await transport.produce(kind="video", rtp_parameters=vpx("video/VP8", *modes))
    consumer = await transport.consume(producer_id=producer.id, rtp_capabilities=VPX_RECEIVER)
    assert (producer.type, consumer.type, (await consumer.dump()).type) == (type, type, type)


@pytest.mark.parametrize("wrong", [{}, {"foo": "123"}, {"temporal_layer": 2}, {"spatial_layer": "foo"}])
async def test_layers_that_make_no_sense_do_not_reach_the_worker(consumer: Consumer, wrong: Any) -> None:
    before = consumer.preferred_layers
    with pytest.raises((TypeError, InvalidValueError)):
        await consumer.set_preferred_layers(**wrong)
    assert consumer.preferred_layers == before


async def test_audio_has_no_layers_to_prefer(receiver: WebRtcTransport, audio: Producer) -> None:
    consumer = await receiver.consume(producer_id=audio.id, rtp_capabilities=RECEIVER)
    await consumer.set_preferred_layers(spatial_layer=1)
    assert consumer.preferred_layers is None


async def test_priority_can_be_set_and_unset(consumer: Consumer) -> None:
    await consumer.set_priority(2)
    assert (consumer.priority, (await consumer.dump()).priority) == (2, 2)
    await consumer.unset_priority()
    assert (consumer.priority, (await consumer.dump()).priority) == (1, 1)
    wrong: Any
    for wrong in (256, -1, "foo"):
        with pytest.raises(InvalidValueError, match="priority"):
            await consumer.set_priority(wrong)
    with pytest.raises(RequestRefusedError, match="priority"):
        await consumer.set_priority(0)
    assert consumer.priority == 1


async def test_traced_events_can_be_chosen(consumer: Consumer) -> None:
    await consumer.enable_trace_event(["rtp", "pli"])
    assert sorted((await consumer.dump()).trace_event_types) == ["pli", "rtp"]
    await consumer.enable_trace_event(["nack", "fir"])
    assert sorted((await consumer.dump()).trace_event_types) == ["fir", "nack"]
    wrong: Any
    for wrong in (["nack", "FOO"], ["fir", 123], "rtp"):
        with pytest.raises(InvalidValueError, match="events"):
            await consumer.enable_trace_event(wrong)
    with pytest.raises(TypeError):
        await consumer.enable_trace_event(123)  # type: ignore[arg-type]
    await consumer.enable_trace_event()
    assert (await consumer.dump()).trace_event_types == []


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


async def test_a_closed_consumer_is_gone_and_others_stay(
    router: Router, receiver: WebRtcTransport, video: Producer, consumer: Consumer
) -> None:
    other = await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER)
    events = record(close=consumer.on_close)
    consumer.close()
    consumer.close()
    assert (events, receiver.consumers) == (["close"], {other.id: other})
    dump = await router.dump()
    assert dump.map_consumer_id_producer_id == {other.id: video.id}
    assert dump.map_producer_id_consumer_ids == {video.id: [other.id]}
    assert (await receiver.dump()).consumer_ids == [other.id]
    requests: list[Callable[[], Awaitable[object]]] = [
        consumer.dump,
        consumer.get_stats,
        consumer.pause,
        consumer.resume,
        consumer.request_key_frame,
        consumer.unset_priority,
        consumer.enable_trace_event,
        lambda: consumer.set_preferred_layers(spatial_layer=0),
        lambda: consumer.set_priority(2),
    ]
    for request in requests:
        with pytest.raises(InvalidStateError):
            await request()


async def test_a_consumer_ends_with_its_producer(video: Producer, consumer: Consumer) -> None:
    events = record(producer=consumer.on_producer_close, close=consumer.on_close)
    video.close()
    await until(lambda: consumer.closed)
    assert events == ["producer", "close"]
    with pytest.raises(InvalidStateError):
        await consumer.dump()


async def test_a_consumer_ends_with_its_transport(
    router: Router, receiver: WebRtcTransport, video: Producer, consumer: Consumer
) -> None:
    events = record(transport=consumer.on_transport_close, close=consumer.on_close)
    receiver.close()
    assert events == ["transport", "close"]
    assert consumer.closed
    with pytest.raises(InvalidStateError):
        await consumer.dump()
    dump = await router.dump()
    assert (dump.map_producer_id_consumer_ids, dump.map_consumer_id_producer_id) == ({video.id: []}, {})


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
