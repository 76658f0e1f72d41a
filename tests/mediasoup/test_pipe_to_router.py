"""Piping between routers: the pair of transports, what goes through it, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest

from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.errors import (
    InvalidStateError,
    InvalidValueError,
    MediasoupError,
    NotFoundError,
    RequestRefusedError,
)
from app.mediasoup.pipe_to_router import PipedProducer
from app.mediasoup.pipe_transport import PipeTransport
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpHeaderExtensionParameters
from app.mediasoup.supported_rtp_capabilities import (
    ABS_CAPTURE_TIME,
    DEPENDENCY_DESCRIPTOR,
    MEDIASOUP_PACKET_ID,
    PLAYOUT_DELAY,
    SSRC_AUDIO_LEVEL,
    TIME_OFFSET,
    VIDEO_ORIENTATION,
)
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker, WorkerSettings

from .conftest import MEDIA_CODECS
from .events import record, until
from .parameters import AUDIO, RECEIVER, SIMULCAST
from .rtp import OPUS, Packet, opus_packet
from .test_plain_transport import LOCAL


@pytest.fixture
async def far_worker() -> AsyncIterator[Worker]:
    worker = await Worker.spawn(WorkerSettings(log_level="warn"))
    yield worker
    worker.close()
    assert await worker.wait_exited() is not None


@pytest.fixture
async def far(far_worker: Worker) -> Router:
    """A router of another worker."""
    return await far_worker.create_router(media_codecs=MEDIA_CODECS)


@pytest.fixture
async def video(transport: WebRtcTransport) -> Producer:
    return await transport.produce(kind="video", rtp_parameters=SIMULCAST, app_data={"source": "camera"})


@pytest.fixture
async def data(transport: WebRtcTransport) -> DataProducer:
    stream = SctpStreamParameters(stream_id=666, max_packet_life_time=5000)
    return await transport.produce_data(sctp_stream_parameters=stream, label="foo", protocol="bar")


@pytest.fixture
async def half_piped(
    far_worker: Worker, far: Router, router: Router, transport: WebRtcTransport, video: Producer
) -> AsyncIterator[asyncio.Task[PipedProducer]]:
    """Begin to pipe the video: it is consumed here, and the other worker rests before it produces."""
    audio = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    await router.pipe_to_router(producer_id=audio.id, router=far)
    (pipe,) = pipes(router)
    os.kill(far_worker.pid, signal.SIGSTOP)
    task = asyncio.create_task(router.pipe_to_router(producer_id=video.id, router=far))
    await until(lambda: len(pipe.consumers) == 2)
    yield task
    os.kill(far_worker.pid, signal.SIGCONT)


def pipes(router: Router) -> list[PipeTransport]:
    return [transport for transport in router.transports.values() if isinstance(transport, PipeTransport)]


async def test_a_piped_producer_has_the_same_id_in_the_other_router(
    far: Router, router: Router, video: Producer
) -> None:
    piped = await router.pipe_to_router(producer_id=video.id, router=far)
    consumer, producer = piped.pipe_consumer, piped.pipe_producer
    assert (producer.id, producer.kind, producer.paused) == (video.id, "video", False)
    assert (producer.type, producer.app_data) == ("simulcast", {"source": "camera"})
    assert (consumer.type, consumer.producer_id, consumer.rtp_parameters.mid) == ("pipe", video.id, None)
    assert (consumer.score.score, consumer.score.producer_score, consumer.app_data) == (10, 10, {})
    assert producer.rtp_parameters == consumer.rtp_parameters
    assert producer.rtp_parameters.rtcp.cname == video.rtp_parameters.rtcp.cname
    assert far.producers == {producer.id: producer}
    (here,), (there,) = pipes(router), pipes(far)
    assert (await far.dump()).transport_ids == [there.id]
    assert (here.tuple.remote_port, there.tuple.remote_port) == (there.tuple.local_port, here.tuple.local_port)


async def test_a_piped_producer_can_be_consumed(far: Router, router: Router, video: Producer) -> None:
    await router.pipe_to_router(producer_id=video.id, router=far)
    receiver = await far.create_webrtc_transport(listen_infos=[LOCAL])
    consumer = await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER)
    assert (consumer.type, consumer.rtp_parameters.mid) == ("simulcast", "0")
    assert (consumer.score.score, consumer.score.producer_scores) == (10, [0, 0, 0])
    (encoding,) = consumer.rtp_parameters.encodings
    assert encoding.rtx is not None


@pytest.mark.parametrize("negotiated", [True, False])
async def test_capture_times_are_announced_only_if_the_producer_has_them(
    router: Router, far: Router, transport: WebRtcTransport, negotiated: bool
) -> None:
    extensions = [*AUDIO.header_extensions]
    if negotiated:
        extensions.append(RtpHeaderExtensionParameters(uri=ABS_CAPTURE_TIME, id=13))
    parameters = msgspec.structs.replace(AUDIO, header_extensions=extensions)
    producer = await transport.produce(kind="audio", rtp_parameters=parameters)
    piped = await router.pipe_to_router(producer_id=producer.id, router=far)
    for end in (piped.pipe_consumer, piped.pipe_producer):
        assert (ABS_CAPTURE_TIME in [ext.uri for ext in end.rtp_parameters.header_extensions]) == negotiated


@pytest.mark.parametrize("options", [{}, {"enable_srtp": True}, {"enable_rtx": True}])
async def test_rtp_that_goes_in_at_one_worker_comes_out_at_another(
    router: Router, far: Router, options: dict[str, Any]
) -> None:
    producer = await (await router.create_direct_transport()).produce(kind="audio", rtp_parameters=OPUS)
    await router.pipe_to_router(producer_id=producer.id, router=far, **options)
    receiver = await far.create_direct_transport()
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    got: list[bytes] = []
    consumer.on_rtp.add(lambda packet: got.append(Packet.parse(packet).payload))
    for number in range(100):
        producer.send(opus_packet(number))
    await until(lambda: len(got) == 100)
    assert got == [b"opus %03d" % number for number in range(100)]
    assert [bool(pipe.srtp_parameters) for pipe in pipes(router)] == ["enable_srtp" in options]


async def test_pauses_of_a_producer_are_those_of_the_piped_one(router: Router, far: Router, video: Producer) -> None:
    await video.pause()
    piped = (await router.pipe_to_router(producer_id=video.id, router=far)).pipe_producer
    receiver = await far.create_webrtc_transport(listen_infos=[LOCAL])
    consumer = await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER)
    assert (piped.paused, consumer.producer_paused, consumer.paused) == (True, True, False)
    told = record(pause=piped.on_pause, resume=piped.on_resume, consumer=consumer.on_producer_resume)
    await video.resume()
    await until(lambda: not consumer.producer_paused)
    assert (piped.paused, (await piped.dump()).paused) == (False, False)
    await video.pause()
    await until(lambda: consumer.producer_paused)
    assert (piped.paused, (await piped.dump()).paused) == (True, True)
    assert told == ["resume", "consumer", "pause"]


async def test_a_pause_while_it_is_piped_is_not_missed(
    half_piped: asyncio.Task[PipedProducer], far_worker: Worker, video: Producer
) -> None:
    await video.pause()
    os.kill(far_worker.pid, signal.SIGCONT)
    piped = (await half_piped).pipe_producer
    assert (piped.paused, (await piped.dump()).paused) == (True, True)


async def test_the_end_of_a_producer_is_that_of_the_piped_one(router: Router, far: Router, video: Producer) -> None:
    piped = await router.pipe_to_router(producer_id=video.id, router=far)
    receiver = await far.create_webrtc_transport(listen_infos=[LOCAL])
    consumer = await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER)
    video.close()
    await until(lambda: consumer.closed)
    assert (piped.pipe_consumer.closed, piped.pipe_producer.closed, far.producers) == (True, True, {})
    assert (await far.dump()).map_producer_id_consumer_ids == {}


async def test_the_end_of_the_piped_producer_is_that_of_its_consumer(
    router: Router, far: Router, video: Producer
) -> None:
    piped = await router.pipe_to_router(producer_id=video.id, router=far)
    piped.pipe_producer.close()
    assert (piped.pipe_consumer.closed, video.closed) == (True, False)
    assert (await router.dump()).map_producer_id_consumer_ids == {video.id: []}
    # And it can be piped again.
    again = await router.pipe_to_router(producer_id=video.id, router=far)
    assert far.producers == {video.id: again.pipe_producer}


async def test_a_producer_that_closes_while_it_is_piped_leaves_nothing(
    half_piped: asyncio.Task[PipedProducer], far_worker: Worker, router: Router, far: Router, video: Producer
) -> None:
    video.close()
    os.kill(far_worker.pid, signal.SIGCONT)
    with pytest.raises(NotFoundError, match="closed meanwhile"):
        await half_piped
    await nothing_is_left_of(video, router, far)


async def nothing_is_left_of(video: Producer, router: Router, far: Router) -> None:
    """Check that only the audio is still piped, here and in the workers."""
    (here,), (there,) = pipes(router), pipes(far)
    assert (len(here.consumers), len(there.producers), video.id in far.producers) == (1, 1, False)
    assert len((await here.dump()).consumer_ids) == len((await there.dump()).producer_ids) == 1


async def test_a_producer_that_is_there_already_leaves_no_consumer(
    router: Router, far: Router, video: Producer
) -> None:
    await router.pipe_to_router(producer_id=video.id, router=far)
    with pytest.raises(InvalidValueError, match="exists already"):
        await router.pipe_to_router(producer_id=video.id, router=far)
    (pipe,) = pipes(router)
    assert len(pipe.consumers) == len((await pipe.dump()).consumer_ids) == 1


async def test_another_who_pipes_the_same_meanwhile_is_refused_and_takes_nothing_along(
    half_piped: asyncio.Task[PipedProducer], far_worker: Worker, router: Router, far: Router, video: Producer
) -> None:
    other = asyncio.create_task(router.pipe_to_router(producer_id=video.id, router=far))
    with pytest.raises(InvalidValueError, match="being created already"):
        await other
    os.kill(far_worker.pid, signal.SIGCONT)
    piped = await half_piped
    assert (await piped.pipe_producer.dump()).id == video.id
    (pipe,) = pipes(router)
    assert len(pipe.consumers) == len((await pipe.dump()).consumer_ids) == 2


async def test_cancelling_leaves_nothing_in_either_worker(
    half_piped: asyncio.Task[PipedProducer], far_worker: Worker, router: Router, far: Router, video: Producer
) -> None:
    half_piped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await half_piped
    os.kill(far_worker.pid, signal.SIGCONT)
    await nothing_is_left_of(video, router, far)


async def test_an_id_can_be_kept_only_in_another_worker(worker: Worker, router: Router, video: Producer) -> None:
    neighbour = await worker.create_router(media_codecs=MEDIA_CODECS)
    with pytest.raises(InvalidValueError, match="keep_id: both routers are in one worker"):
        await router.pipe_to_router(producer_id=video.id, router=neighbour)
    assert (pipes(router), pipes(neighbour)) == ([], [])
    piped = await router.pipe_to_router(producer_id=video.id, router=neighbour, keep_id=False)
    assert piped.pipe_producer.id != video.id
    assert neighbour.producers == {piped.pipe_producer.id: piped.pipe_producer}


@pytest.mark.parametrize("ids", [{}, {"producer_id": "a", "data_producer_id": "b"}])
async def test_either_a_producer_or_a_data_producer_is_piped(router: Router, far: Router, ids: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError, match="producer_id"):
        await router.pipe_to_router(router=far, **ids)  # type: ignore[call-overload]


@pytest.mark.parametrize("id", [{"producer_id": "chicken"}, {"data_producer_id": "chicken"}])
async def test_nothing_that_is_not_there_is_piped(router: Router, far: Router, id: Any) -> None:
    with pytest.raises(NotFoundError, match="chicken"):
        await router.pipe_to_router(router=far, **id)
    assert (pipes(router), pipes(far)) == ([], [])


async def test_a_router_is_not_piped_to_itself(router: Router, video: Producer) -> None:
    with pytest.raises(InvalidValueError, match="router"):
        await router.pipe_to_router(producer_id=video.id, router=router)


async def test_a_router_that_is_closed_is_not_piped_to(router: Router, far: Router, video: Producer) -> None:
    far.close()
    with pytest.raises(InvalidStateError):
        await router.pipe_to_router(producer_id=video.id, router=far)
    assert (pipes(router), router._pipe_pairs, far._pipe_pairs) == ([], {}, {})
    assert len((await router.dump()).transport_ids) == 1


async def test_a_router_that_is_closed_pipes_nothing(router: Router, far: Router, video: Producer) -> None:
    router.close()
    with pytest.raises(InvalidStateError):
        await router.pipe_to_router(producer_id=video.id, router=far)
    assert far.transports == {}


async def test_an_address_that_cannot_be_listened_on_leaves_nothing(
    router: Router, far: Router, video: Producer
) -> None:
    nowhere = msgspec.structs.replace(LOCAL, ip="chicken")
    outcomes = await asyncio.gather(
        router.pipe_to_router(producer_id=video.id, router=far, listen_info=nowhere),
        router.pipe_to_router(producer_id=video.id, router=far, listen_info=nowhere),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [RequestRefusedError] * 2
    assert (pipes(router), pipes(far), router._pipe_pairs, far._pipe_pairs) == ([], [], {}, {})
    # Neither does it stand in the way of the next.
    await router.pipe_to_router(producer_id=video.id, router=far)


async def test_a_worker_that_dies_while_it_is_piped_to_leaves_nothing(
    router: Router, far_worker: Worker, far: Router, video: Producer
) -> None:
    os.kill(far_worker.pid, signal.SIGSTOP)
    task = asyncio.create_task(router.pipe_to_router(producer_id=video.id, router=far))
    await until(lambda: pipes(router))
    os.kill(far_worker.pid, signal.SIGKILL)
    with pytest.raises(MediasoupError):
        await task
    assert (pipes(router), router._pipe_pairs, far._pipe_pairs) == ([], {}, {})
    assert len((await router.dump()).transport_ids) == 1


async def test_all_that_is_piped_between_two_routers_shares_one_pair(
    router: Router, far: Router, transport: WebRtcTransport, video: Producer, data: DataProducer
) -> None:
    audio = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    away = await (await far.create_direct_transport()).produce(kind="audio", rtp_parameters=OPUS)
    await asyncio.gather(
        router.pipe_to_router(producer_id=audio.id, router=far),
        router.pipe_to_router(producer_id=video.id, router=far),
        router.pipe_to_router(data_producer_id=data.id, router=far),
        # And the other way round.
        far.pipe_to_router(producer_id=away.id, router=router),
    )
    (here,), (there,) = pipes(router), pipes(far)
    assert here.tuple.local_port == there.tuple.remote_port
    assert (len(here.consumers), len(here.data_consumers), len(there.consumers)) == (2, 1, 1)
    assert set(router.producers) == set(far.producers) == {audio.id, video.id, away.id}


async def test_a_caller_that_is_cancelled_does_not_take_the_pair_from_others(
    router: Router, far_worker: Worker, far: Router, transport: WebRtcTransport, video: Producer
) -> None:
    audio = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    os.kill(far_worker.pid, signal.SIGSTOP)
    first = asyncio.create_task(router.pipe_to_router(producer_id=audio.id, router=far))
    second = asyncio.create_task(router.pipe_to_router(producer_id=video.id, router=far))
    await until(lambda: pipes(router))
    first.cancel()
    os.kill(far_worker.pid, signal.SIGCONT)
    assert (await second).pipe_producer.id == video.id
    assert first.cancelled()
    assert set(far.producers) == {video.id}


@pytest.mark.parametrize("what", ["here", "there", "router", "far", "worker", "far_worker"])
async def test_whatever_closes_first_closes_the_pair_and_what_was_piped(
    worker: Worker, far_worker: Worker, router: Router, far: Router, video: Producer, what: str
) -> None:
    piped = await router.pipe_to_router(producer_id=video.id, router=far)
    (here,), (there,) = pipes(router), pipes(far)
    parts: dict[str, Router | PipeTransport | Worker] = {
        "here": here,
        "there": there,
        "router": router,
        "far": far,
        "worker": worker,
        "far_worker": far_worker,
    }
    parts[what].close()
    assert all(end.closed for end in (here, there, piped.pipe_consumer, piped.pipe_producer))
    assert (router._pipe_pairs, far._pipe_pairs, far.producers) == ({}, {}, {})


async def test_a_new_pair_is_made_when_the_old_one_was_closed(router: Router, far: Router, video: Producer) -> None:
    await router.pipe_to_router(producer_id=video.id, router=far)
    (old,) = pipes(router)
    old.close()
    await router.pipe_to_router(producer_id=video.id, router=far)
    (new,) = pipes(router)
    assert new is not old
    assert set(far.producers) == {video.id}


async def test_a_piped_data_producer_takes_after_the_one_at_home(
    router: Router, far: Router, data: DataProducer
) -> None:
    piped = await router.pipe_to_router(data_producer_id=data.id, router=far)
    consumer, producer = piped.pipe_data_consumer, piped.pipe_data_producer
    assert (consumer.type, consumer.label, consumer.protocol) == ("sctp", "foo", "bar")
    assert (producer.id, producer.type, producer.label, producer.protocol) == (data.id, "sctp", "foo", "bar")
    stream = SctpStreamParameters(stream_id=0, ordered=False, max_packet_life_time=5000)
    assert consumer.sctp_stream_parameters == producer.sctp_stream_parameters == stream
    receiver = await far.create_webrtc_transport(listen_infos=[LOCAL], enable_sctp=True)
    away = await receiver.consume_data(data_producer_id=data.id)
    assert away.sctp_stream_parameters == stream
    data.close()
    await until(lambda: away.closed)
    assert (consumer.closed, producer.closed, far.data_producers) == (True, True, {})


async def test_data_needs_a_pair_with_sctp(router: Router, far: Router, video: Producer, data: DataProducer) -> None:
    await router.pipe_to_router(producer_id=video.id, router=far, enable_sctp=False)
    with pytest.raises(RequestRefusedError, match="SCTP not enabled"):
        await router.pipe_to_router(data_producer_id=data.id, router=far)
    assert pipes(router)[0].data_consumers == {}


async def messages_between(router: Router, far: Router) -> tuple[DataProducer, list[str]]:
    """Send messages into one router, get them from the other one."""
    producer = await (await router.create_direct_transport()).produce_data()
    await router.pipe_to_router(data_producer_id=producer.id, router=far)
    consumer = await (await far.create_direct_transport()).consume_data(
        data_producer_id=producer.id, subchannels=[123, 666, 777]
    )
    got: list[str] = []
    consumer.on_message.add(lambda data, _: got.append(data.decode()))
    return producer, got


async def test_messages_that_go_in_at_one_worker_come_out_at_another(router: Router, far: Router) -> None:
    producer, got = await messages_between(router, far)
    (here,), (there,) = pipes(router), pipes(far)
    await until(lambda: here.sctp_state == there.sctp_state == "connected")
    assert here.sctp_negotiated_capabilities is not None
    assert here.sctp_negotiated_capabilities.negotiated_max_outbound_streams == 65535
    for number in range(100):
        producer.send(str(number))
    await until(lambda: len(got) == 100)
    assert got == [str(number) for number in range(100)]
    here.close()
    assert (here.sctp_state, there.sctp_state) == ("closed", "closed")


async def test_the_state_of_sctp_is_told(router: Router, far: Router) -> None:
    ends = [await end.create_pipe_transport(listen_info=LOCAL, enable_sctp=True) for end in (router, far)]
    states: list[str] = []
    ends[0].on_sctp_state_change.add(states.append)
    for end, peer in (ends, reversed(ends)):
        await end.connect(ip="127.0.0.1", port=peer.tuple.local_port)
    await ends[0].produce_data(sctp_stream_parameters=SctpStreamParameters(stream_id=0))
    await until(lambda: ends[0].sctp_state == "connected")
    assert (states[0], states[-1]) == ("connecting", "connected")
    assert (await ends[0].dump()).sctp_state == "connected"
    assert (await ends[0].get_stats())[0].sctp_state == "connected"


async def test_subchannels_choose_what_goes_through_the_pipe_and_who_gets_it(router: Router, far: Router) -> None:
    producer, got = await messages_between(router, far)
    (pipe,) = pipes(router)
    (piped,) = pipe.data_consumers.values()
    # A pipe without subchannels passes everything on.
    producer.send("first", subchannels=[123, 124], required_subchannel=666)
    await piped.set_subchannels([123, 124, 666])
    assert sorted(piped.subchannels) == [123, 124, 666]
    producer.send("second", subchannels=[123], required_subchannel=666)
    producer.send("not for this receiver", subchannels=[124], required_subchannel=666)
    producer.send("not for the pipe", subchannels=[125], required_subchannel=666)
    # What is ignored is up to the receivers behind the pipe, and not to the pipe.
    producer.send("ignored by the receiver", subchannels=[123], ignored_subchannel=777)
    producer.send("ignored by nobody", ignored_subchannel=124)
    producer.send("end")
    await until(lambda: got[-1:] == ["end"])
    assert got == ["first", "second", "ignored by nobody", "end"]


async def test_a_data_consumer_can_send_messages_of_its_own(router: Router, far: Router) -> None:
    _, got = await messages_between(router, far)
    (pipe,) = pipes(router)
    (consumer,) = pipe.data_consumers.values()
    await until(lambda: pipe.sctp_state == "connected")
    for message in ("text", b"bytes", "", b""):
        assert await consumer.send(message) >= 0
    await until(lambda: len(got) == 4)
    assert got == ["text", "bytes", " ", "\0"]


async def test_what_waits_to_be_sent_is_told(router: Router, far_worker: Worker, far: Router) -> None:
    await messages_between(router, far)
    (pipe,) = pipes(router)
    (consumer,) = pipe.data_consumers.values()
    amounts: list[int] = []
    consumer.on_buffered_amount_low.add(amounts.append)
    full = record(full=consumer.on_sctp_send_buffer_full)
    await until(lambda: pipe.sctp_state == "connected")
    await consumer.set_buffered_amount_low_threshold(10_000)
    assert (await consumer.dump()).buffered_amount_low_threshold == 10_000
    assert await consumer.get_buffered_amount() == 0
    # As long as the receiver rests, nothing is acknowledged.
    os.kill(far_worker.pid, signal.SIGSTOP)
    sent = [consumer.send(bytes(200_000)) for _ in range(20)]
    outcomes = await asyncio.gather(*sent, return_exceptions=True)
    # More than the buffer of 2 MB takes: the last are refused.
    assert max(amount for amount in outcomes if isinstance(amount, int)) > 1_000_000
    assert isinstance(outcomes[-1], RequestRefusedError)
    await until(lambda: full)
    os.kill(far_worker.pid, signal.SIGCONT)
    await until(lambda: amounts)
    assert amounts[0] <= 10_000


async def test_what_a_pipe_offers_of_audio_is_what_the_next_router_takes(
    router: Router, far: Router, transport: WebRtcTransport
) -> None:
    audio = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    piped = await router.pipe_to_router(producer_id=audio.id, router=far)
    assert (piped.pipe_producer.kind, piped.pipe_consumer.kind, piped.pipe_consumer.type) == ("audio", "audio", "pipe")
    for end in (piped.pipe_consumer, piped.pipe_producer):
        assert end.rtp_parameters.mid is None
        assert end.rtp_parameters.codecs == [msgspec.structs.replace(AUDIO.codecs[0], payload_type=100)]
        assert [(extension.uri, extension.id) for extension in end.rtp_parameters.header_extensions] == [
            (SSRC_AUDIO_LEVEL, 6),
            (DEPENDENCY_DESCRIPTOR, 7),
            (PLAYOUT_DELAY, 11),
            (MEDIASOUP_PACKET_ID, 12),
        ]


async def test_what_a_pipe_offers_of_video_has_no_feedback_of_one_hop(
    router: Router, far: Router, video: Producer
) -> None:
    await video.pause()
    piped = await router.pipe_to_router(producer_id=video.id, router=far)
    assert (piped.pipe_consumer.paused, piped.pipe_consumer.producer_paused) == (False, True)
    assert piped.pipe_producer.paused
    for end in (piped.pipe_consumer, piped.pipe_producer):
        (codec,) = end.rtp_parameters.codecs
        assert (codec.mime_type, codec.payload_type, codec.clock_rate) == ("video/VP8", 101, 90000)
        assert [(feedback.type, feedback.parameter) for feedback in codec.rtcp_feedback] == [
            ("nack", "pli"),
            ("ccm", "fir"),
        ]
        assert [(extension.uri, extension.id) for extension in end.rtp_parameters.header_extensions] == [
            (DEPENDENCY_DESCRIPTOR, 7),
            (VIDEO_ORIENTATION, 8),
            (TIME_OFFSET, 9),
            (PLAYOUT_DELAY, 11),
            (MEDIASOUP_PACKET_ID, 12),
        ]


async def test_who_consumes_what_was_piped_gets_it_as_at_home(
    router: Router, far: Router, transport: WebRtcTransport
) -> None:
    parameters = msgspec.structs.replace(SIMULCAST, msid="aaaa-bbbb")
    video = await transport.produce(kind="video", rtp_parameters=parameters)
    await router.pipe_to_router(producer_id=video.id, router=far)
    at_home, away = [
        await receiver.consume(producer_id=video.id, rtp_capabilities=RECEIVER)
        for receiver in (transport, await far.create_webrtc_transport(listen_infos=[LOCAL]))
    ]
    assert (away.kind, away.type, away.paused, away.producer_paused) == ("video", "simulcast", False, False)
    assert away.rtp_parameters.codecs == at_home.rtp_parameters.codecs
    assert away.rtp_parameters.header_extensions == at_home.rtp_parameters.header_extensions
    assert away.rtp_parameters.msid == at_home.rtp_parameters.msid == "aaaa-bbbb"
    assert away.score == at_home.score


async def test_a_pipe_leaves_it_to_the_receivers_behind_it_what_they_ignore(router: Router, far: Router) -> None:
    producer = await (await router.create_direct_transport()).produce_data()
    pipe = (await router.pipe_to_router(data_producer_id=producer.id, router=far)).pipe_data_consumer
    receiver = await far.create_direct_transport()
    got: dict[int, list[str]] = {111: [], 222: []}

    def keep(messages: list[str], data: bytes, _: int) -> None:
        messages.append(data.decode())

    for subchannel, messages in got.items():
        consumer = await receiver.consume_data(data_producer_id=producer.id, subchannels=[subchannel])
        consumer.on_message.add(partial(keep, messages))
    # All of what those behind it have.
    await pipe.set_subchannels([111, 222])
    producer.send("hello", ignored_subchannel=111)
    producer.send("end")
    await until(lambda: all(messages[-1:] == ["end"] for messages in got.values()))
    assert got == {111: ["end"], 222: ["hello", "end"]}
