"""A producer of one part of a room on its way to another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.mediasoup.consumer import Consumer
from app.mediasoup.data_consumer import DataConsumer
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.producer import Producer

from .demand import NOTHING
from .dynacast import Dynacast
from .far_producer import AnyFar
from .pipe_flow import Flow, consume, parameters
from .pipe_link import Link
from .pipe_messages import Data, Media, Opened
from .pipe_records import ExportRecord

if TYPE_CHECKING:
    from loguru import Logger

#: What is in this part's router, and where it comes from if it came through a pipe itself.
Source = tuple[Producer | DataProducer, AnyFar | None]


class Export:
    """
    A producer on its way through a ``link``, where both ends name it ``name``.

    ``on_close`` is called with it. ``dynacast`` learns what the other part wants of it, as if that were one consumer;
    of what nobody there wants, nothing is sent.
    """

    def __init__(
        self, name: str, link: Link, source: Source, dynacast: Dynacast, on_close: Callable[[Export], None], log: Logger
    ) -> None:
        self.name = name
        self.link = link
        self.closed = False
        self.producer, self._far = source
        self._dynacast = dynacast
        self._on_close = on_close
        self._log = log
        self._flow: Flow | None = None
        #: What sends it: one for each of its streams, or one for all.
        self._consumers: Sequence[Consumer | DataConsumer] = ()
        if self._far is not None:
            # It is to stay here for the other part, too.
            self._far.want(self, lambda: None)

    async def begin(self) -> Opened:
        """Send it. Raises MediasoupError."""
        transport, producer = self.link.transport, self.producer
        if isinstance(producer, DataProducer):
            data = await transport.consume_data(data_producer_id=producer.id)
            assert data.sctp_stream_parameters is not None
            self._has([data])
            return Opened(data=Data(data.sctp_stream_parameters, data.label, data.protocol))
        media = await consume(producer, transport)
        self._flows(producer, media)
        return Opened(media=Media(producer.kind, parameters(producer, media)))

    def adopt(self, consumers: Sequence[Consumer | DataConsumer], level: int) -> None:
        """Go on with what an earlier process has begun."""
        media = [consumer for consumer in consumers if isinstance(consumer, Consumer)]
        if isinstance(self.producer, Producer) and media:
            self._flows(self.producer, media)
            self.wish(level)
        else:
            self._has(consumers)

    def keep(self, far: AnyFar) -> None:
        """Know whose it is, which was not known when it was adopted."""
        self._far = far
        far.want(self, lambda: None)

    @property
    def record(self) -> ExportRecord | None:
        """What the next process has to know of it, once it has begun."""
        if not self._consumers:
            return None
        return ExportRecord([each.id for each in self._consumers], NOTHING if self._flow is None else self._flow.level)

    def refresh(self) -> None:
        """Have video go on with a key frame."""
        if self._flow is not None:
            self._flow.refresh()

    def wish(self, level: int) -> None:
        """Note the highest layer that the other part wants."""
        if self._flow is not None and not self.closed:
            self._dynacast.want(self.producer.id, self.name, level)
            self._flow.want(level)

    def close(self) -> None:
        """Send it no more."""
        if not self.closed:
            self._finish()
            # What is not told to end would go on in the worker.
            self._stop()

    def _flows(self, producer: Producer, consumers: Sequence[Consumer]) -> None:
        self._flow = Flow(self.name, producer, consumers, self._log)
        self._has(consumers)
        self.wish(self._flow.level)

    def _has(self, consumers: Sequence[Consumer | DataConsumer]) -> None:
        self._consumers = consumers
        for consumer in consumers:
            self.link.carry(consumer)
            consumer.on_close.add(self._ended)
        if self.closed:
            # It was dropped while it was made.
            self._stop()

    def _stop(self) -> None:
        if self._flow is not None:
            self._flow.stop()
        for consumer in self._consumers:
            consumer.close()

    def _finish(self) -> None:
        self.closed = True
        if self._flow is not None:
            self._flow.stop()
        if isinstance(self.producer, Producer):
            self._dynacast.want(self.producer.id, self.name, NOTHING)
        if self._far is not None:
            self._far.leave(self)
        self._on_close(self)

    def _ended(self) -> None:
        """Take in that a consumer has closed: with its producer, with the link, or because it was told to."""
        if self.closed:
            return
        # Who wants something of somebody else's than its owner does not hear from the owner that it has ended here.
        if not (self._far is None or self.link.closed):
            self.link.news.end(self.name)
        # Its other consumers end with what this one has ended with. They must not be closed in the worker: if this
        # process lets go of it, the next one goes on with them.
        self._finish()
