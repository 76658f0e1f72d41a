"""
A mediasoup server library for asyncio.

It speaks the channel protocol of mediasoup's native workers itself. A :class:`Worker` is a process that moves media;
in it live :class:`Router` objects, in those transports, and in those producers and consumers::

    worker = await Worker.spawn(WorkerSettings(log_level="warn"))
    router = await worker.create_router(media_codecs=[...])
    transport = await router.create_webrtc_transport(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])

Names and behaviour are those of mediasoup's Node library, in Python's case. What its objects and their observers emit
as events are :class:`Signal` attributes here: ``producer.on_score.add(show)``. It logs through :mod:`logging` as
``app.mediasoup``; the workers' own lines as ``app.mediasoup.worker``. Errors are in :mod:`app.mediasoup.errors`, the
negotiation of RTP parameters is in :mod:`app.mediasoup.ortc`.
"""

from . import errors, ortc
from .active_speaker_observer import ActiveSpeakerObserver
from .audio_level_observer import AudioLevelObserver, AudioLevelVolume
from .consumer import Consumer
from .data_consumer import DataConsumer
from .data_producer import DataProducer
from .data_structures import (
    ConsumerLayers,
    ConsumerScore,
    DtlsFingerprint,
    DtlsParameters,
    IceCandidate,
    IceParameters,
    ListenInfo,
    PortRange,
    ProducerScore,
    SctpNegotiatedCapabilities,
    SctpOptions,
    SctpParameters,
    SctpStreamParameters,
    TransportTrace,
    TransportTuple,
    VideoOrientation,
)
from .direct_transport import DirectTransport
from .memory import RouterMemory, TransportMemory
from .pipe_to_router import PipedDataProducer, PipedProducer
from .pipe_transport import PipeTransport
from .plain_transport import PlainTransport
from .producer import Producer
from .router import Router
from .rtp_observer import RtpObserver
from .rtp_parameters import (
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtension,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxParameters,
)
from .rtp_traces import RtpTrace
from .scalability_modes import parse_scalability_mode
from .sctp_transport import SctpTransport
from .signal import Signal
from .srtp_parameters import SrtpParameters
from .supported_rtp_capabilities import get_supported_rtp_capabilities
from .transport import Transport
from .webrtc_server import WebRtcServer
from .webrtc_transport import WebRtcTransport
from .worker import ResourceUsage, Worker, WorkerSettings, on_new_worker
from .worker_binary import MEDIASOUP_RELEASE, WorkerBinary, find_worker_binary

#: The release of mediasoup whose workers this library speaks to.
version = MEDIASOUP_RELEASE

__all__ = [
    "MEDIASOUP_RELEASE",
    "ActiveSpeakerObserver",
    "AudioLevelObserver",
    "AudioLevelVolume",
    "Consumer",
    "ConsumerLayers",
    "ConsumerScore",
    "DataConsumer",
    "DataProducer",
    "DirectTransport",
    "DtlsFingerprint",
    "DtlsParameters",
    "IceCandidate",
    "IceParameters",
    "ListenInfo",
    "PipeTransport",
    "PipedDataProducer",
    "PipedProducer",
    "PlainTransport",
    "PortRange",
    "Producer",
    "ProducerScore",
    "ResourceUsage",
    "Router",
    "RouterMemory",
    "RtcpFeedback",
    "RtcpParameters",
    "RtpCapabilities",
    "RtpCodecCapability",
    "RtpCodecParameters",
    "RtpEncodingParameters",
    "RtpHeaderExtension",
    "RtpHeaderExtensionParameters",
    "RtpObserver",
    "RtpParameters",
    "RtpTrace",
    "RtxParameters",
    "SctpNegotiatedCapabilities",
    "SctpOptions",
    "SctpParameters",
    "SctpStreamParameters",
    "SctpTransport",
    "Signal",
    "SrtpParameters",
    "Transport",
    "TransportMemory",
    "TransportTrace",
    "TransportTuple",
    "VideoOrientation",
    "WebRtcServer",
    "WebRtcTransport",
    "Worker",
    "WorkerBinary",
    "WorkerSettings",
    "errors",
    "find_worker_binary",
    "get_supported_rtp_capabilities",
    "on_new_worker",
    "ortc",
    "parse_scalability_mode",
    "version",
]
