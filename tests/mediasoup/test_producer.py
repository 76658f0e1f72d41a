"""Producers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from app.mediasoup.data_structures import ProducerScore
from app.mediasoup.errors import InvalidStateError, InvalidValueError, MediasoupError, UnsupportedError
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import (
    MediaKind,
    RtcpParameters,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpParameters,
)
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker

from .events import record, until
from .parameters import AUDIO, RECEIVER, SIMULCAST
from .rtp import OPUS, direct_transports, opus_packet

KINDS: list[tuple[MediaKind, RtpParameters]] = [("audio", AUDIO), ("video", SIMULCAST)]
VP8 = RtpCodecParameters(mime_type="video/VP8", payload_type=96, clock_rate=90000)
RTX_OF_NOTHING = RtpCodecParameters(mime_type="video/rtx", payload_type=97, clock_rate=90000, parameters={"apt": 111})
H264_OF_NO_PROFILE = RtpCodecParameters(
    mime_type="video/H264",
    payload_type=112,
    clock_rate=90000,
    parameters={"packetization-mode": 1, "profile-level-id": "CHICKEN"},
)


async def test_a_producer_is_what_was_asked_for(transport: WebRtcTransport, router: Router) -> None:
    told = record(producer=transport.on_new_producer)
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO, app_data={"source": "microphone"})
    assert (producer.kind, producer.type, producer.paused, producer.score) == ("audio", "simple", False, [])
    assert producer.app_data == {"source": "microphone"}
    assert told == ["producer"]
    assert transport.producers == router.producers == {producer.id: producer}


async def test_router_and_transport_have_it_in_their_dumps(router: Router, transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    dump = await router.dump()
    assert dump.map_producer_id_consumer_ids == {producer.id: []}
    assert dump.map_consumer_id_producer_id == {}
    held = await transport.dump()
    assert (held.id, held.producer_ids, held.consumer_ids) == (transport.id, [producer.id], [])


async def test_several_encodings_make_it_simulcast(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST, paused=True, app_data={"source": "cam"})
    assert (producer.kind, producer.type, producer.paused) == ("video", "simulcast", True)
    assert (producer.score, producer.app_data) == ([], {"source": "cam"})


@pytest.mark.parametrize(
    ("modes", "type"),
    [([None], "simple"), (["L1T1"], "simple"), (["L1T3"], "svc"), (["L1T3", "L1T3"], "simulcast")],
)
async def test_encodings_and_their_layers_make_the_type(
    transport: WebRtcTransport, modes: list[str | None], type: str
) -> None:
    encodings = [
        RtpEncodingParameters(ssrc=11111111 * n, scalability_mode=mode) for n, mode in enumerate(modes, start=1)
    ]
    parameters = RtpParameters(codecs=[VP8], encodings=encodings, rtcp=RtcpParameters(cname="test"))
    producer = await transport.produce(kind="video", rtp_parameters=parameters)
    assert (producer.type, (await producer.dump()).type) == (type, type)


async def test_little_has_to_be_said(transport: WebRtcTransport) -> None:
    # Neither header extensions nor encodings nor RTCP.
    producer = await transport.produce(kind="audio", rtp_parameters=RtpParameters(mid="AUDIO", codecs=AUDIO.codecs))
    assert (producer.kind, producer.type, producer.paused, producer.score) == ("audio", "simple", False, [])
    (encoding,) = (await producer.dump()).rtp_parameters.encodings
    assert (encoding.ssrc, encoding.codec_payload_type) == (None, 111)


async def test_the_dump_gives_back_the_parameters(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    dump = await producer.dump()
    assert (dump.id, dump.kind, dump.type, dump.paused) == (producer.id, "video", "simulcast", False)
    assert dump.rtp_parameters.codecs == producer.rtp_parameters.codecs
    assert dump.rtp_parameters.header_extensions == producer.rtp_parameters.header_extensions
    encodings = dump.rtp_parameters.encodings
    assert [encoding.ssrc for encoding in encodings] == [22222222, 22222224, 22222226]
    assert [encoding.rtx and encoding.rtx.ssrc for encoding in encodings] == [22222223, 22222225, 22222227]
    assert {encoding.codec_payload_type for encoding in encodings} == {112}
    assert len(dump.rtp_mapping.encodings) == 3


async def test_codec_parameters_keep_their_types(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    (codec,) = (await producer.dump()).rtp_parameters.codecs
    assert codec == AUDIO.codecs[0]
    assert codec.parameters == {"useinbandfec": 1, "usedtx": 1, "foo": 222.222, "bar": "333"}


async def test_the_dump_of_the_transport_knows_how_to_find_it(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    dump = await transport.dump()
    assert dump.producer_ids == [producer.id]
    assert dump.rtp_listener.ssrc_table == {11111111: producer.id}
    assert dump.rtp_listener.mid_table == {"AUDIO": producer.id}
    assert dump.recv_rtp_header_extensions.mid == 10


async def test_all_producers_of_a_transport_share_the_first_cname(transport: WebRtcTransport) -> None:
    first = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    other = msgspec.structs.replace(SIMULCAST, rtcp=RtcpParameters(cname="OTHER"))
    second = await transport.produce(kind="video", rtp_parameters=other)
    assert first.rtp_parameters.rtcp.cname == second.rtp_parameters.rtcp.cname == "FOOBAR"


async def test_a_producer_without_cname_gets_one(transport: WebRtcTransport) -> None:
    producer = await transport.produce(
        kind="audio", rtp_parameters=msgspec.structs.replace(AUDIO, rtcp=RtcpParameters())
    )
    assert producer.rtp_parameters.rtcp.cname


async def test_parameters_are_not_changed_by_producing(transport: WebRtcTransport) -> None:
    before = msgspec.json.encode(SIMULCAST)
    await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    assert msgspec.json.encode(SIMULCAST) == before


async def test_no_two_producers_have_the_same_id(transport: WebRtcTransport) -> None:
    await transport.produce(kind="audio", rtp_parameters=AUDIO, id="mine")
    with pytest.raises(InvalidValueError, match="id: a producer mine exists"):
        await transport.produce(kind="video", rtp_parameters=SIMULCAST, id="mine")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"codecs": []}, MediasoupError),
        (
            {"codecs": [RtpCodecParameters(mime_type="audio/ISAC", payload_type=111, clock_rate=16000)]},
            UnsupportedError,
        ),
        ({"encodings": [RtpEncodingParameters(ssrc=1 << 32)]}, InvalidValueError),
        ({"encodings": [RtpEncodingParameters(ssrc="1111")]}, InvalidValueError),  # type: ignore[arg-type]
        ({"mid": "", "encodings": [RtpEncodingParameters()]}, InvalidValueError),
        ({"mid": None, "encodings": []}, InvalidValueError),
        ({"codecs": [VP8, RTX_OF_NOTHING]}, InvalidValueError),
        ({"codecs": [H264_OF_NO_PROFILE]}, UnsupportedError),
    ],
)
async def test_parameters_that_make_no_sense_are_refused(
    worker: Worker, transport: WebRtcTransport, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await transport.produce(kind="audio", rtp_parameters=msgspec.structs.replace(AUDIO, **changes))
    assert transport.producers == {}
    assert (await transport.dump()).producer_ids == []
    assert not worker.closed


async def test_a_kind_that_is_none_is_refused(transport: WebRtcTransport) -> None:
    with pytest.raises(InvalidValueError, match="kind"):
        await transport.produce(kind="chicken", rtp_parameters=AUDIO)  # type: ignore[arg-type]


async def test_two_producers_with_the_same_mid_are_refused_by_the_worker(transport: WebRtcTransport) -> None:
    await transport.produce(kind="audio", rtp_parameters=AUDIO)
    twin = msgspec.structs.replace(AUDIO, encodings=[RtpEncodingParameters(ssrc=33333333)])
    with pytest.raises(MediasoupError, match="MID"):
        await transport.produce(kind="audio", rtp_parameters=twin)


async def test_two_producers_with_the_same_ssrc_are_refused_by_the_worker(transport: WebRtcTransport) -> None:
    await transport.produce(kind="audio", rtp_parameters=AUDIO)
    twin = msgspec.structs.replace(AUDIO, mid="OTHER")
    with pytest.raises(MediasoupError, match="ssrc"):
        await transport.produce(kind="audio", rtp_parameters=twin)


async def test_pausing_and_resuming_are_told_when_they_change_something(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    events = record(pause=producer.on_pause, resume=producer.on_resume)
    await producer.pause()
    await producer.pause()
    assert (await producer.dump()).paused
    await producer.resume()
    await producer.resume()
    assert not (await producer.dump()).paused
    assert events == ["pause", "resume"]


async def test_what_follows_another_end_of_a_pipe_waits_for_nothing(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    events = record(pause=producer.on_pause, resume=producer.on_resume)
    producer.follow(paused=True)
    producer.follow(paused=True)
    assert (producer.paused, (await producer.dump()).paused, events) == (True, True, ["pause"])
    producer.follow(paused=False)
    assert (producer.paused, (await producer.dump()).paused, events) == (False, False, ["pause", "resume"])
    producer.close()
    producer.follow(paused=True)
    assert not producer.paused


async def test_calls_that_do_not_wait_for_each_other_are_told_in_their_order(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    events = record(pause=producer.on_pause, resume=producer.on_resume)
    await asyncio.gather(
        producer.pause(), producer.resume(), producer.pause(), producer.pause(), producer.pause(), producer.resume()
    )
    assert events == ["pause", "resume", "pause", "resume"]
    assert not producer.paused


async def test_traced_events_can_be_chosen(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    await producer.enable_trace_event(["rtp", "pli"])
    assert sorted((await producer.dump()).trace_event_types) == ["pli", "rtp"]
    await producer.enable_trace_event(["nack", "fir"])
    assert sorted((await producer.dump()).trace_event_types) == ["fir", "nack"]
    wrong: Any
    for wrong in (["nack", "FOO"], ["fir", 123], "rtp"):
        with pytest.raises(InvalidValueError, match="events"):
            await producer.enable_trace_event(wrong)
    with pytest.raises(TypeError):
        await producer.enable_trace_event(123)  # type: ignore[arg-type]
    await producer.enable_trace_event()
    assert (await producer.dump()).trace_event_types == []


async def test_stats_are_empty_before_packets_come(transport: WebRtcTransport) -> None:
    for kind, parameters in KINDS:
        producer = await transport.produce(kind=kind, rtp_parameters=parameters)
        assert await producer.get_stats() == []


async def test_a_closed_producer_is_gone_and_so_are_its_consumers(
    router: Router, transport: WebRtcTransport, receiver: WebRtcTransport
) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    events = record(producer=producer.on_close, consumer=consumer.on_producer_close, consumer_end=consumer.on_close)
    producer.close()
    producer.close()
    await until(lambda: consumer.closed)
    assert events == ["producer", "consumer", "consumer_end"]
    assert (transport.producers, router.producers, receiver.consumers) == ({}, {}, {})
    dump = await router.dump()
    assert (dump.map_producer_id_consumer_ids, dump.map_consumer_id_producer_id) == ({}, {})
    assert (await transport.dump()).producer_ids == []
    requests: list[Callable[[], Awaitable[object]]] = [
        producer.dump,
        producer.get_stats,
        producer.pause,
        producer.resume,
        producer.enable_trace_event,
        consumer.resume,
    ]
    for request in requests:
        with pytest.raises(InvalidStateError):
            await request()


async def test_a_producer_ends_with_its_transport(router: Router, transport: WebRtcTransport) -> None:
    producer: Producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    events = record(transport=producer.on_transport_close, close=producer.on_close)
    transport.close()
    assert events == ["transport", "close"]
    assert (producer.closed, router.producers) == (True, {})
    with pytest.raises(InvalidStateError):
        await producer.dump()


async def test_scores_and_orientation_are_told_and_the_last_score_is_kept(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    told: list[Any] = []
    producer.on_score.add(told.append)
    producer.on_video_orientation_change.add(told.append)
    # As the worker would say it, had it media.
    scores = [{"encoding_idx": 0, "ssrc": 22222222, "rid": "r0", "score": 9}]
    producer._notified("producer_score", {"scores": scores})
    orientation = {"camera": True, "flip": False, "rotation": 90}
    producer._notified("producer_video_orientation_change", orientation)
    assert [msgspec.structs.asdict(value[0] if isinstance(value, list) else value) for value in told] == [
        {"encoding_idx": 0, "ssrc": 22222222, "rid": "r0", "score": 9},
        orientation,
    ]
    assert [score.score for score in producer.score] == [9]


async def test_the_score_of_a_stream_that_arrives_is_told(router: Router) -> None:
    sender, receiver = await direct_transports(router)
    producer = await sender.produce(kind="audio", rtp_parameters=OPUS)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    told: list[Any] = []
    producer.on_score.add(told.append)
    assert (producer.score, consumer.score.producer_score) == ([], 0)
    producer.send(opus_packet(0))
    await until(lambda: told and consumer.score.producer_score == 10)
    assert told == [producer.score] == [[ProducerScore(encoding_idx=0, ssrc=1111, score=10)]]
    assert consumer.score.producer_scores == [10]
