"""
Values of transports: where they listen, and ICE, DTLS, SCTP as clients see them.

Source: mediasoup ``node/src/TransportTypes.ts``, ``WebRtcTransportTypes.ts``, ``sctpParametersTypes.ts``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from .errors import InvalidValueError
from .rtp_parameters import UInt16, UInt32, Value, present

TransportProtocol = Literal["udp", "tcp"]
IceRole = Literal["controlled", "controlling"]
IceState = Literal["new", "connected", "completed", "disconnected", "closed"]
DtlsRole = Literal["auto", "client", "server"]
DtlsState = Literal["new", "connecting", "connected", "failed", "closed"]
SctpState = Literal["new", "connecting", "connected", "failed", "closed"]
FingerprintAlgorithm = Literal["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"]
#: Hex pairs with colons between them (RFC 8122, section 5); 20 pairs for SHA-1, 64 for SHA-512.
FingerprintValue = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,63}$")]


class PortRange(Value, frozen=True):
    """Ports to choose from, both ends included; 0 and 0 mean the worker's own range."""

    min: UInt16 = 0
    max: UInt16 = 0


class ListenInfo(Value, frozen=True):
    """
    Where a server or a transport listens.

    ``port`` 0 lets the worker choose. ``announced_address`` (an IP or a host name) is what candidates carry instead
    of ``ip``; with ``expose_internal_ip`` they carry both. Buffer sizes are in bytes, 0 for the system's default.
    """

    protocol: TransportProtocol
    ip: str
    announced_address: str | None = None
    expose_internal_ip: bool = False
    port: UInt16 = 0
    port_range: PortRange = PortRange()
    ipv6_only: bool = False
    udp_reuse_port: bool = False
    send_buffer_size: UInt32 = 0
    recv_buffer_size: UInt32 = 0

    def to_table(self) -> dict[str, Any]:
        """Give the worker's ``FBS.Transport.ListenInfo``."""
        table = msgspec.structs.asdict(self)
        table["port_range"] = msgspec.structs.asdict(self.port_range)
        table["flags"] = {
            "ipv6_only": table.pop("ipv6_only"),
            "udp_reuse_port": table.pop("udp_reuse_port"),
        }
        return table


class TransportTuple(Value, frozen=True):
    """Both ends of a transport's path; the remote one is missing as long as nobody is known there."""

    local_address: str
    local_port: int
    protocol: TransportProtocol
    remote_ip: str | None = None
    remote_port: int | None = None

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> TransportTuple:
        """Read the worker's ``FBS.Transport.Tuple``, where port 0 means none."""
        return cls(**{**table, "remote_port": table["remote_port"] or None})


class IceParameters(Value, frozen=True):
    """The worker's ICE credentials (RFC 8445)."""

    username_fragment: str
    password: str
    ice_lite: bool = present(True)


class IceCandidate(Value, frozen=True):
    """An address at which the worker can be reached. ``ip`` repeats ``address`` for older clients."""

    foundation: str
    priority: int
    address: str
    ip: str
    protocol: TransportProtocol
    port: int
    type: Literal["host"] = present("host")
    tcp_type: Literal["passive"] | None = None

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> IceCandidate:
        """Read the worker's ``FBS.WebRtcTransport.IceCandidate``."""
        return cls(ip=table["address"], **table)


class DtlsFingerprint(Value, frozen=True):
    """The hash of a certificate."""

    algorithm: FingerprintAlgorithm
    value: FingerprintValue


class DtlsParameters(Value, frozen=True):
    """One side's DTLS role and certificates; an empty list would crash the worker and is refused."""

    fingerprints: Annotated[list[DtlsFingerprint], Meta(min_length=1, max_length=16)]
    role: DtlsRole = present("auto")

    def to_table(self) -> dict[str, Any]:
        """Give the worker's ``FBS.WebRtcTransport.DtlsParameters``. Raises InvalidValueError without fingerprint."""
        if not self.fingerprints:
            # Has killed workers of older releases.
            raise InvalidValueError("dtls_parameters.fingerprints", "is empty")
        return {
            "role": self.role,
            "fingerprints": [
                {"algorithm": fingerprint.algorithm.replace("-", ""), "value": fingerprint.value}
                for fingerprint in self.fingerprints
            ],
        }

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> DtlsParameters:
        """Read the worker's ``FBS.WebRtcTransport.DtlsParameters``."""
        return cls(
            role=table["role"],
            fingerprints=[
                DtlsFingerprint(algorithm=row["algorithm"].replace("sha", "sha-"), value=row["value"])
                for row in table["fingerprints"]
            ],
        )


class SctpParameters(Value, frozen=True):
    """
    The worker's end of an SCTP association; sizes in bytes.

    ``os``, ``mis`` and ``max_message_size`` are no longer the worker's, but clients still read them.
    """

    port: int
    max_send_message_size: int
    max_receive_message_size: int
    send_buffer_size: int
    per_stream_send_queue_limit: int
    max_receiver_window_buffer_size: int
    is_data_channel: bool
    max_message_size: int
    os: int = msgspec.field(name="OS", default_factory=lambda: 65535)
    mis: int = msgspec.field(name="MIS", default_factory=lambda: 65535)

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> SctpParameters:
        """Read the worker's ``FBS.SctpParameters.SctpParameters``."""
        return cls(max_message_size=table["max_receive_message_size"], **table)


class SctpStreamParameters(Value, frozen=True):
    """
    A data channel's stream (RFC 8831).

    ``max_packet_life_time`` is in milliseconds; of it and ``max_retransmits`` at most one may be given, and neither
    with ``ordered``.
    """

    stream_id: UInt16
    ordered: bool | None = None
    max_packet_life_time: UInt16 | None = None
    max_retransmits: UInt16 | None = None


class SctpNegotiatedCapabilities(Value, frozen=True):
    """How many streams both ends agreed on."""

    negotiated_max_outbound_streams: int
    negotiated_max_inbound_streams: int


class SctpOptions(Value, frozen=True):
    """
    Limits of a transport's SCTP association, in bytes.

    Source: the defaults of mediasoup's ``Router.createWebRtcTransport()``.
    """

    max_send_message_size: UInt32 = 262_144
    max_receive_message_size: UInt32 = 262_144
    sctp_send_buffer_size: UInt32 = 2_000_000
    sctp_per_stream_send_queue_limit: UInt32 = 2_000_000
    sctp_max_receiver_window_buffer_size: UInt32 = 5_242_880
    sctp_default_stream_buffered_amount_low_threshold: UInt32 = 1_024


class ProducerScore(Value, frozen=True):
    """How well one stream of a producer arrives, from 0 (gone) to 10."""

    encoding_idx: int
    ssrc: int
    score: int
    rid: str | None = None


class VideoOrientation(Value, frozen=True):
    """How the sender holds its camera; ``rotation`` in degrees clockwise."""

    camera: bool
    flip: bool
    rotation: int


class ConsumerScore(Value, frozen=True):
    """How well a consumer's stream arrives, and those of its producer, from 0 to 10."""

    score: int
    producer_score: int
    producer_scores: list[int]

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> ConsumerScore:
        """Read the worker's ``FBS.Consumer.ConsumerScore``."""
        return cls(
            score=table["score"],
            producer_score=table["producer_score"],
            # A byte vector on the wire.
            producer_scores=list(table["producer_scores"]),
        )


class ConsumerLayers(Value, frozen=True):
    """Layers of a simulcast or SVC stream, both counted from 0."""

    spatial_layer: int
    temporal_layer: int | None = None


class BweTraceInfo(Value, frozen=True):
    """What a transport's bandwidth estimation wants and has, in bits a second."""

    bwe_type: Literal["transport-cc", "remb"]
    desired_bitrate: int
    effective_desired_bitrate: int
    min_bitrate: int
    max_bitrate: int
    start_bitrate: int
    max_padding_bitrate: int
    available_bitrate: int


TransportTraceEventType = Literal["probation", "bwe"]


class TransportTrace(Value, frozen=True):
    """
    A traced event of a transport; ``timestamp`` in milliseconds of the worker's clock.

    ``info`` belongs to ``bwe``, and is None for ``probation``.
    """

    type: TransportTraceEventType
    timestamp: int
    direction: Literal["in", "out"]
    info: BweTraceInfo | None = None

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> TransportTrace:
        """Read the worker's ``FBS.Transport.TraceNotification``."""
        info = None
        if table["info"] is not None:
            _, fields = table["info"]
            info = BweTraceInfo(**{**fields, "bwe_type": fields["bwe_type"].replace("_", "-")})
        return cls(
            type=table["type"],
            timestamp=table["timestamp"],
            direction=table["direction"].removeprefix("direction_"),
            info=info,
        )
