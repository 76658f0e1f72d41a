"""Pipe transports, each by itself; two and what goes through them are in test_pipe_to_router."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.mediasoup.data_structures import ListenInfo, PortRange
from app.mediasoup.errors import InvalidStateError, InvalidValueError, NotFoundError, RequestRefusedError
from app.mediasoup.pipe_transport import PipeTransport
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtcpParameters
from app.mediasoup.srtp_parameters import SrtpParameters
from app.mediasoup.supported_rtp_capabilities import (
    ABS_SEND_TIME,
    DEPENDENCY_DESCRIPTOR,
    MID,
    PLAYOUT_DELAY,
    TRANSPORT_WIDE_CC,
)
from app.mediasoup.webrtc_transport import WebRtcTransport
from tests.ports import free_port

from .events import record
from .parameters import AUDIO, SIMULCAST
from .test_plain_transport import KEY_30, KEY_44, LOCAL


@pytest.fixture
async def pipe(router: Router) -> PipeTransport:
    return await router.create_pipe_transport(listen_info=LOCAL)


async def test_a_pipe_transport_tells_where_it_listens(router: Router) -> None:
    told = record(transport=router.on_new_transport)
    port = free_port()
    info = ListenInfo(protocol="udp", ip="127.0.0.1", port=port)
    pipe = await router.create_pipe_transport(listen_info=info, enable_sctp=True, app_data={"foo": "bar"})
    assert (pipe.type, pipe.rtx, pipe.srtp_parameters, pipe.app_data) == ("pipe", False, None, {"foo": "bar"})
    assert (pipe.tuple.local_address, pipe.tuple.local_port, pipe.tuple.remote_port) == ("127.0.0.1", port, None)
    assert pipe.sctp_parameters is not None
    assert (pipe.sctp_state, pipe.sctp_parameters.is_data_channel) == ("new", False)
    assert told == ["transport"]
    dump = await pipe.dump()
    assert (dump.id, dump.tuple, dump.rtx, dump.srtp_parameters) == (pipe.id, pipe.tuple, False, None)
    (stats,) = await pipe.get_stats()
    assert (stats.type, stats.transport_id, stats.tuple) == ("pipe-transport", pipe.id, pipe.tuple)


async def test_a_pipe_transport_can_be_announced_elsewhere_than_it_listens(router: Router) -> None:
    info = ListenInfo(
        protocol="udp", ip="127.0.0.1", announced_address="9.9.9.1", port_range=PortRange(min=20000, max=30000)
    )
    pipe = await router.create_pipe_transport(listen_info=info)
    assert pipe.tuple.local_address == "9.9.9.1"
    assert 20000 <= pipe.tuple.local_port <= 30000


@pytest.mark.parametrize(
    "info",
    [
        ListenInfo(protocol="udp", ip="chicken"),
        ListenInfo(protocol="tcp", ip="127.0.0.1"),
        ListenInfo(protocol="udp", ip="127.0.0.1", port_range=PortRange(min=4000, max=3000)),
    ],
)
async def test_addresses_that_cannot_be_listened_on_are_refused(router: Router, info: ListenInfo) -> None:
    with pytest.raises(RequestRefusedError, match="router_create_pipetransport"):
        await router.create_pipe_transport(listen_info=info)


async def test_a_pipe_is_connected_once(pipe: PipeTransport) -> None:
    await pipe.connect(ip="127.0.0.2", port=9999)
    assert (pipe.tuple.remote_ip, pipe.tuple.remote_port) == ("127.0.0.2", 9999)
    with pytest.raises(RequestRefusedError, match="already called"):
        await pipe.connect(ip="127.0.0.2", port=9999)


async def test_a_key_is_for_pipes_with_srtp(pipe: PipeTransport) -> None:
    with pytest.raises(RequestRefusedError, match="SRTP not enabled"):
        await pipe.connect(ip="127.0.0.2", port=9999, srtp_parameters=KEY_44)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (None, RequestRefusedError),
        # Another suite is never taken by a pipe.
        (KEY_30, RequestRefusedError),
        (SrtpParameters(crypto_suite="AEAD_AES_256_GCM", key_base64=KEY_30.key_base64), RequestRefusedError),
        (SrtpParameters(crypto_suite="AEAD_AES_256_GCM", key_base64=[]), InvalidValueError),  # type: ignore[arg-type]
        (SrtpParameters(crypto_suite="FOO", key_base64=KEY_44.key_base64), InvalidValueError),  # type: ignore[arg-type]
    ],
)
async def test_pipes_with_srtp_have_a_key_and_need_the_others(
    router: Router, wrong: Any, error: type[Exception]
) -> None:
    pipe = await router.create_pipe_transport(listen_info=LOCAL, enable_srtp=True)
    assert pipe.srtp_parameters is not None
    assert (pipe.srtp_parameters.crypto_suite, len(pipe.srtp_parameters.key_base64)) == ("AEAD_AES_256_GCM", 60)
    with pytest.raises(error):
        await pipe.connect(ip="127.0.0.2", port=9999, srtp_parameters=wrong)
    await pipe.connect(ip="127.0.0.2", port=9999, srtp_parameters=KEY_44)


async def test_a_pipe_sends_all_streams_and_no_mid(
    router: Router, pipe: PipeTransport, transport: WebRtcTransport
) -> None:
    told = record(consumer=pipe.on_new_consumer)
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    consumer = await pipe.consume(producer_id=producer.id, app_data={"a": 1})
    parameters = consumer.rtp_parameters
    assert (consumer.type, consumer.kind, consumer.paused, consumer.app_data) == ("pipe", "video", False, {"a": 1})
    assert parameters.mid is None
    assert len({encoding.ssrc for encoding in parameters.encodings}) == 3
    assert [
        (codec.mime_type, [fb.parameter or fb.type for fb in codec.rtcp_feedback]) for codec in parameters.codecs
    ] == [("video/VP8", ["pli", "fir"])]
    uris = [extension.uri for extension in parameters.header_extensions]
    assert not {MID, ABS_SEND_TIME, TRANSPORT_WIDE_CC} & set(uris)
    assert {DEPENDENCY_DESCRIPTOR, PLAYOUT_DELAY} <= set(uris)
    ids = [extension.id for extension in parameters.header_extensions]
    assert ids == sorted(ids)
    assert (told, pipe.consumers) == (["consumer"], {consumer.id: consumer})
    dump = await consumer.dump()
    assert (dump.type, len(dump.rtp_streams), dump.rtp_streams[0].rtx_stream) == ("pipe", 3, None)


async def test_a_pipe_can_retransmit(router: Router, transport: WebRtcTransport) -> None:
    pipe = await router.create_pipe_transport(listen_info=LOCAL, enable_rtx=True)
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    parameters = (await pipe.consume(producer_id=producer.id)).rtp_parameters
    assert (pipe.rtx, (await pipe.dump()).rtx) == (True, True)
    assert [codec.mime_type for codec in parameters.codecs] == ["video/VP8", "video/rtx"]
    assert [fb.parameter or fb.type for fb in parameters.codecs[0].rtcp_feedback] == ["nack", "pli", "fir"]
    ssrcs = [encoding.ssrc for encoding in parameters.encodings]
    ssrcs += [encoding.rtx.ssrc for encoding in parameters.encodings if encoding.rtx]
    assert len(set(ssrcs)) == 6


async def test_a_pipe_can_send_each_stream_by_itself(
    router: Router, pipe: PipeTransport, transport: WebRtcTransport
) -> None:
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    first = await pipe.consume_stream(producer_id=producer.id, app_data={"a": 1})
    third = await pipe.consume_stream(producer_id=producer.id, stream=2, paused=True)
    assert [(each.type, each.paused, each.app_data) for each in (first, third)] == [
        ("simulcast", False, {"a": 1}),
        ("simulcast", True, {}),
    ]
    assert [each.preferred_layers and each.preferred_layers.spatial_layer for each in (first, third)] == [0, 2]
    # It is a consumer of all streams who prefers one of them.
    assert {encoding.scalability_mode for encoding in producer.consumable_rtp_parameters.encodings} == {None}
    assert [each.rtp_parameters.encodings[0].scalability_mode for each in (first, third)] == ["L3T1", "L3T1"]
    assert first.rtp_parameters.encodings[0].ssrc != third.rtp_parameters.encodings[0].ssrc
    dump = await third.dump()
    assert (dump.type, len(dump.rtp_streams), len(dump.consumable_rtp_encodings)) == ("simulcast", 1, 3)


async def test_a_stream_must_be_there_to_be_sent_by_itself(pipe: PipeTransport, transport: WebRtcTransport) -> None:
    voice = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    video = await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    with pytest.raises(InvalidValueError, match="layers"):
        await pipe.consume_stream(producer_id=voice.id)
    for stream in (-1, 3):
        with pytest.raises(InvalidValueError, match="stream"):
            await pipe.consume_stream(producer_id=video.id, stream=stream)


async def test_nothing_that_is_not_there_is_piped(pipe: PipeTransport) -> None:
    with pytest.raises(NotFoundError, match="no producer chicken"):
        await pipe.consume(producer_id="chicken")
    with pytest.raises(NotFoundError, match="no producer chicken"):
        await pipe.consume_stream(producer_id="chicken")


async def test_producers_of_a_pipe_keep_their_cnames(pipe: PipeTransport) -> None:
    other = msgspec.structs.replace(SIMULCAST, rtcp=RtcpParameters(cname="OTHER"), mid=None)
    first = await pipe.produce(kind="audio", rtp_parameters=msgspec.structs.replace(AUDIO, mid=None))
    second = await pipe.produce(kind="video", rtp_parameters=other)
    assert (first.rtp_parameters.rtcp.cname, second.rtp_parameters.rtcp.cname) == ("FOOBAR", "OTHER")
    assert second.consumable_rtp_parameters.rtcp.cname == "OTHER"


async def test_producers_of_a_pipe_without_cname_get_one_each(pipe: PipeTransport) -> None:
    # One in common would tell the worker that they share a sender and its clock.
    nameless = [msgspec.structs.replace(params, rtcp=RtcpParameters(), mid=None) for params in (AUDIO, SIMULCAST)]
    first = await pipe.produce(kind="audio", rtp_parameters=nameless[0])
    second = await pipe.produce(kind="video", rtp_parameters=nameless[1])
    cnames = {producer.rtp_parameters.rtcp.cname for producer in (first, second)}
    assert len(cnames) == 2
    assert all(cnames)


async def test_a_closed_pipe_transport_is_gone(router: Router, transport: WebRtcTransport) -> None:
    pipe = await router.create_pipe_transport(listen_info=LOCAL, enable_sctp=True)
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    consumer = await pipe.consume(producer_id=producer.id)
    told = record(consumer=consumer.on_transport_close, close=pipe.on_close)
    pipe.close()
    assert (told, pipe.sctp_state) == (["consumer", "close"], "closed")
    for request in (pipe.dump, pipe.get_stats, lambda: pipe.consume(producer_id=producer.id)):
        with pytest.raises(InvalidStateError):
            await request()


async def test_a_pipe_transport_ends_with_its_router(router: Router, pipe: PipeTransport) -> None:
    told = record(router=pipe.on_router_close, close=pipe.on_close)
    router.close()
    assert told == ["router", "close"]
