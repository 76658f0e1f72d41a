"""Producers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.mediasoup.errors import InvalidStateError, InvalidValueError, MediasoupError, UnsupportedError
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtcpParameters, RtpCodecParameters, RtpEncodingParameters
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker

from .events import record, until
from .parameters import AUDIO, RECEIVER, SIMULCAST


async def test_a_producer_is_what_was_asked_for(transport: WebRtcTransport, router: Router) -> None:
    told = record(producer=transport.on_new_producer)
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO, app_data={"source": "microphone"})
    assert (producer.kind, producer.type, producer.paused, producer.score) == ("audio", "simple", False, [])
    assert producer.app_data == {"source": "microphone"}
    assert told == ["producer"]
    assert transport.producers == router.producers == {producer.id: producer}


async def test_several_encodings_make_it_simulcast(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST, paused=True)
    assert (producer.type, producer.paused) == ("simulcast", True)


async def test_the_dump_gives_back_the_parameters(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    dump = await producer.dump()
    assert (dump.id, dump.kind, dump.type, dump.paused) == (producer.id, "video", "simulcast", False)
    assert dump.rtp_parameters.codecs == producer.rtp_parameters.codecs
    assert dump.rtp_parameters.header_extensions == producer.rtp_parameters.header_extensions
    assert [encoding.ssrc for encoding in dump.rtp_parameters.encodings] == [22222222, 22222224, 22222226]
    assert len(dump.rtp_mapping.encodings) == 3


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
        ({"mid": "", "encodings": [RtpEncodingParameters()]}, MediasoupError),
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


async def test_stats_are_empty_before_packets_come(transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
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
    assert (await router.dump()).map_producer_id_consumer_ids == {}
    for request in (producer.dump, producer.pause, producer.get_stats, consumer.resume):
        with pytest.raises(InvalidStateError):
            await request()


async def test_a_producer_ends_with_its_transport(router: Router, transport: WebRtcTransport) -> None:
    producer: Producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    events = record(transport=producer.on_transport_close, close=producer.on_close)
    transport.close()
    assert events == ["transport", "close"]
    assert router.producers == {}


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
