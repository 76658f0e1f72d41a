"""A producer of one part of a room on its way to another one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.mediasoup.consumer import Consumer
from app.mediasoup.data_consumer import DataConsumer
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.errors import MediasoupError
from app.mediasoup.producer import Producer

from .consumer_control import HIGHEST
from .demand import NOTHING
from .dynacast import Dynacast
from .far_producer import AnyFar
from .pipe_link import Link
from .pipe_messages import Data, Media, Opened
from .pipe_records import ExportRecord
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger

#: What is in this part's router, and where it comes from if it came through a pipe itself.
Source = tuple[Producer | DataProducer, AnyFar | None]


class Export:
    """
    A producer on its way through a ``link``, where both ends name it ``name``.

    ``on_close`` is called with it. ``dynacast`` learns what the other part wants of it, as if that were one consumer;
    of what nobody there wants, nothing is sent. ``level``: the highest layer that is wanted.
    """

    def __init__(
        self, name: str, link: Link, source: Source, dynacast: Dynacast, on_close: Callable[[Export], None], log: Logger
    ) -> None:
        self.name = name
        self.link = link
        self.closed = False
        self.level = HIGHEST
        self.producer, self._far = source
        self._dynacast = dynacast
        self._on_close = on_close
        self._log = log
        self._consumer: Consumer | DataConsumer | None = None
        self._tasks = TaskSet()
        self._following: asyncio.Task[None] | None = None
        if self._far is not None:
            # It is to stay here for the other part, too.
            self._far.want(self, lambda: None)

    async def begin(self) -> Opened:
        """Send it. Raises MediasoupError."""
        transport, producer = self.link.transport, self.producer
        if isinstance(producer, DataProducer):
            data = await transport.consume_data(data_producer_id=producer.id)
            assert data.sctp_stream_parameters is not None
            opened = Opened(data=Data(data.sctp_stream_parameters, data.label, data.protocol))
            self._has(data)
        else:
            media = await transport.consume(producer_id=producer.id)
            opened = Opened(media=Media(media.kind, media.rtp_parameters))
            self._has(media)
        return opened

    def adopt(self, consumer: Consumer | DataConsumer, level: int) -> None:
        """Go on with what an earlier process has begun."""
        self._has(consumer)
        self.wish(level)

    def keep(self, far: AnyFar) -> None:
        """Know whose it is, which was not known when it was adopted."""
        self._far = far
        far.want(self, lambda: None)

    @property
    def record(self) -> ExportRecord | None:
        """What the next process has to know of it, once it has begun."""
        return None if self._consumer is None else ExportRecord(self._consumer.id, self.level)

    def refresh(self) -> None:
        """Have video go on with a key frame."""
        consumer = self._consumer
        if isinstance(consumer, Consumer) and consumer.kind == "video" and not (consumer.paused or consumer.closed):
            self._tasks.start(self._ask_key_frame(consumer), name=f"refreshing pipe {self.name}")

    def wish(self, level: int) -> None:
        """Note the highest layer that the other part wants."""
        if isinstance(self._consumer, Consumer) and not self._consumer.closed:
            self.level = level
            self._dynacast.want(self.producer.id, self.name, level)
            if self._following is None or self._following.done():
                self._following = self._tasks.start(self._follow(self._consumer), name=f"settling pipe {self.name}")

    def close(self) -> None:
        """Send it no more."""
        if self.closed:
            return
        self.closed = True
        if self._consumer is not None:
            self._consumer.close()
        if isinstance(self.producer, Producer):
            self._dynacast.want(self.producer.id, self.name, NOTHING)
        if self._far is not None:
            self._far.leave(self)
        self._on_close(self)

    def _has(self, consumer: Consumer | DataConsumer) -> None:
        self._consumer = consumer
        self.link.carry(consumer)
        consumer.on_close.add(self._ended)
        if self.closed:
            # It was dropped while it was made.
            consumer.close()
        elif isinstance(consumer, Consumer):
            self._dynacast.want(consumer.producer_id, self.name, self.level)

    def _ended(self) -> None:
        """Take in that the consumer has closed: with its producer, with the link, or because it was told to."""
        # Who wants something of somebody else's than its owner does not hear from the owner that it has ended here.
        if not (self.closed or self._far is None or self.link.closed):
            self.link.news.end(self.name)
        self.close()

    async def _ask_key_frame(self, consumer: Consumer) -> None:
        try:
            await consumer.request_key_frame()
        except MediasoupError as error:
            if not consumer.closed:
                self._log.info("pipe {} gets no key frame: {}", self.name, error)

    async def _follow(self, consumer: Consumer) -> None:
        try:
            while not consumer.closed and consumer.paused != (self.level == NOTHING):
                await (consumer.resume() if consumer.paused else consumer.pause())
        except MediasoupError as error:
            if not consumer.closed:
                self._log.info("pipe {} is not as wished: {}", self.name, error)
