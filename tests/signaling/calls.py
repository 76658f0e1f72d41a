"""What clients of mediasoup-demo say, word for word as JSON."""

from __future__ import annotations

from typing import Any

from .client import Json, ProtooClient

FINGERPRINT = {"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}
RTP_CAPABILITIES: Json = {
    "codecs": [
        {
            "kind": "audio",
            "mimeType": "audio/opus",
            "preferredPayloadType": 100,
            "clockRate": 48000,
            "channels": 2,
            "parameters": {},
            "rtcpFeedback": [],
        },
        {
            "kind": "video",
            "mimeType": "video/VP8",
            "preferredPayloadType": 101,
            "clockRate": 90000,
            "parameters": {},
            "rtcpFeedback": [{"type": "nack", "parameter": "pli"}],
        },
    ],
    "headerExtensions": [],
}
SCTP_CAPABILITIES: Json = {"numStreams": {"OS": 1024, "MIS": 1024}}


def audio(ssrc: int = 1111) -> Json:
    """RTP parameters of a microphone."""
    return {
        "mid": str(ssrc),
        "codecs": [{"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}],
        "encodings": [{"ssrc": ssrc, "dtx": False}],
        "rtcp": {"cname": "ada", "reducedSize": True},
    }


def simulcast(ssrc: int = 2222) -> Json:
    """RTP parameters of a camera that sends three layers."""
    return {
        "mid": str(ssrc),
        "codecs": [{"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90000}],
        "encodings": [{"ssrc": ssrc + layer, "scalabilityMode": "L1T3"} for layer in range(3)],
    }


async def join(client: ProtooClient, name: str = "Ada", **more: Any) -> Json:
    """Make both transports and join, in the order of mediasoup-demo's client; it says nothing ``more``."""
    await client.request("getRouterRtpCapabilities")
    client.sending = await create_transport(client, producing=True)
    client.receiving = await create_transport(client, consuming=True)
    answer: Json = await client.request(
        "join",
        {
            "displayName": name,
            "device": {"flag": "chrome", "name": "Chrome", "version": "156"},
            "rtpCapabilities": RTP_CAPABILITIES,
            "sctpCapabilities": SCTP_CAPABILITIES,
            **more,
        },
    )
    return answer


async def create_transport(client: ProtooClient, *, producing: bool = False, consuming: bool = False) -> str:
    """Make a transport; gives its id."""
    answer = await client.request(
        "createWebRtcTransport",
        {
            "forceTcp": False,
            "producing": producing,
            "consuming": consuming,
            "sctpCapabilities": SCTP_CAPABILITIES,
        },
    )
    id: str = answer["id"]
    return id


async def produce_audio(client: ProtooClient, ssrc: int = 1111, **app_data: Any) -> str:
    """Send audio; gives the producer's id."""
    return await _produce(client, "audio", audio(ssrc), app_data)


async def produce_video(client: ProtooClient, ssrc: int = 2222, **app_data: Any) -> str:
    """Send simulcast video; gives the producer's id."""
    return await _produce(client, "video", simulcast(ssrc), app_data)


async def produce_chat(client: ProtooClient) -> str:
    """Open a data channel; gives the data producer's id."""
    answer = await client.request(
        "produceData",
        {
            "transportId": client.sending,
            "sctpStreamParameters": {"streamId": 0, "ordered": False, "maxRetransmits": 1},
            "label": "chat",
            "protocol": "",
            "appData": {"info": "my-chat-DataProducer"},
        },
    )
    id: str = answer["id"]
    return id


async def _produce(client: ProtooClient, kind: str, parameters: Json, app_data: Json) -> str:
    answer = await client.request(
        "produce",
        {
            "transportId": client.sending,
            "kind": kind,
            "rtpParameters": parameters,
            "appData": app_data,
        },
    )
    id: str = answer["id"]
    return id
