"""Consuming the data channels on which others send."""

from __future__ import annotations

from app.mediasoup.data_consumer import DataConsumer
from app.mediasoup.transport import Transport

from .events import DataConsumerClosed, Event, NewDataConsumer, Question
from .far_producer import AnyDataProducer, local_id
from .subscriber import Subscriber


class DataSubscriber(Subscriber[AnyDataProducer, DataConsumer]):
    """Consumes data channels."""

    KIND = "data consumer"

    async def _make(self, transport: Transport, producer: AnyDataProducer) -> DataConsumer:
        return await transport.consume_data(data_producer_id=local_id(producer))

    def _question(self, consumer: DataConsumer, owner_id: str, producer: AnyDataProducer) -> Question:
        return NewDataConsumer(
            peer_id=owner_id,
            data_producer_id=producer.id,
            id=consumer.id,
            sctp_stream_parameters=consumer.sctp_stream_parameters,
            label=consumer.label,
            protocol=consumer.protocol,
            app_data=producer.app_data,
        )

    def _listen(self, consumer: DataConsumer, owner_id: str, producer: AnyDataProducer) -> None:
        closed = self._closed_event(consumer)
        consumer.on_data_producer_close.add(lambda: self._client.notify(closed))
        # The one that was brought here may end alone, and is brought again then.
        consumer.on_data_producer_close.add(lambda: self.offer(owner_id, producer))

    async def _start(self, consumer: DataConsumer) -> None:
        """Nothing to start: messages wait in the channel until the client reads them."""

    def _closed_event(self, consumer: DataConsumer) -> Event:
        return DataConsumerClosed(data_consumer_id=consumer.id)
