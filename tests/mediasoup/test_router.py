"""Routers, and how they make transports and observers."""

from __future__ import annotations

from typing import Any

import pytest

from app.mediasoup.data_structures import ListenInfo
from app.mediasoup.errors import InvalidStateError, InvalidValueError, UnsupportedError
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpCapabilities, RtpCodecCapability
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker

from .events import record
from .parameters import AUDIO, RECEIVER, SIMULCAST, STRANGER


async def test_a_router_offers_its_codecs_and_their_retransmission(router: Router) -> None:
    assert [codec.mime_type for codec in router.rtp_capabilities.codecs] == [
        "audio/opus",
        "video/VP8",
        "video/rtx",
        "video/H264",
        "video/rtx",
    ]


async def test_an_empty_router_dumps_nothing_but_itself(router: Router) -> None:
    dump = await router.dump()
    assert dump.id == router.id
    assert (dump.transport_ids, dump.rtp_observer_ids, dump.map_producer_id_consumer_ids) == ([], [], {})


async def test_the_dump_tells_who_consumes_whom(
    router: Router, transport: WebRtcTransport, receiver: WebRtcTransport
) -> None:
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    consumer = await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    observer = await router.create_audio_level_observer()
    dump = await router.dump()
    assert sorted(dump.transport_ids) == sorted((transport.id, receiver.id))
    assert dump.map_producer_id_consumer_ids == {producer.id: [consumer.id]}
    assert dump.map_consumer_id_producer_id == {consumer.id: producer.id}
    assert dump.rtp_observer_ids == [observer.id]


async def test_codecs_can_be_changed_for_what_comes(router: Router, transport: WebRtcTransport) -> None:
    router.update_media_codecs([RtpCodecCapability(kind="audio", mime_type="audio/PCMU", clock_rate=8000)])
    assert [codec.mime_type for codec in router.rtp_capabilities.codecs] == ["audio/PCMU"]
    with pytest.raises(UnsupportedError):
        await transport.produce(kind="audio", rtp_parameters=AUDIO)


async def test_a_router_tells_who_can_consume(router: Router, transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    assert router.can_consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    assert not router.can_consume(producer_id=producer.id, rtp_capabilities=STRANGER)
    assert not router.can_consume(producer_id=producer.id, rtp_capabilities=RtpCapabilities())
    assert not router.can_consume(producer_id="nobody", rtp_capabilities=RECEIVER)


async def test_capabilities_that_contradict_themselves_can_consume_nothing(
    router: Router, transport: WebRtcTransport
) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    wrong = RtpCapabilities(codecs=[RtpCodecCapability(kind="audio", mime_type="opus", clock_rate=48000)])
    assert not router.can_consume(producer_id=producer.id, rtp_capabilities=wrong)


async def test_a_transport_needs_a_server_or_addresses_of_its_own(router: Router, webrtc_server: WebRtcServer) -> None:
    info = ListenInfo(protocol="udp", ip="127.0.0.1")
    with pytest.raises(InvalidValueError, match="webrtc_server"):
        await router.create_webrtc_transport()
    with pytest.raises(InvalidValueError, match="webrtc_server"):
        await router.create_webrtc_transport(webrtc_server=webrtc_server, listen_infos=[info])
    with pytest.raises(InvalidValueError, match="listen_infos"):
        await router.create_webrtc_transport(listen_infos=[])


async def test_options_out_of_range_name_the_field(router: Router, webrtc_server: WebRtcServer) -> None:
    with pytest.raises(InvalidValueError, match="ice_consent_timeout"):
        await router.create_webrtc_transport(webrtc_server=webrtc_server, ice_consent_timeout=256)
    with pytest.raises(InvalidValueError, match="initial_available_outgoing_bitrate"):
        await router.create_webrtc_transport(webrtc_server=webrtc_server, initial_available_outgoing_bitrate=-1)
    assert (await router.dump()).transport_ids == []


@pytest.mark.parametrize("bad", [{"max_entries": 0}, {"threshold": -128}, {"threshold": 1}, {"interval": 70_000}])
async def test_wrong_options_of_an_audio_level_observer_name_the_field(router: Router, bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError, match=next(iter(bad))):
        await router.create_audio_level_observer(**bad)


async def test_new_transports_and_observers_are_told(router: Router, webrtc_server: WebRtcServer) -> None:
    told = record(transport=router.on_new_transport, observer=router.on_new_rtp_observer)
    transport = await router.create_webrtc_transport(webrtc_server=webrtc_server, app_data={"who": "me"})
    await router.create_active_speaker_observer()
    assert told == ["transport", "observer"]
    assert transport.app_data == {"who": "me"}


async def test_a_closed_router_closes_what_belongs_to_it(
    worker: Worker, router: Router, transport: WebRtcTransport
) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    observer = await router.create_active_speaker_observer()
    events = record(
        transport=transport.on_router_close,
        producer=producer.on_transport_close,
        observer=observer.on_router_close,
        close=router.on_close,
    )
    router.close()
    router.close()
    assert events == ["producer", "transport", "observer", "close"]
    assert (router.transports, router.producers, router.rtp_observers, worker.routers) == ({}, {}, {}, {})
    assert (await worker.dump()).router_ids == []
    with pytest.raises(InvalidStateError):
        await router.dump()
    with pytest.raises(InvalidStateError):
        await router.create_active_speaker_observer()
