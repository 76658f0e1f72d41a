"""
Dumps: what a worker holds, for diagnosis and for finding what it and its control plane do not agree on.

Source: ``DumpResponse`` tables of mediasoup's ``worker/fbs``.
"""

from __future__ import annotations

from .data_structures import (
    DtlsParameters,
    DtlsState,
    IceCandidate,
    IceParameters,
    IceRole,
    IceState,
    SctpNegotiatedCapabilities,
    SctpParameters,
    SctpState,
    SctpStreamParameters,
    TransportTuple,
)
from .rtp_mapping import RtpMapping
from .rtp_parameters import MediaKind, RtpEncodingParameters, RtpParameters, Value
from .srtp_parameters import SrtpParameters


class ChannelMessageHandlers(Value, frozen=True):
    """Ids of all objects in a worker that take requests or notifications."""

    channel_request_handlers: list[str]
    channel_notification_handlers: list[str]


class WorkerDump(Value, frozen=True):
    """What a worker holds."""

    pid: int
    web_rtc_server_ids: list[str]
    router_ids: list[str]
    channel_message_handlers: ChannelMessageHandlers


class IpPort(Value, frozen=True):
    """A socket that a server listens on."""

    ip: str
    port: int


class WebRtcServerDump(Value, frozen=True):
    """What a WebRTC server holds; ``local_ice_username_fragments`` maps them to transport ids."""

    id: str
    udp_sockets: list[IpPort]
    tcp_servers: list[IpPort]
    web_rtc_transport_ids: list[str]
    local_ice_username_fragments: dict[str, str]


class RouterDump(Value, frozen=True):
    """What a router holds; the maps are between ids."""

    id: str
    transport_ids: list[str]
    rtp_observer_ids: list[str]
    map_producer_id_consumer_ids: dict[str, list[str]]
    map_consumer_id_producer_id: dict[str, str]
    map_producer_id_observer_ids: dict[str, list[str]]
    map_data_producer_id_data_consumer_ids: dict[str, list[str]]
    map_data_consumer_id_data_producer_id: dict[str, str]


class RecvRtpHeaderExtensions(Value, frozen=True):
    """Ids under which a transport expects header extensions."""

    mid: int | None = None
    rid: int | None = None
    rrid: int | None = None
    abs_send_time: int | None = None
    transport_wide_cc01: int | None = None


class RtpListenerDump(Value, frozen=True):
    """How a transport finds the producer of an RTP packet."""

    ssrc_table: dict[int, str]
    mid_table: dict[str, str]
    rid_table: dict[str, str]


class SctpListenerDump(Value, frozen=True):
    """How a transport finds the data producer of a message."""

    stream_id_table: dict[int, str]


class TransportDump(Value, frozen=True):
    """What all transports hold."""

    id: str
    producer_ids: list[str]
    consumer_ids: list[str]
    map_ssrc_consumer_id: dict[int, str]
    map_rtx_ssrc_consumer_id: dict[int, str]
    data_producer_ids: list[str]
    data_consumer_ids: list[str]
    recv_rtp_header_extensions: RecvRtpHeaderExtensions
    rtp_listener: RtpListenerDump
    max_send_message_size: int
    max_receive_message_size: int
    trace_event_types: list[str]
    direct: bool = False
    sctp_parameters: SctpParameters | None = None
    sctp_state: SctpState | None = None
    sctp_negotiated_capabilities: SctpNegotiatedCapabilities | None = None
    sctp_listener: SctpListenerDump | None = None


class WebRtcTransportDump(TransportDump, frozen=True, kw_only=True):
    """What a WebRTC transport holds."""

    ice_role: IceRole
    ice_parameters: IceParameters
    ice_candidates: list[IceCandidate]
    ice_state: IceState
    dtls_parameters: DtlsParameters
    dtls_state: DtlsState
    ice_selected_tuple: TransportTuple | None = None


class PlainTransportDump(TransportDump, frozen=True, kw_only=True):
    """What a plain transport holds."""

    rtcp_mux: bool
    comedia: bool
    tuple: TransportTuple
    rtcp_tuple: TransportTuple | None = None
    srtp_parameters: SrtpParameters | None = None


class PipeTransportDump(TransportDump, frozen=True, kw_only=True):
    """What a pipe transport holds."""

    tuple: TransportTuple
    rtx: bool
    srtp_parameters: SrtpParameters | None = None


class RtpStreamParameters(Value, frozen=True):
    """How a worker treats one RTP stream."""

    encoding_idx: int
    ssrc: int
    payload_type: int
    mime_type: str
    clock_rate: int
    cname: str
    use_nack: bool
    use_pli: bool
    use_fir: bool
    use_in_band_fec: bool
    use_dtx: bool
    spatial_layers: int
    temporal_layers: int
    rid: str | None = None
    rtx_ssrc: int | None = None
    rtx_payload_type: int | None = None


class RtxStreamParameters(Value, frozen=True):
    """How a worker treats one stream of retransmissions."""

    ssrc: int
    payload_type: int
    mime_type: str
    clock_rate: int
    cname: str
    rrid: str | None = None


class RtxStreamDump(Value, frozen=True):
    """One stream of retransmissions."""

    params: RtxStreamParameters


class RtpStreamDump(Value, frozen=True):
    """One RTP stream; ``score`` from 0 to 10."""

    params: RtpStreamParameters
    score: int
    rtx_stream: RtxStreamDump | None = None


class ProducerDump(Value, frozen=True):
    """What a producer holds."""

    id: str
    kind: MediaKind
    type: str
    rtp_parameters: RtpParameters
    rtp_mapping: RtpMapping
    rtp_streams: list[RtpStreamDump]
    trace_event_types: list[str]
    paused: bool


class ConsumerDump(Value, frozen=True):
    """What a consumer holds; layers are counted from 0, and -1 means none."""

    id: str
    type: str
    producer_id: str
    kind: MediaKind
    rtp_parameters: RtpParameters
    consumable_rtp_encodings: list[RtpEncodingParameters]
    supported_codec_payload_types: list[int]
    trace_event_types: list[str]
    paused: bool
    producer_paused: bool
    priority: int
    rtp_streams: list[RtpStreamDump]
    preferred_spatial_layer: int | None = None
    target_spatial_layer: int | None = None
    current_spatial_layer: int | None = None
    preferred_temporal_layer: int | None = None
    target_temporal_layer: int | None = None
    current_temporal_layer: int | None = None


class DataProducerDump(Value, frozen=True):
    """What a data producer holds."""

    id: str
    type: str
    label: str
    protocol: str
    paused: bool
    sctp_stream_parameters: SctpStreamParameters | None = None


class DataConsumerDump(Value, frozen=True):
    """What a data consumer holds; amounts in bytes."""

    id: str
    data_producer_id: str
    type: str
    label: str
    protocol: str
    buffered_amount: int
    buffered_amount_low_threshold: int
    paused: bool
    data_producer_paused: bool
    subchannels: list[int]
    sctp_stream_parameters: SctpStreamParameters | None = None
