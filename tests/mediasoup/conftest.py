"""Fixtures of the library's tests: the schemas, and real workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.mediasoup.channel.codec import Codec
from app.mediasoup.data_structures import ListenInfo
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpCodecCapability
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker, WorkerSettings, load_codec

SCHEMAS = Path(__file__).parents[2] / "worker-sidecar/node_modules/mediasoup/worker/fbs"

MEDIA_CODECS = [
    RtpCodecCapability(kind="audio", mime_type="audio/opus", clock_rate=48000, channels=2),
    RtpCodecCapability(kind="video", mime_type="video/VP8", clock_rate=90000),
    RtpCodecCapability(
        kind="video",
        mime_type="video/H264",
        clock_rate=90000,
        parameters={"level-asymmetry-allowed": 1, "packetization-mode": 1, "profile-level-id": "4d0032"},
    ),
]


@pytest.fixture(scope="session")
def schemas() -> Path:
    return SCHEMAS


@pytest.fixture(scope="session")
def codec(schemas: Path) -> Codec:
    return load_codec(schemas)


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    """A worker of our own, which must end by itself when it is closed."""
    worker = await Worker.spawn(WorkerSettings(log_level="warn"))
    yield worker
    worker.close()
    assert await worker.wait_exited() is not None


@pytest.fixture
async def router(worker: Worker) -> Router:
    return await worker.create_router(media_codecs=MEDIA_CODECS)


@pytest.fixture
async def webrtc_server(worker: Worker) -> WebRtcServer:
    infos = [ListenInfo(protocol="udp", ip="127.0.0.1"), ListenInfo(protocol="tcp", ip="127.0.0.1")]
    return await worker.create_webrtc_server(listen_infos=infos)


@pytest.fixture
async def transport(router: Router, webrtc_server: WebRtcServer) -> WebRtcTransport:
    return await router.create_webrtc_transport(webrtc_server=webrtc_server, enable_sctp=True)


@pytest.fixture
async def receiver(router: Router, webrtc_server: WebRtcServer) -> WebRtcTransport:
    return await router.create_webrtc_transport(webrtc_server=webrtc_server, enable_sctp=True)
