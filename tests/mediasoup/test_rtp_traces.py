"""Traces of producers and consumers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from app.mediasoup.consumer import Consumer
from app.mediasoup.direct_transport import DirectTransport
from app.mediasoup.errors import InvalidValueError
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_traces import (
    KeyFrameRequestTraceInfo,
    RtpPacketInfo,
    RtpTrace,
    RtpTraceInfo,
    SenderReportTraceInfo,
)
from app.mediasoup.signal import Signal

from .events import until
from .parameters import RECEIVER
from .rtp import (
    DELTA_FRAME,
    KEY_FRAME,
    VP8,
    direct_transports,
    full_intra_request,
    negative_acknowledgement,
    picture_loss,
    sender_report,
    vp8_packet,
)


@pytest.fixture
async def ends(router: Router) -> tuple[DirectTransport, DirectTransport]:
    return await direct_transports(router)


@pytest.fixture
async def producer(ends: tuple[DirectTransport, DirectTransport]) -> Producer:
    return await ends[0].produce(kind="video", rtp_parameters=VP8)


@pytest.fixture
async def consumer(ends: tuple[DirectTransport, DirectTransport], producer: Producer) -> Consumer:
    return await ends[1].consume(producer_id=producer.id, rtp_capabilities=RECEIVER)


def kept(signal: Signal[RtpTrace]) -> list[RtpTrace]:
    traces: list[RtpTrace] = []
    signal.add(traces.append)
    return traces


def types(traces: Sequence[RtpTrace]) -> list[str]:
    return [trace.type for trace in traces]


def ssrc_of(consumer: Consumer) -> int:
    ssrc = consumer.rtp_parameters.encodings[0].ssrc
    assert ssrc is not None
    return ssrc


async def test_a_producer_traces_the_packets_that_it_receives(producer: Producer) -> None:
    traces = kept(producer.on_trace)
    await producer.enable_trace_event(["rtp", "keyframe"])
    assert sorted((await producer.dump()).trace_event_types) == ["keyframe", "rtp"]
    producer.send(vp8_packet(0, KEY_FRAME))
    producer.send(vp8_packet(1, DELTA_FRAME))
    await until(lambda: len(traces) == 2)
    # A packet of a key frame is told as that only.
    assert types(traces) == ["keyframe", "rtp"]
    key, delta = traces
    assert (key.direction, key.timestamp > 0) == ("in", True)
    assert isinstance(key.info, RtpTraceInfo) and isinstance(delta.info, RtpTraceInfo)
    assert not key.info.is_rtx
    assert key.info.rtp_packet == RtpPacketInfo(
        payload_type=112,
        sequence_number=100,
        timestamp=0,
        marker=False,
        ssrc=2222,
        is_key_frame=True,
        size=12 + len(KEY_FRAME),
        payload_size=len(KEY_FRAME),
        spatial_layer=0,
        temporal_layer=0,
    )
    assert (delta.info.rtp_packet.is_key_frame, delta.info.rtp_packet.sequence_number) == (False, 101)


async def test_a_consumer_traces_each_packet_that_it_sends_once(producer: Producer, consumer: Consumer) -> None:
    # mediasoup's Node library tells each of them twice.
    traces = kept(consumer.on_trace)
    packets: list[bytes] = []
    consumer.on_rtp.add(packets.append)
    await consumer.enable_trace_event(["rtp"])
    for number in range(5):
        producer.send(vp8_packet(number))
    await until(lambda: len(packets) == 5)
    # What was told is handled before the answer to what was asked afterwards.
    assert (await consumer.dump()).trace_event_types == ["rtp"]
    assert types(traces) == ["rtp"] * 5
    assert {trace.direction for trace in traces} == {"out"}


async def test_key_frame_requests_are_traced_on_both_sides(
    ends: tuple[DirectTransport, DirectTransport], producer: Producer, consumer: Consumer
) -> None:
    asked, received = kept(producer.on_trace), kept(consumer.on_trace)
    await producer.enable_trace_event(["pli", "fir"])
    await consumer.enable_trace_event(["pli", "fir"])
    producer.send(vp8_packet(0))
    ends[1].send_rtcp(picture_loss(ssrc_of(consumer)))
    ends[1].send_rtcp(full_intra_request(ssrc_of(consumer)))
    await until(lambda: len(received) == 2 and asked)
    assert types(received) == ["pli", "fir"]
    assert {trace.direction for trace in received} == {"in"}
    assert all(isinstance(trace.info, KeyFrameRequestTraceInfo) for trace in received)
    assert asked[0] == RtpTrace(
        type="pli", timestamp=asked[0].timestamp, direction="out", info=KeyFrameRequestTraceInfo(ssrc=2222)
    )


async def test_lost_packets_are_asked_for_and_traced_without_info(producer: Producer) -> None:
    traces = kept(producer.on_trace)
    await producer.enable_trace_event(["nack"])
    producer.send(vp8_packet(0))
    producer.send(vp8_packet(5))
    await until(lambda: traces)
    assert (traces[0].type, traces[0].direction, traces[0].info) == ("nack", "out", None)


async def test_a_consumer_traces_what_its_receiver_lost(
    ends: tuple[DirectTransport, DirectTransport], producer: Producer, consumer: Consumer
) -> None:
    traces = kept(consumer.on_trace)
    await consumer.enable_trace_event(["nack"])
    producer.send(vp8_packet(0))
    ends[1].send_rtcp(negative_acknowledgement(ssrc_of(consumer), 100))
    await until(lambda: traces)
    assert (traces[0].type, traces[0].direction) == ("nack", "in")


async def test_a_producer_traces_sender_reports(
    ends: tuple[DirectTransport, DirectTransport], producer: Producer
) -> None:
    traces = kept(producer.on_trace)
    await producer.enable_trace_event(["sr"])
    producer.send(vp8_packet(0))
    ends[0].send_rtcp(sender_report(2222))
    await until(lambda: traces)
    assert traces[0].info == SenderReportTraceInfo(
        ssrc=2222, ntp_sec=0x11, ntp_frac=0x22, rtp_ts=0x33, packet_count=4, octet_count=5
    )
    assert msgspec.to_builtins(traces[0])["info"]["ntpSec"] == 0x11


async def test_tracing_can_be_ended_and_knows_its_events(producer: Producer, consumer: Consumer) -> None:
    for traced in (producer, consumer):
        await traced.enable_trace_event(["rtp", "pli"])
        await traced.enable_trace_event()
        assert (await traced.dump()).trace_event_types == []
        with pytest.raises(InvalidValueError, match="chicken"):
            await traced.enable_trace_event(["chicken"])  # type: ignore[list-item]
