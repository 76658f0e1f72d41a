"""Routers, and how they make transports and observers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.mediasoup.data_structures import ListenInfo
from app.mediasoup.errors import InvalidStateError, InvalidValueError, UnsupportedError
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpCapabilities, RtpCodecCapability
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker

from .conftest import MEDIA_CODECS
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


async def test_a_worker_tells_of_its_new_router_and_keeps_it(worker: Worker) -> None:
    told: list[Router] = []
    worker.on_new_router.add(told.append)
    router = await worker.create_router(media_codecs=MEDIA_CODECS, app_data={"floor": 2})
    assert told == [router]
    assert worker.routers == {router.id: router}
    assert (router.closed, router.app_data) == (False, {"floor": 2})
    dump = await worker.dump()
    assert dump.router_ids == dump.channel_message_handlers.channel_request_handlers == [router.id]
    assert dump.channel_message_handlers.channel_notification_handlers == []


async def test_an_empty_router_dumps_nothing_but_itself(router: Router) -> None:
    assert msgspec.structs.asdict(await router.dump()) == {
        "id": router.id,
        "transport_ids": [],
        "rtp_observer_ids": [],
        "map_producer_id_consumer_ids": {},
        "map_consumer_id_producer_id": {},
        "map_producer_id_observer_ids": {},
        "map_data_producer_id_data_consumer_ids": {},
        "map_data_consumer_id_data_producer_id": {},
    }


@pytest.mark.parametrize("codecs", [[123], [None], 123, ["audio/opus"]])
async def test_codecs_of_a_wrong_type_make_no_router(worker: Worker, codecs: Any) -> None:
    with pytest.raises((TypeError, InvalidValueError)):
        await worker.create_router(media_codecs=codecs)
    assert (await worker.dump()).router_ids == []


async def test_capabilities_are_a_value_that_nobody_changes(router: Router) -> None:
    before = msgspec.json.encode(router.rtp_capabilities)
    with pytest.raises(AttributeError):
        router.rtp_capabilities.header_extensions = []  # type: ignore[misc]
    assert msgspec.json.encode(router.rtp_capabilities) == before


async def test_a_router_may_be_left_without_codecs(router: Router) -> None:
    extensions = router.rtp_capabilities.header_extensions
    router.update_media_codecs([])
    assert router.rtp_capabilities.codecs == []
    assert router.rtp_capabilities.header_extensions == extensions


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


async def test_a_router_ends_with_its_worker(worker: Worker, router: Router) -> None:
    events = record(worker=router.on_worker_close, close=router.on_close)
    worker.close()
    assert events == ["worker", "close"]
    assert (router.closed, worker.routers) == (True, {})
    with pytest.raises(InvalidStateError):
        await router.dump()
