"""What peers of the domain's tests send and can receive."""

from __future__ import annotations

from typing import Any

import msgspec

from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.producer import Producer
from app.mediasoup.rtp_parameters import (
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpParameters,
)
from app.rtc.peer import Peer

RECEIVER = RtpCapabilities(
    codecs=[
        RtpCodecCapability(
            kind="audio", mime_type="audio/opus", preferred_payload_type=100, clock_rate=48_000, channels=2
        ),
        RtpCodecCapability(kind="video", mime_type="video/VP8", preferred_payload_type=101, clock_rate=90_000),
    ]
)


def audio(ssrc: int) -> RtpParameters:
    """Opus, as a browser sends it."""
    codec = RtpCodecParameters(mime_type="audio/opus", payload_type=111, clock_rate=48_000, channels=2)
    return RtpParameters(mid=str(ssrc), codecs=[codec], encodings=[RtpEncodingParameters(ssrc=ssrc)])


def video(ssrc: int) -> RtpParameters:
    """VP8, one layer."""
    codec = RtpCodecParameters(mime_type="video/VP8", payload_type=96, clock_rate=90_000)
    return RtpParameters(mid=str(ssrc), codecs=[codec], encodings=[RtpEncodingParameters(ssrc=ssrc)])


async def give_transports(peer: Peer, *, sctp: bool = False) -> str:
    """Make one transport to send and one to receive, as clients do; gives the id of the first."""
    sending = await peer.media.create_transport(producing=True, consuming=False, force_tcp=False, sctp=sctp)
    await peer.media.create_transport(producing=False, consuming=True, force_tcp=False, sctp=sctp)
    return sending.id


def sending_transport(peer: Peer) -> str:
    """Give the id of the transport to send on."""
    return next(transport.id for transport in peer.media.transports if not transport.app_data["consuming"])


async def produce_audio(peer: Peer, ssrc: int = 1111, **app_data: Any) -> Producer:
    """Send audio on the peer's first transport."""
    return await peer.media.produce(
        transport_id=sending_transport(peer), kind="audio", rtp_parameters=audio(ssrc), app_data=app_data
    )


async def produce_video(peer: Peer, ssrc: int = 2222, **app_data: Any) -> Producer:
    """Send video on the peer's first transport."""
    return await peer.media.produce(
        transport_id=sending_transport(peer), kind="video", rtp_parameters=video(ssrc), app_data=app_data
    )


async def produce_chat(peer: Peer) -> DataProducer:
    """Open a data channel on the peer's first transport."""
    return await peer.media.produce_data(
        transport_id=sending_transport(peer),
        sctp_stream_parameters=SctpStreamParameters(stream_id=0, ordered=True),
        label="chat",
        protocol="",
        app_data={"topic": "all"},
    )


def scalable(ssrc: int, mime_type: str) -> RtpParameters:
    """Three spatial layers of three temporal layers each in one stream, as a browser sends them."""
    codec = RtpCodecParameters(mime_type=mime_type, payload_type=98, clock_rate=90_000)
    encoding = RtpEncodingParameters(ssrc=ssrc, scalability_mode="L3T3_KEY")
    return RtpParameters(mid=str(ssrc), codecs=[codec], encodings=[encoding])


async def produce_simulcast(peer: Peer, ssrc: int = 3333, **app_data: Any) -> Producer:
    """Send video in three spatial layers of three temporal layers each, on the peer's first transport."""
    encodings = [RtpEncodingParameters(ssrc=ssrc + layer, scalability_mode="L1T3") for layer in range(3)]
    return await peer.media.produce(
        transport_id=sending_transport(peer),
        kind="video",
        rtp_parameters=msgspec.structs.replace(video(ssrc), encodings=encodings),
        app_data=app_data,
    )
