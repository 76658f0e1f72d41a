"""
Adoption: handles for what an earlier control plane has made in a worker.

Nothing in the worker changes, it is only asked for dumps; what these do not tell is a :class:`.memory.RouterMemory`.
Each handle is made as soon as its dump is there and before anything else runs, so that it misses no notification: what
came before is in the dump, what comes after is told to the handle.

What a dump does not tell and nobody needs to remember: ``dtls_remote_cert`` of a transport is None; observers count as
running; pipe transports are adopted each for itself, and what connected the two ends of a pair is not known any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from . import ortc
from .active_speaker_observer import ActiveSpeakerObserver
from .audio_level_observer import AudioLevelObserver
from .channel.channel import Channel
from .codec_matching import is_media
from .consumer import Consumer
from .data_producer import DataProducer
from .data_structures import ConsumerLayers, ConsumerScore, ProducerScore
from .direct_transport import DirectTransport
from .dumps import (
    ConsumerDump,
    PipeTransportDump,
    PlainTransportDump,
    ProducerDump,
    RouterDump,
    TransportDump,
    WebRtcTransportDump,
)
from .errors import InvalidValueError, NotFoundError
from .memory import MIDS_OF_A_GENERATION, RouterMemory, TransportMemory
from .pipe_transport import PipeTransport
from .plain_transport import PlainTransport
from .producer import Producer
from .router import Router
from .rtp_parameters import RtpCapabilities, RtpEncodingParameters, RtpParameters
from .rtp_parameters_tables import rtp_parameters_from_table
from .tables import read
from .transport import MID_LIMIT, Transport, register, with_base
from .webrtc_transport import WebRtcTransport

if TYPE_CHECKING:
    from .webrtc_server import WebRtcServer

#: What the worker takes an encoding for whose scalability mode is not given.
UNSAID_MODE: Final = "S1T1"
#: Dumps that one adoption asks for at once.
BATCH: Final = 256

_OBSERVERS: Final = {"activespeaker": ActiveSpeakerObserver, "audiolevel": AudioLevelObserver}


async def adopt_into(router: Router, memory: RouterMemory, servers: Iterable[WebRtcServer]) -> None:
    """
    Make the handles of all that is in ``router``, whose own is new.

    ``servers`` are those that its WebRTC transports may use, adopted before. What vanishes meanwhile is left out.
    Raises NotFoundError when the worker has no such router.
    """
    await _Adoption(router, memory, tuple(servers)).run()


class _Adoption:
    """One router on its way."""

    def __init__(self, router: Router, memory: RouterMemory, servers: tuple[WebRtcServer, ...]) -> None:
        self._router = router
        self._channel: Channel = router._channel
        self._memory = memory
        self._servers = servers
        # Of the handles that exist by now.
        self._dumps: dict[str, TransportDump] = {}

    async def run(self) -> None:
        dump = await self._router.dump()
        self._adopt_observers(dump)
        await _all(self._adopt_transport, ((id,) for id in dump.transport_ids))
        await _all(self._adopt_producer, self._carried("producer_ids"))
        await _all(self._adopt_data_producer, self._carried("data_producer_ids"))
        # After all producers: a consumer's score has its producer's in it.
        await _all(self._adopt_consumer, self._carried("consumer_ids"))
        await _all(self._adopt_data_consumer, self._carried("data_consumer_ids"))
        for transport in self._router.transports.values():
            _count_mids_on(transport, self._memory.transports.get(transport.id, TransportMemory()))

    def _carried(self, ids: str) -> list[tuple[Transport, str]]:
        """Give the transports that are still there with what they carry, once for each."""
        transports = self._router.transports
        return [
            (transports[transport_id], id)
            for transport_id, dump in self._dumps.items()
            if transport_id in transports
            for id in getattr(dump, ids)
        ]

    def _app_data(self, id: str) -> dict[str, Any] | None:
        return self._memory.app_data.get(id)

    def _adopt_observers(self, dump: RouterDump) -> None:
        for observer_id in dump.rtp_observer_ids:
            if (kind := self._memory.observers.get(observer_id)) is not None:
                self._router._add_observer(_OBSERVERS[kind], observer_id, self._app_data(observer_id))

    async def _adopt_transport(self, id: str) -> None:
        table = with_base(await self._channel.request("transport_dump", id))
        transport = self._make_transport(id, table)
        memory = self._memory.transports.get(id, TransportMemory())
        transport._cname = memory.cname
        self._dumps[id] = read(TransportDump, table)
        self._router._add_transport(transport)
        if isinstance(transport, WebRtcTransport):
            for server in self._servers:
                server._adopt(transport)

    def _make_transport(self, id: str, table: dict[str, Any]) -> Transport:
        router, app_data = self._router, self._app_data(id)
        # The union in the answer has a member for each kind, known here by what only it has.
        if "ice_role" in table:
            webrtc = read(WebRtcTransportDump, table)
            return WebRtcTransport(self._channel, id, router=router, dump=webrtc, app_data=app_data)
        if "comedia" in table:
            plain = read(PlainTransportDump, table)
            return PlainTransport(self._channel, id, router=router, dump=plain, app_data=app_data)
        if "rtx" in table:
            pipe = read(PipeTransportDump, table)
            return PipeTransport(self._channel, id, router=router, dump=pipe, app_data=app_data)
        return DirectTransport(self._channel, id, router=router, app_data=app_data)

    async def _adopt_producer(self, transport: Transport, id: str) -> None:
        table = await self._channel.request("producer_dump", id)
        parameters = _parameters(table["rtp_parameters"])
        dump = read(ProducerDump, {**table, "rtp_parameters": parameters})
        producer = Producer(
            self._channel,
            id,
            transport_id=transport.id,
            kind=dump.kind,
            type=dump.type,
            rtp_parameters=parameters,
            consumable_rtp_parameters=_consumable(dump, self._memory.rtp_capabilities),
            paused=dump.paused,
            app_data=self._app_data(id),
        )
        producer.score = _producer_score(dump)
        if transport._cname is None and transport.type != "pipe":
            transport._cname = parameters.rtcp.cname
        register(transport.producers, producer)
        register(self._router.producers, producer)
        transport.on_new_producer.emit(producer)

    async def _adopt_consumer(self, transport: Transport, id: str) -> None:
        table = (await self._channel.request("consumer_dump", id))["data"]
        base = table["base"]
        parameters = _parameters(base["rtp_parameters"])
        dump = read(ConsumerDump, {**table, **base, "rtp_parameters": parameters})
        producer = self._router.producers.get(dump.producer_id)
        if producer is None:
            # It was closed meanwhile, and the consumer with it.
            return
        consumer = Consumer(
            self._channel,
            id,
            transport_id=transport.id,
            producer_id=dump.producer_id,
            kind=dump.kind,
            type=dump.type,
            rtp_parameters=parameters,
            paused=dump.paused,
            producer_paused=dump.producer_paused,
            score=_consumer_score(dump, producer),
            preferred_layers=_layers(dump, dump.preferred_spatial_layer, dump.preferred_temporal_layer),
            app_data=self._app_data(id),
        )
        consumer.priority = dump.priority
        consumer.current_layers = _layers(dump, dump.current_spatial_layer, dump.current_temporal_layer)
        register(transport.consumers, consumer)
        transport.on_new_consumer.emit(consumer)

    async def _adopt_data_producer(self, transport: Transport, id: str) -> None:
        table = await self._channel.request("dataproducer_dump", id)
        data_producer: DataProducer = transport._new_data_producer(id, table, table["paused"], self._app_data(id))
        transport.on_new_data_producer.emit(data_producer)

    async def _adopt_data_consumer(self, transport: Transport, id: str) -> None:
        table = await self._channel.request("dataconsumer_dump", id)
        data_consumer = transport._new_data_consumer(id, table, self._app_data(id))
        stream = data_consumer.sctp_stream_parameters
        if stream is not None:
            transport._stream_ids.use(stream.stream_id)
            transport._give_back_at_close(data_consumer, stream.stream_id)
        transport.on_new_data_consumer.emit(data_consumer)


async def _all(adopt: Callable[..., Awaitable[None]], arguments: Iterable[tuple[Any, ...]]) -> None:
    """Adopt them, some at a time. Raises the first fault that is not that something has vanished."""
    rest = list(arguments)
    while rest:
        batch, rest = rest[:BATCH], rest[BATCH:]
        results = await asyncio.gather(*(adopt(*each) for each in batch), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, NotFoundError):
                raise result


def _consumable(dump: ProducerDump, capabilities: RtpCapabilities) -> RtpParameters:
    """Work out again what the router made of a producer, with the mapping that was chosen then."""
    known = {codec.preferred_payload_type for codec in capabilities.codecs}
    if any(codec.mapped_payload_type not in known for codec in dump.rtp_mapping.codecs):
        raise InvalidValueError("rtp_capabilities", f"are not those that producer {dump.id} was made with")
    return ortc.get_consumable_rtp_parameters(dump.kind, dump.rtp_parameters, capabilities, dump.rtp_mapping)


def _parameters(table: Mapping[str, Any]) -> RtpParameters:
    """Read what an object was made with: without what the worker itself filled in where nothing was said."""
    parameters = rtp_parameters_from_table(table)
    usual = next(codec.payload_type for codec in parameters.codecs if is_media(codec))
    return replace(parameters, encodings=[_as_given(encoding, usual) for encoding in parameters.encodings])


def _as_given(encoding: RtpEncodingParameters, usual: int) -> RtpEncodingParameters:
    return replace(
        encoding,
        codec_payload_type=None if encoding.codec_payload_type == usual else encoding.codec_payload_type,
        scalability_mode=None if encoding.scalability_mode == UNSAID_MODE else encoding.scalability_mode,
    )


def _producer_score(dump: ProducerDump) -> list[ProducerScore]:
    return [
        ProducerScore(
            encoding_idx=stream.params.encoding_idx,
            ssrc=stream.params.ssrc,
            score=stream.score,
            # The worker says "" for none.
            rid=stream.params.rid or None,
        )
        for stream in dump.rtp_streams
    ]


def _consumer_score(dump: ConsumerDump, producer: Producer) -> ConsumerScore:
    """Put together what the worker would tell (``Consumer::FillBufferScore()`` there)."""
    by_encoding: Mapping[int, int] = {each.encoding_idx: each.score for each in producer.score}
    scores = [by_encoding.get(index, 0) for index in range(len(dump.consumable_rtp_encodings))]
    if dump.type == "pipe":
        return ConsumerScore(score=10, producer_score=10, producer_scores=scores)
    layer = (dump.current_spatial_layer if dump.type == "simulcast" else 0) or 0
    current = scores[layer] if 0 <= layer < len(scores) else 0
    return ConsumerScore(score=dump.rtp_streams[0].score, producer_score=current, producer_scores=scores)


def _layers(dump: ConsumerDump, spatial: int | None, temporal: int | None) -> ConsumerLayers | None:
    if dump.type not in ("simulcast", "svc") or spatial is None or spatial < 0:
        return None
    return ConsumerLayers(spatial_layer=spatial, temporal_layer=None if temporal is None or temporal < 0 else temporal)


def _count_mids_on(transport: Transport, memory: TransportMemory) -> None:
    """Begin the transport's next generation of MIDs, beyond all that it has."""
    mids = (consumer.rtp_parameters.mid or "" for consumer in transport.consumers.values())
    last = max((int(mid) for mid in mids if mid.isdecimal() and len(mid) < len(str(MID_LIMIT))), default=0)
    generation = max(memory.generation, last // MIDS_OF_A_GENERATION) + 1
    transport._next_mid = generation * MIDS_OF_A_GENERATION % MID_LIMIT
