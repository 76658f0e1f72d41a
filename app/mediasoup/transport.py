"""What all kinds of transports have in common: producing, consuming, and their end."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from . import ortc
from .channel.channel import Channel
from .channel.encoder import Block
from .consume_cache import ConsumeOptions, consume_request
from .consumer import Consumer, layers_from_table
from .data_consumer import DataConsumer
from .data_producer import DataProducer
from .data_structures import (
    ConsumerLayers,
    ConsumerScore,
    SctpStreamParameters,
    TransportTrace,
    TransportTraceEventType,
)
from .errors import InvalidStateError, InvalidValueError, NotFoundError
from .memory import MIDS_OF_A_GENERATION, TransportMemory
from .producer import Producer
from .rtp_parameters import MediaKind, RtcpParameters, RtpCapabilities, RtpEncodingParameters, RtpParameters
from .rtp_parameters_tables import rtp_mapping_to_table, rtp_parameters_to_table
from .sctp_stream_ids import SctpStreamIds
from .signal import Signal
from .tables import read
from .worker_object import WorkerObject, new_id

if TYPE_CHECKING:
    from .router import Router

TransportType = Literal["webrtc", "plain", "pipe", "direct"]
Child = TypeVar("Child", Producer, Consumer, DataProducer, DataConsumer)

#: A MID takes 8 bytes at most; then they start again from 0.
MID_LIMIT = 100_000_000

logger = logging.getLogger(__name__)


class Transport(WorkerObject):
    """
    Connects a router with an endpoint.

    ``producers``, ``consumers``, ``data_producers`` and ``data_consumers`` hold what is open, by id. New ones are told
    by ``on_new_producer`` and the like, what was asked for by :meth:`enable_trace_event` by ``on_trace``.
    ``on_router_close`` or ``on_listen_server_close`` fire before ``on_close``.
    """

    type: TransportType

    def __init__(self, channel: Channel, id: str, *, router: Router, app_data: dict[str, Any] | None) -> None:
        super().__init__(channel, id, app_data)
        self._router = router
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.data_producers: dict[str, DataProducer] = {}
        self.data_consumers: dict[str, DataConsumer] = {}
        self._cname: str | None = None
        self._next_mid = 0
        self._stream_ids = SctpStreamIds()
        self.on_router_close: Signal[()] = Signal()
        self.on_listen_server_close: Signal[()] = Signal()
        self.on_trace: Signal[TransportTrace] = Signal()
        self.on_new_producer: Signal[Producer] = Signal()
        self.on_new_consumer: Signal[Consumer] = Signal()
        self.on_new_data_producer: Signal[DataProducer] = Signal()
        self.on_new_data_consumer: Signal[DataConsumer] = Signal()
        channel.subscribe(id, self._notified)

    @property
    def memory(self) -> TransportMemory:
        """What must be remembered of it besides what its dump tells, to adopt it."""
        return TransportMemory(cname=self._cname, generation=self._next_mid // MIDS_OF_A_GENERATION)

    # Bitrates.

    async def set_max_incoming_bitrate(self, bitrate: int) -> None:
        """Ask the sender for no more than ``bitrate`` bits a second; 0 for no limit."""
        await self._set_bitrate("max_incoming", bitrate)

    async def set_max_outgoing_bitrate(self, bitrate: int) -> None:
        """Send no more than ``bitrate`` bits a second; 0 for no limit."""
        await self._set_bitrate("max_outgoing", bitrate)

    async def set_min_outgoing_bitrate(self, bitrate: int) -> None:
        """Send at least ``bitrate`` bits a second where there is something to send; 0 for no limit."""
        await self._set_bitrate("min_outgoing", bitrate)

    async def _set_bitrate(self, which: str, bitrate: int) -> None:
        name = f"Transport_Set{which.title().replace('_', '')}BitrateRequest"
        await self._request(f"transport_set_{which}_bitrate", (name, {f"{which}_bitrate": bitrate}))

    async def enable_trace_event(self, types: Sequence[TransportTraceEventType] = ()) -> None:
        """Have ``on_trace`` tell these kinds of events, and no others."""
        body = ("Transport_EnableTraceEventRequest", {"events": list(types)})
        await self._request("transport_enable_trace_event", body)

    # Media.

    async def produce(
        self,
        *,
        kind: MediaKind,
        rtp_parameters: RtpParameters,
        id: str | None = None,
        paused: bool = False,
        key_frame_request_delay: int = 0,
        enable_mediasoup_packet_id_header_extension: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> Producer:
        """
        Receive a stream of audio or video.

        ``key_frame_request_delay``, in milliseconds, holds a key frame request back in case that others follow.
        Raises InvalidValueError for parameters that contradict themselves, UnsupportedError for a codec that the
        router does not have.
        """
        self._check_open()
        if id is not None and id in self._router.producers:
            raise InvalidValueError("id", f"a producer {id} exists already")
        if kind not in ("audio", "video"):
            raise InvalidValueError("kind", f"{kind!r} is neither audio nor video")
        parameters = self._with_cname(ortc.validate_and_normalize_rtp_parameters(rtp_parameters))
        if not parameters.encodings:
            parameters = msgspec.structs.replace(parameters, encodings=[RtpEncodingParameters()])
        capabilities = self._router.rtp_capabilities
        mapping = ortc.get_producer_rtp_parameters_mapping(parameters, capabilities)
        consumable = ortc.get_consumable_rtp_parameters(kind, parameters, capabilities, mapping)
        producer_id = id or new_id()
        answer = await self._create(
            "produce",
            producer_id,
            {
                "producer_id": producer_id,
                "kind": kind,
                "rtp_parameters": rtp_parameters_to_table(parameters),
                "rtp_mapping": rtp_mapping_to_table(mapping),
                "paused": paused,
                "key_frame_request_delay": key_frame_request_delay,
                "enable_mediasoup_packet_id_header_extension": enable_mediasoup_packet_id_header_extension,
            },
        )
        producer = Producer(
            self._channel,
            producer_id,
            transport_id=self.id,
            kind=kind,
            type=answer["type"],
            rtp_parameters=parameters,
            consumable_rtp_parameters=consumable,
            paused=paused,
            app_data=app_data,
        )
        register(self.producers, producer)
        register(self._router.producers, producer)
        self.on_new_producer.emit(producer)
        return producer

    async def consume(
        self,
        *,
        producer_id: str,
        rtp_capabilities: RtpCapabilities,
        paused: bool = False,
        mid: str | None = None,
        preferred_layers: ConsumerLayers | None = None,
        enable_rtx: bool | None = None,
        ignore_dtx: bool = False,
        pipe: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> Consumer:
        """
        Send a producer's stream to an endpoint with these capabilities.

        Best made ``paused`` and resumed when the endpoint is ready, so that it does not miss the first key frame.
        ``enable_rtx`` is true for video unless given. Raises NotFoundError when the router has no such producer,
        UnsupportedError when the capabilities hold none of its codecs.
        """
        self._check_open()
        if mid == "":
            raise InvalidValueError("mid", "is empty")
        receiver = self._router._consume_cache.receiver(rtp_capabilities)
        producer = self._producer(producer_id)
        options = ConsumeOptions(
            enable_rtx=producer.kind == "video" if enable_rtx is None else enable_rtx,
            paused=paused,
            preferred_layers=preferred_layers,
            ignore_dtx=ignore_dtx,
        )
        if pipe:
            parameters = ortc.get_consumer_rtp_parameters(
                consumable_rtp_parameters=producer.consumable_rtp_parameters,
                remote_rtp_capabilities=receiver.capabilities,
                pipe=True,
                enable_rtx=options.enable_rtx,
            )
            return await self._pipe(producer, parameters, options, app_data)
        offer = self._router._consume_cache.offer(producer, receiver, options)
        parameters = offer.parameters(mid or self._take_mid())
        consumer_id = new_id()
        request = offer.request(consumer_id, parameters)
        return await self._send(producer, consumer_id, parameters, request, producer.type, app_data)

    async def _pipe(
        self, producer: Producer, parameters: RtpParameters, options: ConsumeOptions, app_data: dict[str, Any] | None
    ) -> Consumer:
        """Send all of a producer's streams as they are."""
        consumer_id = new_id()
        request = consume_request(producer, consumer_id, parameters, "pipe", options)
        return await self._send(producer, consumer_id, parameters, request, "pipe", app_data)

    def _producer(self, producer_id: str) -> Producer:
        producer = self._router.producers.get(producer_id)
        if producer is None:
            raise NotFoundError(f"no producer {producer_id}")
        return producer

    async def _send(
        self,
        producer: Producer,
        consumer_id: str,
        parameters: RtpParameters,
        request: Mapping[str, Any] | Block,
        type: str,
        app_data: dict[str, Any] | None,
    ) -> Consumer:
        answer = await self._create("consume", consumer_id, request)
        consumer = Consumer(
            self._channel,
            consumer_id,
            transport_id=self.id,
            producer_id=producer.id,
            kind=producer.kind,
            type=type,
            rtp_parameters=parameters,
            paused=answer["paused"],
            producer_paused=answer["producer_paused"],
            score=ConsumerScore.from_table(answer["score"]),
            preferred_layers=layers_from_table(answer["preferred_layers"]),
            app_data=app_data,
        )
        register(self.consumers, consumer)
        self.on_new_consumer.emit(consumer)
        return consumer

    def _with_cname(self, parameters: RtpParameters) -> RtpParameters:
        """Give all producers of this endpoint the CNAME of its first, since it is one sender with one clock."""
        if self._cname is None:
            self._cname = parameters.rtcp.cname or random_cname()
        return replace_cname(parameters, self._cname)

    def _take_mid(self) -> str:
        mid = self._next_mid
        self._next_mid = (mid + 1) % MID_LIMIT
        return str(mid)

    # Data.

    async def produce_data(
        self,
        *,
        sctp_stream_parameters: SctpStreamParameters | None = None,
        label: str = "",
        protocol: str = "",
        id: str | None = None,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> DataProducer:
        """
        Receive messages.

        ``sctp_stream_parameters`` are required but on a direct transport, where they are ignored.
        """
        self._check_open()
        if id is not None and id in self._router.data_producers:
            raise InvalidValueError("id", f"a data producer {id} exists already")
        if self.type == "direct":
            sctp_stream_parameters = None
        elif sctp_stream_parameters is None:
            raise InvalidValueError("sctp_stream_parameters", "is required")
        else:
            sctp_stream_parameters = ortc.validate_and_normalize_sctp_stream_parameters(sctp_stream_parameters)
        data_producer_id = id or new_id()
        answer = await self._create(
            "produce_data",
            data_producer_id,
            {
                "data_producer_id": data_producer_id,
                "type": "direct" if self.type == "direct" else "sctp",
                "sctp_stream_parameters": _stream_to_table(sctp_stream_parameters),
                "label": label,
                "protocol": protocol,
                "paused": paused,
            },
        )
        data_producer = self._new_data_producer(data_producer_id, answer, paused, app_data)
        self.on_new_data_producer.emit(data_producer)
        return data_producer

    def _new_data_producer(
        self, id: str, answer: dict[str, Any], paused: bool, app_data: dict[str, Any] | None
    ) -> DataProducer:
        """Make and keep the handle of a data producer that the worker has made."""
        data_producer = DataProducer(
            self._channel,
            id,
            transport_id=self.id,
            type=answer["type"],
            sctp_stream_parameters=_stream_from_table(answer["sctp_stream_parameters"]),
            label=answer["label"],
            protocol=answer["protocol"],
            paused=paused,
            app_data=app_data,
        )
        register(self.data_producers, data_producer)
        register(self._router.data_producers, data_producer)
        return data_producer

    async def consume_data(
        self,
        *,
        data_producer_id: str,
        ordered: bool | None = None,
        max_packet_life_time: int | None = None,
        max_retransmits: int | None = None,
        paused: bool = False,
        subchannels: Sequence[int] = (),
        app_data: dict[str, Any] | None = None,
    ) -> DataConsumer:
        """
        Send a data producer's messages.

        Its reliability is the data producer's unless given: ``max_packet_life_time`` is in milliseconds, ``ordered``
        true lifts both limits. Raises NotFoundError when the router has no such data producer.
        """
        self._check_open()
        data_producer = self._router.data_producers.get(data_producer_id)
        if data_producer is None:
            raise NotFoundError(f"no data producer {data_producer_id}")
        stream = None
        if self.type != "direct":
            stream = _consumer_stream(
                data_producer.sctp_stream_parameters,
                self._stream_ids.take(),
                ordered,
                max_packet_life_time,
                max_retransmits,
            )
        data_consumer_id = new_id()
        try:
            answer = await self._create(
                "consume_data",
                data_consumer_id,
                {
                    "data_consumer_id": data_consumer_id,
                    "data_producer_id": data_producer_id,
                    "type": "direct" if self.type == "direct" else "sctp",
                    "sctp_stream_parameters": _stream_to_table(stream),
                    "label": data_producer.label,
                    "protocol": data_producer.protocol,
                    "paused": paused,
                    "subchannels": list(subchannels),
                },
            )
        except BaseException:
            if stream is not None:
                self._stream_ids.give_back(stream.stream_id)
            raise
        data_consumer = self._new_data_consumer(data_consumer_id, answer, app_data)
        if stream is not None:
            self._give_back_at_close(data_consumer, stream.stream_id)
        self.on_new_data_consumer.emit(data_consumer)
        return data_consumer

    def _give_back_at_close(self, data_consumer: DataConsumer, stream_id: int) -> None:
        data_consumer.on_close.add(lambda: self._stream_ids.give_back(stream_id))

    def _new_data_consumer(self, id: str, answer: dict[str, Any], app_data: dict[str, Any] | None) -> DataConsumer:
        """Make and keep the handle of a data consumer that the worker has made."""
        data_consumer = DataConsumer(
            self._channel,
            id,
            transport_id=self.id,
            data_producer_id=answer["data_producer_id"],
            type=answer["type"],
            sctp_stream_parameters=_stream_from_table(answer["sctp_stream_parameters"]),
            label=answer["label"],
            protocol=answer["protocol"],
            paused=answer["paused"],
            data_producer_paused=answer["data_producer_paused"],
            subchannels=answer["subchannels"],
            app_data=app_data,
        )
        register(self.data_consumers, data_consumer)
        return data_consumer

    async def _create(self, what: str, id: str, fields: Mapping[str, Any] | Block) -> dict[str, Any]:
        """Ask the worker for a child; ``what`` is ``produce``, ``consume``, ``produce_data`` or ``consume_data``."""
        verb = what.title().replace("_", "")
        answer = await self._channel.create(
            f"transport_{what}",
            self.id,
            (f"Transport_{verb}Request", fields),
            new_id=id,
            undo=lambda: self._post_close(_CHILDREN[what], id),
        )
        if self.closed:
            # The worker dropped the child with its transport.
            raise InvalidStateError(f"transport {self.id} was closed meanwhile")
        return answer

    def _post_close(self, child: str, id: str) -> None:
        name = f"Transport_Close{child.title().replace('_', '')}Request"
        self._channel.post(f"transport_close_{child.replace('_', '')}", self.id, (name, {f"{child}_id": id}))

    # The end.

    def close(self) -> None:
        """Close the transport and all that it carries."""
        if self._shut():
            self._channel.post(
                "router_close_transport",
                self._router.id,
                ("Router_CloseTransportRequest", {"transport_id": self.id}),
            )
            self._close_children()
            self.on_close.emit()

    def _router_closed(self) -> None:
        if self._shut():
            self._close_children()
            self.on_router_close.emit()
            self.on_close.emit()

    def _listen_server_closed(self) -> None:
        if self._shut():
            self._close_children()
            self.on_listen_server_close.emit()
            self.on_close.emit()

    def _close_children(self) -> None:
        children = (self.producers, self.consumers, self.data_producers, self.data_consumers)
        for child in [child for registry in children for child in registry.values()]:
            child._transport_closed()

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        """Handle what the worker tells; each kind of transport adds its own."""
        if event == "transport_trace":
            self.on_trace.emit(TransportTrace.from_table(body))
        else:
            logger.debug("%r expects no %s", self, event)


#: What closes the child that each creating request makes.
_CHILDREN = {
    "produce": "producer",
    "consume": "consumer",
    "produce_data": "data_producer",
    "consume_data": "data_consumer",
}


def register(registry: dict[str, Child], child: Child) -> None:
    """Keep ``child`` in ``registry`` as long as it is open."""
    registry[child.id] = child
    child.on_close.add(lambda: registry.pop(child.id, None))


def with_base(table: dict[str, Any]) -> dict[str, Any]:
    """Put what all transports have, a table ``base`` in the worker's dumps and statistics, beside what one kind has."""
    return {**table, **table["base"]}


def random_cname() -> str:
    """Make a CNAME for a sender that did not say its own."""
    return new_id()[:8]


def replace_cname(parameters: RtpParameters, cname: str) -> RtpParameters:
    """Give ``parameters`` with another CNAME."""
    rtcp = RtcpParameters(cname=cname, reduced_size=parameters.rtcp.reduced_size)
    return msgspec.structs.replace(parameters, rtcp=rtcp)


def _consumer_stream(
    producer_stream: SctpStreamParameters | None,
    stream_id: int,
    ordered: bool | None,
    max_packet_life_time: int | None,
    max_retransmits: int | None,
) -> SctpStreamParameters:
    """Choose a data consumer's reliability: its own where given, else its producer's, else full."""
    own = producer_stream or SctpStreamParameters(stream_id=stream_id, ordered=True)
    changes: dict[str, Any] = {"stream_id": stream_id}
    if ordered is not None:
        changes["ordered"] = ordered
    if ordered:
        changes.update(max_packet_life_time=None, max_retransmits=None)
    else:
        limits = {"max_packet_life_time": max_packet_life_time, "max_retransmits": max_retransmits}
        given = {name: limit for name, limit in limits.items() if limit is not None}
        changes.update(given, **({"ordered": False} if given else {}))
    return msgspec.structs.replace(own, **changes)


def _stream_to_table(stream: SctpStreamParameters | None) -> dict[str, Any] | None:
    return None if stream is None else msgspec.structs.asdict(stream)


def _stream_from_table(table: dict[str, Any] | None) -> SctpStreamParameters | None:
    return None if table is None else read(SctpStreamParameters, table)
