"""
A mediasoup server library for asyncio.

It speaks the channel protocol of mediasoup's native workers itself. A :class:`Worker` is a process that moves media;
in it live :class:`Router` objects, in those transports, and in those producers and consumers::

    worker = await Worker.spawn(WorkerSettings(log_level="warn"))
    router = await worker.create_router(media_codecs=[...])
    transport = await router.create_webrtc_transport(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])

Names and behaviour are those of mediasoup's Node library, in Python's case. It logs through :mod:`logging` as
``app.mediasoup``; the workers' own lines as ``app.mediasoup.worker``. Errors are in :mod:`app.mediasoup.errors`.
"""

from .active_speaker_observer import ActiveSpeakerObserver
from .audio_level_observer import AudioLevelObserver, AudioLevelVolume
from .consumer import Consumer
from .data_consumer import DataConsumer
from .data_producer import DataProducer
from .data_structures import DtlsParameters, ListenInfo, SctpOptions, SctpStreamParameters
from .producer import Producer
from .router import Router
from .rtp_observer import RtpObserver
from .rtp_parameters import RtpCapabilities, RtpCodecCapability, RtpParameters
from .scalability_modes import parse_scalability_mode
from .supported_rtp_capabilities import get_supported_rtp_capabilities
from .transport import Transport
from .webrtc_server import WebRtcServer
from .webrtc_transport import WebRtcTransport
from .worker import Worker, WorkerSettings
from .worker_binary import MEDIASOUP_RELEASE, WorkerBinary, find_worker_binary

__all__ = [
    "MEDIASOUP_RELEASE",
    "ActiveSpeakerObserver",
    "AudioLevelObserver",
    "AudioLevelVolume",
    "Consumer",
    "DataConsumer",
    "DataProducer",
    "DtlsParameters",
    "ListenInfo",
    "Producer",
    "Router",
    "RtpCapabilities",
    "RtpCodecCapability",
    "RtpObserver",
    "RtpParameters",
    "SctpOptions",
    "SctpStreamParameters",
    "Transport",
    "WebRtcServer",
    "WebRtcTransport",
    "Worker",
    "WorkerBinary",
    "WorkerSettings",
    "find_worker_binary",
    "get_supported_rtp_capabilities",
    "parse_scalability_mode",
]
