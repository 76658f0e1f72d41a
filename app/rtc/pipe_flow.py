"""How much of audio or video goes through a pipe: what the other part wants of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from app.mediasoup.consumer import Consumer
from app.mediasoup.data_structures import ProducerScore
from app.mediasoup.errors import MediasoupError
from app.mediasoup.pipe_transport import PipeTransport, has_layers
from app.mediasoup.producer import Producer
from app.mediasoup.rtp_parameters import RtpParameters

from .consumer_control import HIGHEST
from .demand import NOTHING
from .dynacast import top_layer
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger


async def consume(producer: Producer, transport: PipeTransport) -> list[Consumer]:
    """
    Send a producer through a pipe: each stream of simulcast by itself, lowest layer first, anything else as a whole.

    :raises MediasoupError: the worker can't
    """
    if not has_layers(producer):
        return [await transport.consume(producer_id=producer.id)]
    if producer.type != "simulcast":
        return [await transport.consume_stream(producer_id=producer.id)]
    consumers: list[Consumer] = []
    try:
        for stream in range(len(producer.consumable_rtp_parameters.encodings)):
            paused = not _comes(producer, stream)
            consumers.append(await transport.consume_stream(producer_id=producer.id, stream=stream, paused=paused))
    except BaseException:
        for consumer in consumers:
            consumer.close()
        raise
    return consumers


def parameters(producer: Producer, consumers: Sequence[Consumer]) -> RtpParameters:
    """Give what the other part is to receive."""
    first = consumers[0].rtp_parameters
    if len(consumers) == 1:
        return first
    streams = zip(producer.consumable_rtp_parameters.encodings, consumers, strict=True)
    encodings = [
        replace(consumer.rtp_parameters.encodings[0], scalability_mode=stream.scalability_mode)
        for stream, consumer in streams
    ]
    return replace(first, encodings=encodings)


class Flow:
    """
    Of the ``consumers`` that :func:`consume` made. ``level`` is the highest layer that is wanted, see
    :mod:`app.rtc.demand`: all at first, and what is higher is not sent. Nor is a stream that does not come: the worker
    would send another one in its place, and whoever receives it could not tell.
    """

    def __init__(self, name: str, producer: Producer, consumers: Sequence[Consumer], log: Logger) -> None:
        self.level = HIGHEST
        self._name = name
        self._producer = producer
        self._consumers = consumers
        self._log = log
        self._tasks = TaskSet()
        self._following: asyncio.Task[None] | None = None
        #: The highest layer of SVC that the worker is to send, as far as it was told.
        layers = consumers[0].preferred_layers
        self._layer = top_layer(producer) if layers is None else layers.spatial_layer
        if len(consumers) > 1:
            producer.on_score.add(self._scored)

    def want(self, level: int) -> None:
        """Let as much flow as is wanted."""
        self.level = level
        self._look()

    def refresh(self) -> None:
        """Have video go on with key frames."""
        if self._producer.kind == "video":
            for consumer in self._consumers:
                if not (consumer.paused or consumer.closed):
                    self._tasks.start(self._ask_key_frame(consumer), name=f"refreshing pipe {self._name}")

    def stop(self) -> None:
        """See to it no more."""
        self._producer.on_score.remove(self._scored)

    def _scored(self, _: list[ProducerScore]) -> None:
        self._look()

    def _look(self) -> None:
        if self._next_step() is not None and (self._following is None or self._following.done()):
            self._following = self._tasks.start(self._follow(), name=f"settling pipe {self._name}")

    async def _follow(self) -> None:
        while (step := self._next_step()) is not None:
            consumer, request = step
            try:
                await request()
            except MediasoupError as error:
                if not consumer.closed:
                    self._log.info("pipe {} is not as wished: {}", self._name, error)
                    return

    def _next_step(self) -> tuple[Consumer, Callable[[], Awaitable[None]]] | None:
        """Give something that the worker has to be asked for, if things are not as wished yet."""
        for layer, consumer in enumerate(self._consumers):
            if consumer.closed:
                continue
            if consumer.paused == self._flows(layer):
                return consumer, consumer.resume if consumer.paused else consumer.pause
            if consumer.type == "svc" and NOTHING != self._wanted_layer != self._layer:
                return consumer, partial(self._prefer, consumer, self._wanted_layer)
        return None

    @property
    def _wanted_layer(self) -> int:
        return min(self.level, top_layer(self._producer))

    async def _prefer(self, consumer: Consumer, layer: int) -> None:
        await consumer.set_preferred_layers(spatial_layer=layer)
        self._layer = layer

    def _flows(self, layer: int) -> bool:
        if len(self._consumers) == 1:
            return self.level != NOTHING
        return layer <= self.level and _comes(self._producer, layer)

    async def _ask_key_frame(self, consumer: Consumer) -> None:
        try:
            await consumer.request_key_frame()
        except MediasoupError as error:
            if not consumer.closed:
                self._log.info("pipe {} gets no key frame: {}", self._name, error)


def _comes(producer: Producer, layer: int) -> bool:
    """Whether a stream of simulcast comes in: the worker gives no points to one that was silent for over a second."""
    return any(each.encoding_idx == layer and each.score for each in producer.score)
