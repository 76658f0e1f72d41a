"""Data consumers."""

from __future__ import annotations

from typing import Any

import pytest

from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.errors import InvalidStateError, NotFoundError
from app.mediasoup.router import Router
from app.mediasoup.webrtc_transport import WebRtcTransport

from .events import record, until


@pytest.fixture
async def data_producer(transport: WebRtcTransport) -> DataProducer:
    stream = SctpStreamParameters(stream_id=12, max_packet_life_time=5000)
    return await transport.produce_data(sctp_stream_parameters=stream, label="foo", protocol="bar")


async def test_a_data_consumer_takes_after_its_producer(
    router: Router, receiver: WebRtcTransport, data_producer: DataProducer
) -> None:
    told = record(data_consumer=receiver.on_new_data_consumer)
    consumer = await receiver.consume_data(data_producer_id=data_producer.id, subchannels=[1, 2])
    assert (consumer.data_producer_id, consumer.type) == (data_producer.id, "sctp")
    assert (consumer.label, consumer.protocol, consumer.paused) == ("foo", "bar", False)
    assert sorted(consumer.subchannels) == [1, 2]
    assert consumer.sctp_stream_parameters == SctpStreamParameters(
        stream_id=0, ordered=False, max_packet_life_time=5000
    )
    assert told == ["data_consumer"]
    assert (await router.dump()).map_data_consumer_id_data_producer_id == {consumer.id: data_producer.id}


@pytest.mark.parametrize(
    ("given", "ordered", "life_time", "retransmits"),
    [
        ({"ordered": True}, True, None, None),
        ({"max_packet_life_time": 10}, False, 10, None),
    ],
)
async def test_reliability_can_be_given(
    receiver: WebRtcTransport,
    data_producer: DataProducer,
    given: dict[str, Any],
    ordered: bool,
    life_time: int | None,
    retransmits: int | None,
) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id, **given)
    assert consumer.sctp_stream_parameters == SctpStreamParameters(
        stream_id=0, ordered=ordered, max_packet_life_time=life_time, max_retransmits=retransmits
    )


async def test_each_data_consumer_has_a_stream_of_its_own(
    receiver: WebRtcTransport, data_producer: DataProducer
) -> None:
    consumers = [await receiver.consume_data(data_producer_id=data_producer.id) for _ in range(3)]
    streams = [consumer.sctp_stream_parameters for consumer in consumers]
    assert [stream.stream_id for stream in streams if stream] == [0, 1, 2]
    consumers[0].close()
    # Not the one that has just become free.
    another = await receiver.consume_data(data_producer_id=data_producer.id)
    assert another.sctp_stream_parameters is not None
    assert another.sctp_stream_parameters.stream_id == 3


async def test_a_refused_data_consumer_gives_its_stream_back(
    receiver: WebRtcTransport, data_producer: DataProducer
) -> None:
    with pytest.raises(NotFoundError, match="no data producer"):
        await receiver.consume_data(data_producer_id="chicken")
    with pytest.raises(ValueError, match="subchannels"):
        await receiver.consume_data(data_producer_id=data_producer.id, subchannels=[70_000])
    assert receiver._stream_ids._used == set()


async def test_the_dump_gives_back_the_parameters(receiver: WebRtcTransport, data_producer: DataProducer) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id, paused=True)
    dump = await consumer.dump()
    assert (dump.id, dump.data_producer_id, dump.type) == (consumer.id, data_producer.id, "sctp")
    assert (dump.paused, dump.data_producer_paused, dump.buffered_amount) == (True, False, 0)
    assert dump.sctp_stream_parameters == consumer.sctp_stream_parameters


async def test_stats_start_from_zero(receiver: WebRtcTransport, data_producer: DataProducer) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    (stats,) = await consumer.get_stats()
    assert (stats.type, stats.label, stats.messages_sent, stats.bytes_sent) == ("data-consumer", "foo", 0, 0)


async def test_what_is_sent_depends_on_both_pauses(receiver: WebRtcTransport, data_producer: DataProducer) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    events = record(
        pause=consumer.on_pause,
        resume=consumer.on_resume,
        producer_pause=consumer.on_data_producer_pause,
        producer_resume=consumer.on_data_producer_resume,
    )
    await consumer.pause()
    await data_producer.pause()
    await until(lambda: consumer.data_producer_paused)
    await consumer.resume()
    await data_producer.resume()
    await until(lambda: not consumer.data_producer_paused)
    assert events == ["pause", "producer_pause", "producer_resume", "resume"]


async def test_what_the_worker_tells_is_passed_on(receiver: WebRtcTransport, data_producer: DataProducer) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    told: list[Any] = []
    consumer.on_message.add(lambda data, ppid: told.append((data, ppid)))
    consumer.on_sctp_send_buffer_full.add(lambda: told.append("full"))
    consumer.on_buffered_amount_low.add(told.append)
    consumer._notified("dataconsumer_message", {"data": b"hi", "ppid": 51})
    consumer._notified("dataconsumer_sctp_sendbuffer_full", {})
    consumer._notified("dataconsumer_buffered_amount_low", {"buffered_amount": 5})
    assert told == [(b"hi", 51), "full", 5]


async def test_a_data_consumer_ends_with_its_producer(receiver: WebRtcTransport, data_producer: DataProducer) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    events = record(producer=consumer.on_data_producer_close, close=consumer.on_close)
    data_producer.close()
    await until(lambda: consumer.closed)
    assert (events, receiver.data_consumers) == (["producer", "close"], {})


async def test_a_data_consumer_ends_with_its_transport(receiver: WebRtcTransport, data_producer: DataProducer) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    events = record(transport=consumer.on_transport_close, close=consumer.on_close)
    receiver.close()
    assert events == ["transport", "close"]


async def test_a_closed_data_consumer_is_gone(receiver: WebRtcTransport, data_producer: DataProducer) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    consumer.close()
    consumer.close()
    assert (await receiver.dump()).data_consumer_ids == []
    with pytest.raises(InvalidStateError):
        await consumer.pause()
