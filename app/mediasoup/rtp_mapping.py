"""How the worker rewrites a producer's packets: from the client's payload types and SSRCs to the router's."""

from __future__ import annotations

from .rtp_parameters import UInt8, UInt32, Value


class CodecMapping(Value, frozen=True):
    """A producer's payload type, and the router's for the same codec."""

    payload_type: UInt8
    mapped_payload_type: UInt8


class EncodingMapping(Value, frozen=True):
    """A producer's stream, by SSRC or RID, and the SSRC under which the router knows it."""

    mapped_ssrc: UInt32
    ssrc: UInt32 | None = None
    rid: str | None = None


class RtpMapping(Value, frozen=True):
    """All codecs and streams of one producer."""

    codecs: list[CodecMapping]
    encodings: list[EncodingMapping]
