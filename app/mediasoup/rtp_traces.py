"""
Traced events of producers and consumers: packets, and what was asked for by RTCP.

Source: mediasoup ``node/src/ProducerTypes.ts``, ``ConsumerTypes.ts``, ``worker/fbs/rtpPacket.fbs``.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from .rtp_parameters import Value
from .tables import read

ConsumerTraceEventType = Literal["rtp", "keyframe", "nack", "pli", "fir"]
ProducerTraceEventType = Literal["rtp", "keyframe", "nack", "pli", "fir", "sr"]


class RtpPacketInfo(Value, frozen=True):
    """
    An RTP packet's header and what else the worker made out; sizes in bytes.

    ``timestamp`` is in units of the codec's clock, layers are counted from 0. ``mid``, ``rid`` and ``rrid`` are those
    in the packet's header extensions.
    """

    payload_type: int
    sequence_number: int
    timestamp: int
    marker: bool
    ssrc: int
    is_key_frame: bool
    size: int
    payload_size: int
    spatial_layer: int
    temporal_layer: int
    mid: str | None = None
    rid: str | None = None
    rrid: str | None = None
    wide_sequence_number: int | None = None


class RtpTraceInfo(Value, frozen=True):
    """Of ``rtp`` and ``keyframe``: the packet, and whether it was a retransmission."""

    rtp_packet: RtpPacketInfo
    is_rtx: bool


class KeyFrameRequestTraceInfo(Value, frozen=True):
    """Of ``pli`` and ``fir``: the stream of which a key frame was requested."""

    ssrc: int


class SenderReportTraceInfo(Value, frozen=True):
    """Of ``sr``: an RTCP sender report (RFC 3550, section 6.4.1)."""

    ssrc: int
    ntp_sec: int
    ntp_frac: int
    rtp_ts: int
    packet_count: int
    octet_count: int


TraceInfo = RtpTraceInfo | KeyFrameRequestTraceInfo | SenderReportTraceInfo

_INFOS: Final[dict[str, type[TraceInfo]]] = {
    "KeyFrameTraceInfo": RtpTraceInfo,
    "RtpTraceInfo": RtpTraceInfo,
    "PliTraceInfo": KeyFrameRequestTraceInfo,
    "FirTraceInfo": KeyFrameRequestTraceInfo,
    "SrTraceInfo": SenderReportTraceInfo,
}


class RtpTrace(Value, frozen=True):
    """
    A traced event of a producer or a consumer; ``timestamp`` in milliseconds of the worker's clock.

    ``direction`` is as the worker sees it. ``info`` is None for ``nack``. A consumer has no ``sr``.
    """

    type: ProducerTraceEventType
    timestamp: int
    direction: Literal["in", "out"]
    info: TraceInfo | None = None

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> RtpTrace:
        """Read the worker's ``TraceNotification`` of ``FBS.Producer`` or ``FBS.Consumer``."""
        info = None
        if table["info"] is not None:
            member, fields = table["info"]
            info = read(_INFOS[member], fields)
        return cls(
            type=table["type"],
            timestamp=table["timestamp"],
            direction=table["direction"].removeprefix("direction_"),
            info=info,
        )
