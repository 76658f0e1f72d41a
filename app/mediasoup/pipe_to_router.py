"""
Piping: how what one router receives comes to another one, as a rule of another worker.

A pair of pipe transports connects two routers, both ways, and carries all that is piped between them. Source:
``pipeToRouter()`` in mediasoup ``node/src/Router.ts``.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from .consumer import Consumer
from .data_consumer import DataConsumer
from .data_producer import DataProducer
from .data_structures import ListenInfo, SctpOptions
from .errors import InvalidStateError, NotFoundError
from .pipe_transport import PipeTransport
from .producer import Producer

if TYPE_CHECKING:
    from .router import Router

#: The two ends of a pair by the ids of their routers.
PipeTransportPair = dict[str, PipeTransport]


class PipeTransportOptions(TypedDict, total=False):
    """What ``create_pipe_transport()`` is told for both ends of a pair."""

    listen_info: ListenInfo
    enable_sctp: bool
    sctp: SctpOptions | None
    enable_rtx: bool
    enable_srtp: bool


class PipeToRouterOptions(PipeTransportOptions, total=False):
    """What ``pipe_to_router()`` may be told, besides from where and whereto."""

    keep_id: bool


@dataclass(frozen=True, slots=True)
class PipedProducer:
    """What sends a producer to another router, and what it is there. When one of them closes, so does the other."""

    pipe_consumer: Consumer
    pipe_producer: Producer


@dataclass(frozen=True, slots=True)
class PipedDataProducer:
    """What sends a data producer to another router, and what it is there. When one closes, so does the other."""

    pipe_data_consumer: DataConsumer
    pipe_data_producer: DataProducer


async def pipe_transport_pair(router: Router, other: Router, options: PipeTransportOptions) -> PipeTransportPair:
    """Give the pair that connects two routers; made with ``options`` if there is none yet."""
    pair = router._pipe_pairs.get(other.id)
    if pair is None:
        pair = asyncio.create_task(_connect(router, other, options))
        router._pipe_pairs[other.id] = other._pipe_pairs[router.id] = pair
    # Others may wait for it as well: a caller that is cancelled does not take it from them.
    return await asyncio.shield(pair)


async def _connect(router: Router, other: Router, options: PipeTransportOptions) -> PipeTransportPair:
    def forget() -> None:
        router._pipe_pairs.pop(other.id, None)
        other._pipe_pairs.pop(router.id, None)

    with ExitStack() as undo:
        undo.callback(forget)
        here = await router.create_pipe_transport(**options)
        undo.callback(here.close)
        there = await other.create_pipe_transport(**options)
        undo.callback(there.close)
        await here.connect(
            ip=there.tuple.local_address, port=there.tuple.local_port, srtp_parameters=there.srtp_parameters
        )
        await there.connect(
            ip=here.tuple.local_address, port=here.tuple.local_port, srtp_parameters=here.srtp_parameters
        )
        if here.closed or there.closed:
            raise InvalidStateError("a router of the pipe was closed meanwhile")
        undo.pop_all()
    here.on_close.add(there.close)
    there.on_close.add(here.close)
    here.on_close.add(forget)
    return {router.id: here, other.id: there}


async def pipe_producer(
    producer: Producer, here: PipeTransport, there: PipeTransport, *, keep_id: bool
) -> PipedProducer:
    """Pipe a producer; from then on its pauses and its end are the other one's too."""
    with ExitStack() as undo:
        consumer = await here.consume(producer_id=producer.id)
        undo.callback(consumer.close)
        piped = await there.produce(
            id=producer.id if keep_id else None,
            kind=consumer.kind,
            rtp_parameters=consumer.rtp_parameters,
            paused=consumer.producer_paused,
            app_data=dict(producer.app_data),
        )
        undo.callback(piped.close)
        if producer.closed or consumer.closed:
            raise NotFoundError(f"producer {producer.id} was closed meanwhile")
        undo.pop_all()
    consumer.on_close.add(piped.close)
    piped.on_close.add(consumer.close)
    consumer.on_pause.add(lambda: piped.follow(paused=True))
    consumer.on_resume.add(lambda: piped.follow(paused=False))
    if piped.paused != consumer.producer_paused:
        piped.follow(paused=consumer.producer_paused)
    return PipedProducer(consumer, piped)


async def pipe_data_producer(
    data_producer: DataProducer, here: PipeTransport, there: PipeTransport, *, keep_id: bool
) -> PipedDataProducer:
    """
    Pipe a data producer; from then on its end is the other one's too.

    Its pauses are not: the other one gets nothing meanwhile, and would drop what was sent before.
    """
    with ExitStack() as undo:
        consumer = await here.consume_data(data_producer_id=data_producer.id)
        undo.callback(consumer.close)
        piped = await there.produce_data(
            id=data_producer.id if keep_id else None,
            sctp_stream_parameters=consumer.sctp_stream_parameters,
            label=consumer.label,
            protocol=consumer.protocol,
            app_data=dict(data_producer.app_data),
        )
        undo.callback(piped.close)
        if data_producer.closed or consumer.closed:
            raise NotFoundError(f"data producer {data_producer.id} was closed meanwhile")
        undo.pop_all()
    consumer.on_close.add(piped.close)
    piped.on_close.add(consumer.close)
    return PipedDataProducer(consumer, piped)
