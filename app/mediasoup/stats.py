"""
Statistics, as transports, producers and consumers give them.

Bitrates are in bits a second, sizes in bytes, ``timestamp`` in milliseconds of the worker's clock, ``jitter`` in units
of the codec's clock, ``round_trip_time`` in milliseconds. Source: mediasoup ``node/src/rtpStreamStatsFbsUtils.ts``,
``Transport.ts``.
"""

from __future__ import annotations

from typing import Any

from .data_structures import DtlsState, IceRole, IceState, SctpState, TransportTuple
from .rtp_parameters import MediaKind, Value, present
from .tables import read


class TransportStats(Value, frozen=True):
    """What all transports count; a loss of packets is from 0 (none) to 1 (all), as of late."""

    transport_id: str
    timestamp: int
    bytes_received: int
    recv_bitrate: int
    bytes_sent: int
    send_bitrate: int
    rtp_bytes_received: int
    rtp_recv_bitrate: int
    rtp_bytes_sent: int
    rtp_send_bitrate: int
    rtx_bytes_received: int
    rtx_recv_bitrate: int
    rtx_bytes_sent: int
    rtx_send_bitrate: int
    probation_bytes_sent: int
    probation_send_bitrate: int
    sctp_state: SctpState | None = None
    available_outgoing_bitrate: int | None = None
    available_incoming_bitrate: int | None = None
    max_incoming_bitrate: int | None = None
    max_outgoing_bitrate: int | None = None
    min_outgoing_bitrate: int | None = None
    rtp_packet_loss_received: float | None = None
    rtp_packet_loss_sent: float | None = None


class WebRtcTransportStats(TransportStats, frozen=True, kw_only=True):
    """What a WebRTC transport counts."""

    ice_role: IceRole
    ice_state: IceState
    dtls_state: DtlsState
    ice_selected_tuple: TransportTuple | None = None
    type: str = present("webrtc-transport")


class PlainTransportStats(TransportStats, frozen=True, kw_only=True):
    """What a plain transport counts."""

    rtcp_mux: bool
    comedia: bool
    tuple: TransportTuple
    rtcp_tuple: TransportTuple | None = None
    type: str = present("plain-rtp-transport")


class PipeTransportStats(TransportStats, frozen=True, kw_only=True):
    """What a pipe transport counts."""

    tuple: TransportTuple
    type: str = present("pipe-transport")


class DirectTransportStats(TransportStats, frozen=True, kw_only=True):
    """What a direct transport counts."""

    type: str = present("direct-transport")


class RtpStreamStats(Value, frozen=True):
    """
    What is counted of one RTP stream.

    ``type`` is ``inbound-rtp`` for a producer's stream and ``outbound-rtp`` for a consumer's; ``bitrate_by_layer``, by
    spatial and temporal layer such as ``0.1``, belongs to the former. ``fraction_lost`` is in 256ths (RFC 3550, section
    6.4.1), ``score`` from 0 (gone) to 10.
    """

    type: str
    timestamp: int
    ssrc: int
    kind: MediaKind
    mime_type: str
    packets_lost: int
    fraction_lost: int
    jitter: int
    packets_discarded: int
    packets_retransmitted: int
    packets_repaired: int
    nack_count: int
    nack_packet_count: int
    pli_count: int
    fir_count: int
    score: int
    packet_count: int
    byte_count: int
    bitrate: int
    rid: str | None = None
    rtx_ssrc: int | None = None
    rtx_packets_discarded: int | None = None
    round_trip_time: float | None = None
    bitrate_by_layer: dict[str, int] | None = None

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> RtpStreamStats:
        """Read the worker's ``FBS.RtpStream.Stats``, which wraps what it holds three times."""
        kind, own = table["data"]
        _, base = own["base"]["data"]
        row = {**base, **own, "type": "inbound-rtp" if kind == "RecvStats" else "outbound-rtp"}
        return read_flat(row)


def read_flat(row: dict[str, Any]) -> RtpStreamStats:
    """Read the fields of a stream's statistics once they are in one dict."""
    row["rid"] = row["rid"] or None
    row["rtx_packets_discarded"] = row["rtx_packets_discarded"] or None
    return read(RtpStreamStats, row)


class DataProducerStats(Value, frozen=True):
    """What a data producer counts."""

    timestamp: int
    label: str
    protocol: str
    messages_received: int
    bytes_received: int
    type: str = present("data-producer")


class DataConsumerStats(Value, frozen=True):
    """What a data consumer counts; ``buffered_amount`` waits to be sent."""

    timestamp: int
    label: str
    protocol: str
    messages_sent: int
    bytes_sent: int
    buffered_amount: int
    type: str = present("data-consumer")
