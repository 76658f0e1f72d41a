"""
RTP capabilities and parameters: the values that clients, routers, producers and consumers exchange.

In Python they have snake_case names, as JSON the camelCase of mediasoup and ORTC (`to_json` of any of them is
``msgspec.json.encode``). They are values: nobody changes one, :mod:`app.mediasoup.ortc` makes new ones.

Source: mediasoup ``node/src/rtpParametersTypes.ts``, ``worker/fbs/rtpParameters.fbs``.
"""

from __future__ import annotations

from copy import copy
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")

UInt8 = Annotated[int, Meta(ge=0, le=0xFF)]
UInt16 = Annotated[int, Meta(ge=0, le=0xFFFF)]
UInt32 = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
#: Its upper end is checked by the codec: msgspec knows no bound beyond 63 bits.
UInt64 = Annotated[int, Meta(ge=0)]

MediaKind = Literal["audio", "video"]
RtpHeaderExtensionDirection = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
#: Bounds that decoding checks, so that nobody makes work, or mirrors megabytes, with what it gives. Nothing real comes
#: near them. What the worker bears is for :mod:`app.mediasoup.rtp_validation`.
MAX_TEXT = 512
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
UpTo32 = Annotated[list[T], Meta(max_length=32)]
UpTo64 = Annotated[list[T], Meta(max_length=64)]
UpTo100 = Annotated[list[T], Meta(max_length=100)]
#: A codec's or header extension's own parameters, such as ``packetization-mode``, by their names.
ParameterValue = bool | int | float | Text | UpTo100[int]
Parameters = Annotated[dict[Text, ParameterValue], Meta(max_length=32)]


class Value(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A value that is snake_case here and camelCase as JSON; what is ``None`` is left out of the JSON."""


def present(default: T) -> T:
    """
    Make a default that is written to JSON too.

    Clients expect empty lists and false flags as the Node library sends them, but no nulls; msgspec leaves out
    what equals a plain default and keeps what a factory made.
    """
    field: T = msgspec.field(default_factory=lambda: copy(default))
    return field


class RtcpFeedback(Value, frozen=True):
    """A kind of RTCP feedback that a codec takes, such as ``nack pli``."""

    type: Text
    parameter: Text = present("")


class RtpCodecCapability(Value, frozen=True):
    """
    A codec that an endpoint or a router can handle.

    ``clock_rate`` is in hertz. ``preferred_payload_type`` may be missing only in the codecs that
    a router is made of.
    """

    kind: MediaKind
    mime_type: Text
    clock_rate: UInt32
    preferred_payload_type: UInt8 | None = None
    channels: UInt8 | None = None
    parameters: Parameters = present({})
    rtcp_feedback: UpTo32[RtcpFeedback] = present([])


class RtpHeaderExtension(Value, frozen=True):
    """A header extension that an endpoint or a router can handle (RFC 8285)."""

    kind: MediaKind
    uri: Text
    preferred_id: UInt8
    preferred_encrypt: bool = present(False)
    direction: RtpHeaderExtensionDirection = present("sendrecv")


class RtpCapabilities(Value, frozen=True):
    """What an endpoint can receive, or what a router can handle."""

    codecs: UpTo100[RtpCodecCapability] = present([])
    header_extensions: UpTo64[RtpHeaderExtension] = present([])


class RtpCodecParameters(Value, frozen=True):
    """A codec in use; ``payload_type`` is unique among those of one sender. ``clock_rate`` is in hertz."""

    mime_type: Text
    payload_type: UInt8
    clock_rate: UInt32
    channels: UInt8 | None = None
    parameters: Parameters = present({})
    rtcp_feedback: UpTo32[RtcpFeedback] = present([])


class RtpHeaderExtensionParameters(Value, frozen=True):
    """A header extension in use."""

    uri: Text
    id: UInt8
    encrypt: bool = present(False)
    parameters: Parameters = present({})


class RtxParameters(Value, frozen=True):
    """The stream that carries an encoding's retransmissions (RFC 4588)."""

    ssrc: UInt32


class RtpEncodingParameters(Value, frozen=True):
    """One stream of a sender: an SSRC or a RID. ``max_bitrate`` is in bits a second."""

    ssrc: UInt32 | None = None
    rid: Text | None = None
    codec_payload_type: UInt8 | None = None
    rtx: RtxParameters | None = None
    dtx: bool = present(False)
    scalability_mode: Text | None = None
    max_bitrate: UInt64 | None = None


class RtcpParameters(Value, frozen=True):
    """RTCP of a sender; ``reduced_size`` as in RFC 5506."""

    cname: Text | None = None
    reduced_size: bool = present(True)


class RtpParameters(Value, frozen=True):
    """What a producer sends or a consumer gets. ``msid`` as in RFC 8830."""

    codecs: UpTo100[RtpCodecParameters]
    mid: Text | None = None
    header_extensions: UpTo64[RtpHeaderExtensionParameters] = present([])
    encodings: UpTo32[RtpEncodingParameters] = present([])
    rtcp: RtcpParameters = present(RtcpParameters())
    msid: Text | None = None
