"""
What the worker can handle: codecs with their RTCP feedback, and header extensions with their ids.

Source: mediasoup ``node/src/supportedRtpCapabilities.ts``.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Final

from .rtp_parameters import (
    MediaKind,
    ParameterValue,
    RtcpFeedback,
    RtpCapabilities,
    RtpCodecCapability,
    RtpHeaderExtension,
    RtpHeaderExtensionDirection,
)

MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
RTP_STREAM_ID: Final = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RTP_STREAM_ID: Final = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
ABS_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_WIDE_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
SSRC_AUDIO_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
DEPENDENCY_DESCRIPTOR: Final = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
VIDEO_ORIENTATION: Final = "urn:3gpp:video-orientation"
TIME_OFFSET: Final = "urn:ietf:params:rtp-hdrext:toffset"
ABS_CAPTURE_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
PLAYOUT_DELAY: Final = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
MEDIASOUP_PACKET_ID: Final = "urn:mediasoup:params:rtp-hdrext:packet-id"

_TRANSPORT_CC = RtcpFeedback(type="transport-cc")
_OPUS_FEEDBACK = (RtcpFeedback(type="nack"), _TRANSPORT_CC)
_VIDEO_FEEDBACK = (
    RtcpFeedback(type="nack"),
    RtcpFeedback(type="nack", parameter="pli"),
    RtcpFeedback(type="ccm", parameter="fir"),
    RtcpFeedback(type="goog-remb"),
    _TRANSPORT_CC,
)


def get_supported_rtp_capabilities() -> RtpCapabilities:
    """Give what the worker supports, as a copy of the caller's own."""
    return deepcopy(SUPPORTED_RTP_CAPABILITIES)


def _audio(
    name: str,
    clock_rate: int,
    *feedback: RtcpFeedback,
    channels: int = 1,
    payload_type: int | None = None,
    parameters: dict[str, ParameterValue] | None = None,
) -> RtpCodecCapability:
    return RtpCodecCapability(
        kind="audio",
        mime_type=f"audio/{name}",
        preferred_payload_type=payload_type,
        clock_rate=clock_rate,
        channels=channels,
        parameters=parameters or {},
        rtcp_feedback=list(feedback),
    )


def _multiopus(channels: int, mapping: str, streams: int, coupled: int) -> RtpCodecCapability:
    parameters: dict[str, ParameterValue] = {
        "channel_mapping": mapping,
        "num_streams": streams,
        "coupled_streams": coupled,
    }
    return _audio("multiopus", 48000, *_OPUS_FEEDBACK, channels=channels, parameters=parameters)


def _video(name: str, **parameters: ParameterValue) -> RtpCodecCapability:
    return RtpCodecCapability(
        kind="video",
        mime_type=f"video/{name}",
        clock_rate=90000,
        # A codec's parameters have dashes in their names.
        parameters={key.replace("_", "-"): value for key, value in parameters.items()},
        rtcp_feedback=list(_VIDEO_FEEDBACK),
    )


def _codecs() -> Iterator[RtpCodecCapability]:
    yield _audio("opus", 48000, *_OPUS_FEEDBACK, channels=2)
    yield _multiopus(4, "0,1,2,3", streams=2, coupled=2)
    yield _multiopus(6, "0,4,1,2,3,5", streams=4, coupled=2)
    yield _multiopus(8, "0,6,1,2,3,4,5,7", streams=5, coupled=3)
    yield _audio("PCMU", 8000, _TRANSPORT_CC, payload_type=0)
    yield _audio("PCMA", 8000, _TRANSPORT_CC, payload_type=8)
    yield from (_audio("ISAC", rate, _TRANSPORT_CC) for rate in (32000, 16000))
    yield _audio("G722", 8000, _TRANSPORT_CC, payload_type=9)
    yield _audio("iLBC", 8000, _TRANSPORT_CC)
    yield from (_audio("SILK", rate, _TRANSPORT_CC) for rate in (24000, 16000, 12000, 8000))
    yield from (_audio("CN", rate, payload_type=13) for rate in (32000, 16000, 8000))
    yield from (_audio("telephone-event", rate) for rate in (48000, 32000, 16000, 8000))
    yield _video("VP8")
    yield _video("VP9")
    yield _video("H264", level_asymmetry_allowed=1)
    yield _video("AV1")


# One row an id: uri, then its direction for audio and for video, if it has one there.
_HEADER_EXTENSIONS: tuple[
    tuple[int, str, RtpHeaderExtensionDirection | None, RtpHeaderExtensionDirection | None], ...
] = (
    (1, MID, "sendrecv", "sendrecv"),
    (2, RTP_STREAM_ID, None, "recvonly"),
    (3, REPAIRED_RTP_STREAM_ID, None, "recvonly"),
    (4, ABS_SEND_TIME, "sendrecv", "sendrecv"),
    (5, TRANSPORT_WIDE_CC, "recvonly", "sendrecv"),
    (6, SSRC_AUDIO_LEVEL, "sendrecv", None),
    (7, DEPENDENCY_DESCRIPTOR, None, "recvonly"),
    (8, VIDEO_ORIENTATION, None, "sendrecv"),
    (9, TIME_OFFSET, None, "sendrecv"),
    (10, ABS_CAPTURE_TIME, "sendrecv", "sendrecv"),
    (11, PLAYOUT_DELAY, "sendrecv", "sendrecv"),
    (12, MEDIASOUP_PACKET_ID, "sendrecv", "sendrecv"),
)


def _header_extensions() -> Iterator[RtpHeaderExtension]:
    for id_, uri, audio, video in _HEADER_EXTENSIONS:
        directions: tuple[tuple[MediaKind, RtpHeaderExtensionDirection | None], ...] = (
            ("audio", audio),
            ("video", video),
        )
        for kind, direction in directions:
            if direction:
                yield RtpHeaderExtension(kind=kind, uri=uri, preferred_id=id_, direction=direction)


SUPPORTED_RTP_CAPABILITIES: Final = RtpCapabilities(
    codecs=list(_codecs()), header_extensions=list(_header_extensions())
)
