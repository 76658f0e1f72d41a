"""The methods that all clients may call: a table, and one short function for each."""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import NotAllowed
from app.mediasoup.data_structures import DtlsParameters, IceCandidate, IceParameters, SctpParameters
from app.mediasoup.rtp_parameters import RtpCapabilities, Value
from app.mediasoup.srtp_parameters import SrtpParameters
from app.mediasoup.stats import DataConsumerStats, DataProducerStats, RtpStreamStats, TransportStats
from app.rtc.client_transports import as_plain, as_webrtc
from app.rtc.peer import Peer
from app.rtc.permissions import check
from app.rtc.plain_transports import OtherEnd, PlainOptions
from app.rtc.room import Room

from . import schemas
from .methods import MethodTable

METHODS = MethodTable()
method = METHODS.method


class Created(Value, frozen=True):
    """The id of what was made."""

    id: str


class TransportCreated(Value, frozen=True):
    """What the client needs for its end of a transport; ``sctp_parameters`` only if it asked for data channels."""

    id: str
    ice_parameters: IceParameters
    ice_candidates: list[IceCandidate]
    dtls_parameters: DtlsParameters
    sctp_parameters: SctpParameters | None = None


class PlainTransportCreated(Value, frozen=True):
    """Where a plain transport takes RTP, and RTCP if that is elsewhere, and how it encrypts what it sends."""

    id: str
    ip: str
    port: int
    rtcp_port: int | None = None
    srtp_parameters: SrtpParameters | None = None


class PlainTransportConnected(Value, frozen=True):
    """How it encrypts from now on: by the client's crypto suite."""

    srtp_parameters: SrtpParameters | None = None


# The room


@method("getRouterRtpCapabilities", schemas.Nothing, needs_join=False, put_down="nothing")
def get_router_rtp_capabilities(room: Room, peer: Peer, data: schemas.Nothing) -> RtpCapabilities:
    return room.rtp_capabilities


@method("changeDisplayName", schemas.ChangeDisplayName, put_down="after")
def change_display_name(room: Room, peer: Peer, data: schemas.ChangeDisplayName) -> None:
    room.rename(peer, data.display_name)


# Transports


# Consumers come over it as soon as it is there: the client must know of it first.
@method("createWebRtcTransport", schemas.CreateWebRtcTransport, needs_join=False, answers_first=True)
async def create_webrtc_transport(room: Room, peer: Peer, data: schemas.CreateWebRtcTransport) -> TransportCreated:
    transport = await peer.media.create_transport(
        producing=bool(data.producing),
        consuming=bool(data.consuming),
        force_tcp=bool(data.force_tcp),
        sctp=data.sctp_capabilities is not None,
    )
    return TransportCreated(
        id=transport.id,
        ice_parameters=transport.ice_parameters,
        ice_candidates=transport.ice_candidates,
        dtls_parameters=transport.dtls_parameters,
        sctp_parameters=transport.sctp_parameters,
    )


@method("connectWebRtcTransport", schemas.ConnectWebRtcTransport, ordered_by="transport_id", needs_join=False)
async def connect_webrtc_transport(room: Room, peer: Peer, data: schemas.ConnectWebRtcTransport) -> None:
    await as_webrtc(peer.media.transports.get(data.transport_id)).connect(dtls_parameters=data.dtls_parameters)


@method("restartIce", schemas.OfTransport, ordered_by="transport_id", needs_join=False)
async def restart_ice(room: Room, peer: Peer, data: schemas.OfTransport) -> IceParameters:
    return await as_webrtc(peer.media.transports.get(data.transport_id)).restart_ice()


@method(
    "createPlainTransport",
    schemas.CreatePlainTransport,
    needs_join=False,
    needs="use_plain_transports",
    answers_first=True,
)
async def create_plain_transport(room: Room, peer: Peer, data: schemas.CreatePlainTransport) -> PlainTransportCreated:
    transport = await peer.media.create_plain_transport(
        PlainOptions(
            rtcp_mux=data.rtcp_mux,
            comedia=data.comedia,
            srtp=data.srtp_crypto_suite if data.enable_srtp else None,
        ),
        producing=bool(data.producing),
        consuming=bool(data.consuming),
    )
    try:
        # It may have been taken away meanwhile.
        check(peer.grants, "use_plain_transports")
    except NotAllowed:
        transport.close()
        raise
    return PlainTransportCreated(
        id=transport.id,
        ip=transport.tuple.local_address,
        port=transport.tuple.local_port,
        rtcp_port=None if transport.rtcp_tuple is None else transport.rtcp_tuple.local_port,
        srtp_parameters=transport.srtp_parameters,
    )


@method(
    "connectPlainTransport",
    schemas.ConnectPlainTransport,
    ordered_by="transport_id",
    needs_join=False,
    needs="use_plain_transports",
)
async def connect_plain_transport(
    room: Room, peer: Peer, data: schemas.ConnectPlainTransport
) -> PlainTransportConnected:
    transport = as_plain(peer.media.transports.get(data.transport_id))
    end = OtherEnd(ip=data.ip, port=data.port, rtcp_port=data.rtcp_port, srtp_parameters=data.srtp_parameters)
    await peer.media.plain.connect(transport, end)
    return PlainTransportConnected(srtp_parameters=transport.srtp_parameters)


# Producers


@method("produce", schemas.Produce, ordered_by="transport_id", needs="publish")
async def produce(room: Room, peer: Peer, data: schemas.Produce) -> Created:
    producer = await room.produce(
        peer,
        transport_id=data.transport_id,
        kind=data.kind,
        rtp_parameters=data.rtp_parameters,
        app_data=data.app_data or {},
    )
    return Created(id=producer.id)


@method("closeProducer", schemas.OfProducer, ordered_by="producer_id")
async def close_producer(room: Room, peer: Peer, data: schemas.OfProducer) -> None:
    peer.media.producers.get(data.producer_id).close()


@method("pauseProducer", schemas.OfProducer, ordered_by="producer_id")
async def pause_producer(room: Room, peer: Peer, data: schemas.OfProducer) -> None:
    await peer.media.producers.get(data.producer_id).pause()


@method("resumeProducer", schemas.OfProducer, ordered_by="producer_id", needs="publish")
async def resume_producer(room: Room, peer: Peer, data: schemas.OfProducer) -> None:
    await room.resume(peer, data.producer_id)


@method("produceData", schemas.ProduceData, ordered_by="transport_id", needs="publish_data")
async def produce_data(room: Room, peer: Peer, data: schemas.ProduceData) -> Created:
    data_producer = await room.produce_data(
        peer,
        transport_id=data.transport_id,
        sctp_stream_parameters=data.sctp_stream_parameters,
        label=data.label,
        protocol=data.protocol,
        app_data=data.app_data or {},
        to=data.to,
    )
    return Created(id=data_producer.id)


@method("closeDataProducer", schemas.OfDataProducer)
def close_data_producer(room: Room, peer: Peer, data: schemas.OfDataProducer) -> None:
    peer.media.data_producers.get(data.data_producer_id).close()


# Statistics


@method("getTransportStats", schemas.OfTransport, needs_join=False, put_down="nothing")
async def get_transport_stats(room: Room, peer: Peer, data: schemas.OfTransport) -> Sequence[TransportStats]:
    return await peer.media.transports.get(data.transport_id).get_stats()


@method("getProducerStats", schemas.OfProducer, needs_join=False, put_down="nothing")
async def get_producer_stats(room: Room, peer: Peer, data: schemas.OfProducer) -> list[RtpStreamStats]:
    return await peer.media.producers.get(data.producer_id).get_stats()


@method("getConsumerStats", schemas.OfConsumer, needs_join=False, put_down="nothing")
async def get_consumer_stats(room: Room, peer: Peer, data: schemas.OfConsumer) -> list[RtpStreamStats]:
    return await peer.media.subscriber.consumers.get(data.consumer_id).get_stats()


@method("getDataProducerStats", schemas.OfDataProducer, needs_join=False, put_down="nothing")
async def get_data_producer_stats(room: Room, peer: Peer, data: schemas.OfDataProducer) -> list[DataProducerStats]:
    return await peer.media.data_producers.get(data.data_producer_id).get_stats()


@method("getDataConsumerStats", schemas.OfDataConsumer, needs_join=False, put_down="nothing")
async def get_data_consumer_stats(room: Room, peer: Peer, data: schemas.OfDataConsumer) -> list[DataConsumerStats]:
    return await peer.media.data_subscriber.consumers.get(data.data_consumer_id).get_stats()


# What mediasoup-demo's page can do to its whole server, and nobody can here


@method("applyNetworkThrottle", schemas.Nothing, needs_join=False, put_down="nothing")
async def apply_network_throttle(room: Room, peer: Peer, data: schemas.Nothing) -> None:
    raise NotAllowed("throttling the network is switched off")


@method("resetNetworkThrottle", schemas.Nothing, needs_join=False, put_down="nothing")
async def reset_network_throttle(room: Room, peer: Peer, data: schemas.Nothing) -> None:
    raise NotAllowed("throttling the network is switched off")
