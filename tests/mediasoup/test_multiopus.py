"""Opus with more than two channels, whose streams must be the same on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from app.mediasoup.errors import UnsupportedError
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import (
    ParameterValue,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpHeaderExtension,
    RtpHeaderExtensionParameters,
    RtpParameters,
)
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker

from .parameters import ABS_SEND_TIME, AUDIO_LEVEL, MID

STREAMS: dict[str, ParameterValue] = {"channel_mapping": "0,4,1,2,3,5", "num_streams": 4, "coupled_streams": 2}


def capability(*, channels: int = 6, **own: Any) -> RtpCodecCapability:
    return RtpCodecCapability(
        kind="audio",
        mime_type="audio/multiopus",
        preferred_payload_type=100,
        clock_rate=48000,
        channels=channels,
        parameters={**STREAMS, **own},
    )


def sent(**own: Any) -> RtpParameters:
    codec = RtpCodecParameters(
        mime_type="audio/multiopus", payload_type=0, clock_rate=48000, channels=6, parameters={**STREAMS, **own}
    )
    extensions = [
        RtpHeaderExtensionParameters(uri=MID, id=10),
        RtpHeaderExtensionParameters(uri=AUDIO_LEVEL, id=12),
    ]
    return RtpParameters(mid="AUDIO", codecs=[codec], header_extensions=extensions)


def receiver(*, channels: int = 6) -> RtpCapabilities:
    ids = {MID: 1, ABS_SEND_TIME: 4, AUDIO_LEVEL: 10}
    extensions = [RtpHeaderExtension(kind="audio", uri=uri, preferred_id=id) for uri, id in ids.items()]
    return RtpCapabilities(codecs=[capability(channels=channels)], header_extensions=extensions)


@pytest.fixture
async def router(worker: Worker) -> Router:
    return await worker.create_router(media_codecs=[capability(useinbandfec=1)])


@pytest.fixture
async def transport(router: Router, webrtc_server: WebRtcServer) -> WebRtcTransport:
    return await router.create_webrtc_transport(webrtc_server=webrtc_server)


async def test_surround_sound_is_produced_and_consumed(router: Router, transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=sent(useinbandfec=1))
    (codec,) = producer.rtp_parameters.codecs
    assert (codec.payload_type, codec.channels, codec.parameters) == (0, 6, {**STREAMS, "useinbandfec": 1})
    assert router.can_consume(producer_id=producer.id, rtp_capabilities=receiver())
    consumer = await transport.consume(producer_id=producer.id, rtp_capabilities=receiver())
    (codec,) = consumer.rtp_parameters.codecs
    assert (codec.mime_type, codec.payload_type, codec.clock_rate) == ("audio/multiopus", 100, 48000)
    assert (codec.channels, codec.parameters) == (6, {**STREAMS, "useinbandfec": 1})
    assert codec.rtcp_feedback == []


@pytest.mark.parametrize("own", [{"num_streams": 2}, {"coupled_streams": 1}])
async def test_other_streams_are_another_codec(transport: WebRtcTransport, own: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError):
        await transport.produce(kind="audio", rtp_parameters=sent(**own))
    assert (await transport.dump()).producer_ids == []


async def test_another_number_of_channels_is_another_codec(router: Router, transport: WebRtcTransport) -> None:
    producer = await transport.produce(kind="audio", rtp_parameters=sent())
    assert not router.can_consume(producer_id=producer.id, rtp_capabilities=receiver(channels=8))
    with pytest.raises(UnsupportedError):
        await transport.consume(producer_id=producer.id, rtp_capabilities=receiver(channels=8))
    assert (await transport.dump()).consumer_ids == []
