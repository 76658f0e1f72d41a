"""The methods that all clients may call: a table, and one short function for each."""

from __future__ import annotations

from app.errors import NotAllowed
from app.mediasoup.data_structures import DtlsParameters, IceCandidate, IceParameters, SctpParameters
from app.mediasoup.rtp_parameters import RtpCapabilities, Value
from app.mediasoup.stats import DataConsumerStats, DataProducerStats, RtpStreamStats, WebRtcTransportStats
from app.rtc.peer import Peer
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
    await peer.media.transports.get(data.transport_id).connect(dtls_parameters=data.dtls_parameters)


@method("restartIce", schemas.OfTransport, ordered_by="transport_id", needs_join=False)
async def restart_ice(room: Room, peer: Peer, data: schemas.OfTransport) -> IceParameters:
    return await peer.media.transports.get(data.transport_id).restart_ice()


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


# Statistics


@method("getTransportStats", schemas.OfTransport, needs_join=False, put_down="nothing")
async def get_transport_stats(room: Room, peer: Peer, data: schemas.OfTransport) -> list[WebRtcTransportStats]:
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
