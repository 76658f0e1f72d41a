"""Data consumers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.direct_transport import DirectTransport
from app.mediasoup.errors import InvalidStateError, InvalidValueError, NotFoundError, UnsupportedError
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
    consumer = await receiver.consume_data(
        data_producer_id=data_producer.id, subchannels=[1, 2, 2, 65535, 1], app_data={"x": 1}
    )
    assert (consumer.data_producer_id, consumer.type, consumer.app_data) == (data_producer.id, "sctp", {"x": 1})
    assert (consumer.label, consumer.protocol, consumer.paused) == ("foo", "bar", False)
    assert sorted(consumer.subchannels) == sorted((await consumer.dump()).subchannels) == [1, 2, 65535]
    assert consumer.sctp_stream_parameters == SctpStreamParameters(
        stream_id=0, ordered=False, max_packet_life_time=5000
    )
    assert told == ["data_consumer"]
    dump = await router.dump()
    assert dump.map_data_producer_id_data_consumer_ids == {data_producer.id: [consumer.id]}
    assert dump.map_data_consumer_id_data_producer_id == {consumer.id: data_producer.id}
    held = await receiver.dump()
    assert (held.data_producer_ids, held.data_consumer_ids) == ([], [consumer.id])


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
    assert (dump.label, dump.protocol, dump.subchannels) == ("foo", "bar", [])
    assert dump.buffered_amount_low_threshold == 1024


async def test_subchannels_can_be_changed(receiver: WebRtcTransport, data_producer: DataProducer) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    await consumer.set_subchannels([999, 999, 998, 0])
    assert sorted(consumer.subchannels) == [0, 998, 999]
    await consumer.set_subchannels([])
    assert consumer.subchannels == []
    for subchannel, expected in ((5, [5]), (10, [5, 10]), (5, [5, 10])):
        await consumer.add_subchannel(subchannel)
        assert sorted(consumer.subchannels) == expected
    for subchannel, expected in ((666, [5, 10]), (5, [10])):
        await consumer.remove_subchannel(subchannel)
        assert sorted(consumer.subchannels) == expected
    assert (await consumer.dump()).subchannels == [10]
    # Which the Node library takes for 0.
    with pytest.raises(InvalidValueError, match="subchannel"):
        await consumer.set_subchannels([65536])


# Of and to direct transports.


@pytest.fixture
async def direct(router: Router) -> DirectTransport:
    return await router.create_direct_transport()


async def test_messages_of_a_direct_data_producer_are_sent_in_order(
    router: Router, receiver: WebRtcTransport, direct: DirectTransport
) -> None:
    data_producer = await direct.produce_data()
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    assert (consumer.type, consumer.label, consumer.protocol, consumer.paused) == ("sctp", "", "", False)
    assert consumer.sctp_stream_parameters == SctpStreamParameters(stream_id=0, ordered=True)
    assert (consumer.subchannels, consumer.app_data) == ([], {})
    assert (await router.dump()).map_data_consumer_id_data_producer_id == {consumer.id: data_producer.id}
    assert (await receiver.dump()).data_consumer_ids == [consumer.id]


async def test_messages_of_a_direct_data_producer_may_be_limited(
    receiver: WebRtcTransport, direct: DirectTransport
) -> None:
    data_producer = await direct.produce_data()
    consumer = await receiver.consume_data(
        data_producer_id=data_producer.id, ordered=False, max_retransmits=2, subchannels=[0, 1]
    )
    dump = await consumer.dump()
    assert (dump.data_producer_id, dump.type, dump.paused, dump.data_producer_paused) == (
        data_producer.id,
        "sctp",
        False,
        False,
    )
    assert dump.sctp_stream_parameters == SctpStreamParameters(stream_id=0, ordered=False, max_retransmits=2)
    assert sorted(dump.subchannels) == [0, 1]


async def test_a_direct_transport_consumes_without_a_stream(
    direct: DirectTransport, data_producer: DataProducer
) -> None:
    told = record(data_consumer=direct.on_new_data_consumer)
    consumer = await direct.consume_data(data_producer_id=data_producer.id, paused=True, app_data={"x": 1})
    assert (consumer.data_producer_id, consumer.type, consumer.paused) == (data_producer.id, "direct", True)
    assert (consumer.sctp_stream_parameters, consumer.label, consumer.protocol) == (None, "foo", "bar")
    assert (consumer.app_data, told) == ({"x": 1}, ["data_consumer"])
    assert (await direct.dump()).data_consumer_ids == [consumer.id]


async def test_the_dump_of_a_direct_data_consumer_has_no_stream(
    direct: DirectTransport, data_producer: DataProducer
) -> None:
    consumer = await direct.consume_data(data_producer_id=data_producer.id, paused=True)
    dump = await consumer.dump()
    assert (dump.id, dump.data_producer_id, dump.type) == (consumer.id, data_producer.id, "direct")
    assert (dump.sctp_stream_parameters, dump.label, dump.protocol) == (None, "foo", "bar")
    assert (dump.paused, dump.subchannels) == (True, [])


async def test_stats_of_a_direct_data_consumer_start_from_zero(
    direct: DirectTransport, data_producer: DataProducer
) -> None:
    consumer = await direct.consume_data(data_producer_id=data_producer.id)
    (stats,) = await consumer.get_stats()
    assert (stats.type, stats.label, stats.protocol) == ("data-consumer", "foo", "bar")
    assert (stats.messages_sent, stats.bytes_sent) == (0, 0)


async def test_a_direct_data_consumer_has_nobody_to_send_to(
    direct: DirectTransport, data_producer: DataProducer
) -> None:
    consumer = await direct.consume_data(data_producer_id=data_producer.id)
    with pytest.raises(UnsupportedError):
        await consumer.send("foo")


async def test_stats_start_from_zero(receiver: WebRtcTransport, data_producer: DataProducer) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    (stats,) = await consumer.get_stats()
    assert (stats.type, stats.label, stats.protocol) == ("data-consumer", "foo", "bar")
    assert (stats.messages_sent, stats.bytes_sent, stats.buffered_amount) == (0, 0, 0)


async def test_pausing_and_resuming_are_told_when_they_change_something(
    receiver: WebRtcTransport, data_producer: DataProducer
) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    events = record(pause=consumer.on_pause, resume=consumer.on_resume)
    await consumer.pause()
    assert (consumer.paused, (await consumer.dump()).paused) == (True, True)
    await consumer.resume()
    assert (consumer.paused, (await consumer.dump()).paused) == (False, False)
    await asyncio.gather(
        consumer.pause(), consumer.resume(), consumer.pause(), consumer.pause(), consumer.pause(), consumer.resume()
    )
    assert events == ["pause", "resume"] * 3


async def test_a_pause_of_the_data_producer_is_one_of_what_is_sent(
    receiver: WebRtcTransport, data_producer: DataProducer
) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    events = record(pause=consumer.on_pause, resume=consumer.on_resume)
    await asyncio.gather(data_producer.pause(), data_producer.resume())
    await until(lambda: len(events) == 2)
    assert events == ["pause", "resume"]
    assert (consumer.paused, consumer.data_producer_paused) == (False, False)


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
    with pytest.raises(InvalidStateError):
        await consumer.dump()


async def test_a_data_consumer_ends_with_its_transport(
    router: Router, receiver: WebRtcTransport, data_producer: DataProducer
) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    events = record(transport=consumer.on_transport_close, close=consumer.on_close)
    receiver.close()
    assert events == ["transport", "close"]
    with pytest.raises(InvalidStateError):
        await consumer.dump()
    dump = await router.dump()
    assert dump.map_data_producer_id_data_consumer_ids == {data_producer.id: []}
    assert dump.map_data_consumer_id_data_producer_id == {}


async def test_a_closed_data_consumer_is_gone(
    router: Router, receiver: WebRtcTransport, data_producer: DataProducer
) -> None:
    consumer = await receiver.consume_data(data_producer_id=data_producer.id)
    events = record(close=consumer.on_close)
    consumer.close()
    consumer.close()
    assert (events, receiver.data_consumers) == (["close"], {})
    assert (await receiver.dump()).data_consumer_ids == []
    dump = await router.dump()
    assert dump.map_data_producer_id_data_consumer_ids == {data_producer.id: []}
    assert dump.map_data_consumer_id_data_producer_id == {}
    requests: list[Callable[[], Awaitable[object]]] = [
        consumer.dump,
        consumer.get_stats,
        consumer.pause,
        consumer.resume,
        consumer.get_buffered_amount,
        lambda: consumer.send("foo"),
        lambda: consumer.set_subchannels([1]),
    ]
    for request in requests:
        with pytest.raises(InvalidStateError):
            await request()
