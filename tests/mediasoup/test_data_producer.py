"""Data producers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.errors import InvalidStateError, InvalidValueError, MediasoupError
from app.mediasoup.router import Router
from app.mediasoup.webrtc_transport import WebRtcTransport

from .events import record

STREAM = SctpStreamParameters(stream_id=666)


async def test_a_data_producer_is_what_was_asked_for(router: Router, transport: WebRtcTransport) -> None:
    told = record(data_producer=transport.on_new_data_producer)
    producer = await transport.produce_data(
        sctp_stream_parameters=STREAM, label="foo", protocol="bar", app_data={"x": 1}
    )
    assert (producer.type, producer.label, producer.protocol, producer.paused) == ("sctp", "foo", "bar", False)
    # Reliable unless said otherwise.
    assert producer.sctp_stream_parameters == SctpStreamParameters(stream_id=666, ordered=True)
    assert (producer.app_data, told) == ({"x": 1}, ["data_producer"])
    assert transport.data_producers == router.data_producers == {producer.id: producer}
    held = await transport.dump()
    assert (held.data_producer_ids, held.data_consumer_ids) == ([producer.id], [])
    dump = await router.dump()
    assert dump.map_data_producer_id_data_consumer_ids == {producer.id: []}
    assert dump.map_data_consumer_id_data_producer_id == {}


async def test_a_limited_data_producer_is_not_ordered(transport: WebRtcTransport) -> None:
    stream = SctpStreamParameters(stream_id=777, max_retransmits=3)
    producer = await transport.produce_data(sctp_stream_parameters=stream, paused=True)
    assert producer.sctp_stream_parameters == SctpStreamParameters(stream_id=777, ordered=False, max_retransmits=3)
    assert (producer.paused, (await producer.dump()).paused) == (True, True)


async def test_the_dump_gives_back_the_parameters(transport: WebRtcTransport) -> None:
    stream = SctpStreamParameters(stream_id=7, max_retransmits=3)
    producer = await transport.produce_data(sctp_stream_parameters=stream, label="foo")
    dump = await producer.dump()
    assert (dump.id, dump.type, dump.label, dump.protocol, dump.paused) == (producer.id, "sctp", "foo", "", False)
    assert dump.sctp_stream_parameters == SctpStreamParameters(stream_id=7, ordered=False, max_retransmits=3)
    ordered = await (await transport.produce_data(sctp_stream_parameters=STREAM)).dump()
    assert ordered.sctp_stream_parameters == SctpStreamParameters(stream_id=666, ordered=True)


@pytest.mark.parametrize(
    "stream",
    [
        None,
        SctpStreamParameters(stream_id=-1),
        SctpStreamParameters(stream_id="foo"),  # type: ignore[arg-type]
        SctpStreamParameters(stream_id=1, ordered=True, max_retransmits=3),
        SctpStreamParameters(stream_id=1, ordered=True, max_packet_life_time=4000),
        SctpStreamParameters(stream_id=1, max_packet_life_time=5, max_retransmits=3),
    ],
)
async def test_wrong_stream_parameters_are_refused(transport: WebRtcTransport, stream: Any) -> None:
    with pytest.raises(InvalidValueError):
        await transport.produce_data(sctp_stream_parameters=stream)
    assert (await transport.dump()).data_producer_ids == []


async def test_a_stream_belongs_to_one_data_producer(transport: WebRtcTransport) -> None:
    await transport.produce_data(sctp_stream_parameters=STREAM)
    with pytest.raises(MediasoupError, match="streamId"):
        await transport.produce_data(sctp_stream_parameters=STREAM)


async def test_no_two_data_producers_have_the_same_id(transport: WebRtcTransport) -> None:
    await transport.produce_data(sctp_stream_parameters=STREAM, id="mine")
    with pytest.raises(InvalidValueError, match="id"):
        await transport.produce_data(sctp_stream_parameters=SctpStreamParameters(stream_id=1), id="mine")


async def test_pausing_and_resuming_are_told_when_they_change_something(transport: WebRtcTransport) -> None:
    producer = await transport.produce_data(sctp_stream_parameters=STREAM)
    events = record(pause=producer.on_pause, resume=producer.on_resume)
    await producer.pause()
    await producer.pause()
    assert (await producer.dump()).paused
    await producer.resume()
    await producer.resume()
    assert events == ["pause", "resume"]


async def test_calls_that_do_not_wait_for_each_other_are_told_in_their_order(transport: WebRtcTransport) -> None:
    producer = await transport.produce_data(sctp_stream_parameters=STREAM)
    events = record(pause=producer.on_pause, resume=producer.on_resume)
    await asyncio.gather(
        producer.pause(), producer.resume(), producer.pause(), producer.pause(), producer.pause(), producer.resume()
    )
    assert events == ["pause", "resume", "pause", "resume"]
    assert not (await producer.dump()).paused


async def test_stats_start_from_zero(transport: WebRtcTransport) -> None:
    producer = await transport.produce_data(sctp_stream_parameters=STREAM, label="foo", protocol="bar")
    (stats,) = await producer.get_stats()
    assert (stats.type, stats.label, stats.protocol) == ("data-producer", "foo", "bar")
    assert (stats.messages_received, stats.bytes_received) == (0, 0)


async def test_a_closed_data_producer_is_gone(router: Router, transport: WebRtcTransport) -> None:
    producer = await transport.produce_data(sctp_stream_parameters=STREAM)
    events = record(close=producer.on_close)
    producer.close()
    producer.close()
    assert (events, router.data_producers, transport.data_producers) == (["close"], {}, {})
    assert (await transport.dump()).data_producer_ids == []
    assert (await router.dump()).map_data_producer_id_data_consumer_ids == {}
    for request in (producer.dump, producer.get_stats, producer.pause, producer.resume):
        with pytest.raises(InvalidStateError):
            await request()


async def test_a_data_producer_ends_with_its_transport(transport: WebRtcTransport) -> None:
    producer = await transport.produce_data(sctp_stream_parameters=STREAM)
    events = record(transport=producer.on_transport_close, close=producer.on_close)
    transport.close()
    assert events == ["transport", "close"]
    assert producer.closed
    with pytest.raises(InvalidStateError):
        await producer.dump()
