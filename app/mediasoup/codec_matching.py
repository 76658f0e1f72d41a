"""Which codecs are the same: comparing those of a client with those of a router."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from . import h264
from .rtp_parameters import RtpCodecCapability, RtpCodecParameters

Codec = RtpCodecCapability | RtpCodecParameters
C = TypeVar("C", bound=Codec)

# The worker's complementary and feature codecs (RtpCodecMimeType.hpp): never what an encoding carries.
_NO_MEDIA: Final = frozenset({"cn", "telephone-event", "rtx", "ulpfec", "flexfec", "x-ulpfecuc", "red"})


def is_rtx(codec: Codec) -> bool:
    """Tell whether ``codec`` carries retransmissions (RFC 4588)."""
    return codec.mime_type.lower() in ("audio/rtx", "video/rtx")


def is_media(codec: Codec) -> bool:
    """Tell whether ``codec`` carries media, so that an encoding may use it."""
    return codec.mime_type.lower().partition("/")[2] not in _NO_MEDIA


def find_rtx(codecs: Sequence[C], payload_type: int) -> C | None:
    """Find the codec that carries retransmissions of ``payload_type``."""
    return next((c for c in codecs if is_rtx(c) and c.parameters.get("apt") == payload_type), None)


def match_codecs(local: Codec, remote: Codec, *, strict: bool) -> bool:
    """
    Tell whether two codecs are the same.

    ``strict`` compares what SDP would negotiate as well: profiles and H264's packetization mode.
    """
    mime_type = local.mime_type.lower()
    if (mime_type, local.clock_rate, local.channels) != (
        remote.mime_type.lower(),
        remote.clock_rate,
        remote.channels,
    ):
        return False
    match mime_type:
        case "audio/multiopus":
            return _agree(local, remote, "num_streams") and _agree(local, remote, "coupled_streams")
        case "video/h264" if strict:
            return _agree(local, remote, "packetization-mode") and h264.is_same_profile(
                local.parameters, remote.parameters
            )
        case "video/vp9" if strict:
            return _agree(local, remote, "profile-id")
    return True


def _agree(local: Codec, remote: Codec, parameter: str) -> bool:
    # Missing means 0 for all of those compared.
    return (local.parameters.get(parameter) or 0) == (remote.parameters.get(parameter) or 0)
