"""RTP and RTCP packets, written by hand (RFC 3550, RFC 4585)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from app.mediasoup.direct_transport import DirectTransport
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import (
    RtcpFeedback,
    RtcpParameters,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpParameters,
)

#: The first packet of a VP8 key frame (RFC 7741): payload descriptor, frame tag, start code, 16 x 16 pixels.
KEY_FRAME = bytes.fromhex("10 10 02 00 9d 01 2a 10 00 10 00 00")
#: One of a frame that is none.
DELTA_FRAME = bytes.fromhex("10 11 02 00 00 00")

OPUS = RtpParameters(
    codecs=[RtpCodecParameters(mime_type="audio/opus", payload_type=111, clock_rate=48000, channels=2)],
    encodings=[RtpEncodingParameters(ssrc=1111)],
    rtcp=RtcpParameters(cname="SPEAKER"),
)
VP8 = RtpParameters(
    codecs=[
        RtpCodecParameters(
            mime_type="video/VP8",
            payload_type=112,
            clock_rate=90000,
            rtcp_feedback=[RtcpFeedback(type="nack"), RtcpFeedback(type="nack", parameter="pli")],
        )
    ],
    encodings=[RtpEncodingParameters(ssrc=2222)],
    rtcp=RtcpParameters(cname="CAMERA"),
)
VP9 = RtpParameters(
    codecs=[
        RtpCodecParameters(
            mime_type="video/VP9",
            payload_type=113,
            clock_rate=90000,
            parameters={"profile-id": 0},
            rtcp_feedback=[RtcpFeedback(type="nack"), RtcpFeedback(type="nack", parameter="pli")],
        )
    ],
    encodings=[RtpEncodingParameters(ssrc=3333, scalability_mode="L3T1")],
    rtcp=RtcpParameters(cname="CAMERA"),
)


@dataclass(frozen=True)
class Packet:
    """An RTP packet; header extensions are not kept."""

    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes

    def __bytes__(self) -> bytes:
        head = struct.pack("!BBHII", 0x80, self.payload_type, self.sequence_number, self.timestamp, self.ssrc)
        return head + self.payload

    @classmethod
    def parse(cls, data: bytes) -> Packet:
        first, second, sequence_number, timestamp, ssrc = struct.unpack_from("!BBHII", data)
        end = 12
        if first & 0x10:
            (words,) = struct.unpack_from("!2xH", data, 12)
            end = 16 + 4 * words
        return cls(second & 0x7F, sequence_number, timestamp, ssrc, data[end:])


def opus_packet(number: int) -> bytes:
    """Give the packet ``number`` of the stream of :data:`OPUS`, 20 ms after the one before; from 0."""
    return bytes(Packet(111, 100 + number, 960 * number, 1111, b"opus %03d" % number))


def vp8_packet(number: int, payload: bytes = KEY_FRAME, ssrc: int = 2222) -> bytes:
    """Give the packet ``number`` of the stream of :data:`VP8`, a frame of its own; from 0."""
    return bytes(Packet(112, 100 + number, 3000 * number, ssrc, payload))


def vp9_packet(number: int, picture: int, layer: int, *, key: bool) -> bytes:
    """
    Give the packet ``number`` of the stream of :data:`VP9`: one spatial layer of a picture; all from 0.

    Its payload descriptor is that of the draft "RTP Payload Format for VP9", in non-flexible mode.
    """
    flags = 0xAC if key else 0xEC
    depends = layer > 0
    descriptor = struct.pack("!BHBB", flags, 0x8000 | picture, layer << 1 | depends, picture % 256)
    return bytes(Packet(113, 100 + number, 3000 * picture, 3333, descriptor + b"layer %d" % layer))


def sender_report(ssrc: int) -> bytes:
    """Give an RTCP sender report."""
    return struct.pack("!BBHIIIIII", 0x80, 200, 6, ssrc, 0x11, 0x22, 0x33, 4, 5)


def picture_loss(ssrc: int) -> bytes:
    """Give an RTCP request for a key frame of the stream ``ssrc``."""
    return struct.pack("!BBHII", 0x81, 206, 2, 1, ssrc)


def full_intra_request(ssrc: int) -> bytes:
    """Give the older RTCP request for a key frame (RFC 5104)."""
    return struct.pack("!BBHIIIBxxx", 0x84, 206, 4, 1, 0, ssrc, 1)


def negative_acknowledgement(ssrc: int, sequence_number: int) -> bytes:
    """Give an RTCP request to retransmit one packet."""
    return struct.pack("!BBHIIHH", 0x81, 205, 3, 1, ssrc, sequence_number, 0)


async def direct_transports(router: Router) -> tuple[DirectTransport, DirectTransport]:
    """Make one to send into the router, and one to receive from it."""
    return await router.create_direct_transport(), await router.create_direct_transport()
