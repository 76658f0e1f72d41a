"""Everybody gets what the others produce: all of it, once, and without waiting for the slow."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from loguru import logger

from app.config import Limits, Settings
from app.mediasoup.data_structures import ConsumerLayers
from app.mediasoup.errors import ChannelFullError
from app.mediasoup.rtp_parameters import RtpCapabilities
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.rtc.events import (
    ConsumerClosed,
    ConsumerLayersChanged,
    ConsumerPaused,
    ConsumerResumed,
    ConsumerScoreChanged,
    DataConsumerClosed,
    Device,
    NewConsumer,
    NewDataConsumer,
)
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool

from .fakes import until
from .parameters import RECEIVER, give_transports, produce_audio, produce_chat, produce_video
from .people import Arrive, enter, join


async def test_what_is_produced_is_consumed_by_all_others(arrive: Arrive) -> None:
    (ada, adas), (_, bobs), (_, cleos) = await arrive("ada"), await arrive("bob"), await arrive("cleo")
    producer = await produce_audio(ada, source="microphone")
    for client in (bobs, cleos):
        question = await client.hears(NewConsumer)
        assert (question.peer_id, question.producer_id, question.kind) == ("ada", producer.id, "audio")
        assert question.app_data == {"source": "microphone"}
        assert not question.producer_paused
    assert adas.all(NewConsumer) == []


async def test_a_consumer_starts_when_its_client_is_ready(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    bobs.confirms = lambda question: None
    bobs.ask = lambda question: bobs.heard.append(question) or ready  # type: ignore[method-assign,func-returns-value]
    await produce_audio(ada)
    question = await bobs.hears(NewConsumer)
    consumer = bob.media.subscriber.consumers.get(question.id)
    assert consumer.paused
    ready.set_result(None)
    await bobs.hears(ConsumerScoreChanged, consumer_id=consumer.id)
    assert not consumer.paused


async def test_who_joins_later_gets_all_that_is_there_in_its_order_and_once(arrive: Arrive) -> None:
    ada, _ = await arrive("ada")
    producers = [await produce_audio(ada, 100 + number) for number in range(8)]
    bob, bobs = await arrive("bob")
    await until(lambda: len(bob.media.subscriber.consumers) == 8)
    assert [question.producer_id for question in bobs.all(NewConsumer)] == [each.id for each in producers]


async def test_a_transport_that_comes_after_joining_brings_everything(arrive: Arrive, room: Room) -> None:
    ada, _ = await arrive("ada")
    first = await produce_audio(ada, 1)
    bob, bobs = enter(room, "bob")
    join(room, bob)
    second = await produce_audio(ada, 2)
    await give_transports(bob)
    await until(lambda: len(bobs.all(NewConsumer)) == 2)
    assert [question.producer_id for question in bobs.all(NewConsumer)] == [first.id, second.id]


async def test_what_a_closed_transport_carried_comes_again_on_the_next(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_audio(ada)
    await bobs.hears(NewConsumer)
    for transport in bob.media.transports:
        transport.close()
    assert len(bob.media.subscriber.consumers) == 0
    await give_transports(bob)
    await until(lambda: len(bobs.all(NewConsumer)) == 2)
    assert {question.producer_id for question in bobs.all(NewConsumer)} == {producer.id}


async def test_two_who_produce_at_the_same_moment_get_each_others(arrive: Arrive) -> None:
    (ada, adas), (bob, bobs) = await arrive("ada"), await arrive("bob")
    from_ada, from_bob = await asyncio.gather(produce_video(ada), produce_video(bob))
    assert (await adas.hears(NewConsumer)).producer_id == from_bob.id
    assert (await bobs.hears(NewConsumer)).producer_id == from_ada.id


async def test_who_can_only_send_is_offered_nothing(arrive: Arrive, room: Room) -> None:
    ada, _ = await arrive("ada")
    bob, bobs = enter(room, "bob")
    await give_transports(bob)
    room.join(bob, display_name="Bob", device=Device(), rtp_capabilities=None)
    _, cleos = await arrive("cleo")
    await produce_audio(ada)
    await cleos.hears(ConsumerScoreChanged)
    assert bobs.all(NewConsumer) == []


async def test_a_refused_consumer_is_closed_and_the_others_are_not(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    bobs.confirms = lambda question: not (isinstance(question, NewConsumer) and question.kind == "video")
    await produce_video(ada)
    refused = await bobs.hears(NewConsumer)
    await bobs.hears(ConsumerClosed, consumer_id=refused.id)
    await produce_audio(ada)
    await bobs.hears(ConsumerScoreChanged)
    assert [consumer.kind for consumer in bob.media.subscriber.consumers] == ["audio"]


async def test_a_client_that_never_answers_holds_nobody_up(arrive: Arrive) -> None:
    (ada, _), (_, bobs), (_, cleos) = await arrive("ada"), await arrive("bob"), await arrive("cleo")
    bobs.confirms = lambda question: None
    await produce_audio(ada)
    await produce_video(ada)
    await until(lambda: len(bobs.all(NewConsumer)) == len(cleos.all(ConsumerScoreChanged)) == 2)


async def test_pausing_resuming_and_closing_are_told_to_consumers(arrive: Arrive) -> None:
    (ada, _), (_, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_audio(ada)
    id = (await bobs.hears(NewConsumer)).id
    await producer.pause()
    await bobs.hears(ConsumerPaused, consumer_id=id)
    await producer.resume()
    await bobs.hears(ConsumerResumed, consumer_id=id)
    producer.close()
    await bobs.hears(ConsumerClosed, consumer_id=id)


async def test_data_channels_reach_all_who_can_take_them(arrive: Arrive, room: Room) -> None:
    ada, _ = await arrive("ada")
    early = await produce_chat(ada)
    _, bobs = await arrive("bob")
    question = await bobs.hears(NewDataConsumer)
    assert (question.peer_id, question.data_producer_id, question.label) == ("ada", early.id, "chat")
    assert question.app_data == {"topic": "all"}
    cleo, cleos = enter(room, "cleo")
    await give_transports(cleo, sctp=False)
    join(room, cleo)
    early.close()
    await bobs.hears(DataConsumerClosed, data_consumer_id=question.id)
    assert cleos.all(NewDataConsumer) == []


async def test_consumers_over_the_limit_wait_for_their_turn(pool: WorkerPool, settings: Settings) -> None:
    limits = Limits(max_consumers_per_peer=1)
    modest = RoomManager(pool, dataclasses.replace(settings, limits=limits))
    room = await modest.get_or_create(RoomConfig(id="closet"))
    (ada, _), (bob, bobs) = enter(room, "ada"), enter(room, "bob")
    for peer in (ada, bob):
        await give_transports(peer)
        join(room, peer)
    first, second = await produce_audio(ada, 1), await produce_audio(ada, 2)
    await bobs.hears(NewConsumer, producer_id=first.id)
    assert len(bob.media.subscriber.consumers) == 1
    first.close()
    await bobs.hears(NewConsumer, producer_id=second.id)
    await modest.close()


async def test_everybody_hears_everybody_when_many_come_at_once(arrive: Arrive) -> None:
    people = await asyncio.gather(*(arrive(f"peer{number}") for number in range(12)))
    await asyncio.gather(*(produce_audio(peer) for peer, _ in people))
    await until(lambda: all(len(client.all(NewConsumer)) == 11 for _, client in people))
    for _, client in people:
        assert len({question.producer_id for question in client.all(NewConsumer)}) == 11


async def test_a_failure_to_consume_is_logged_and_the_rest_goes_on(
    arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ada, _), (_, bobs) = await arrive("ada"), await arrive("bob")

    async def fail(*_: object, **__: object) -> None:
        raise ChannelFullError("too much at once")

    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    with monkeypatch.context() as patch:
        patch.setattr(WebRtcTransport, "consume", fail)
        lost = await produce_audio(ada, 1)
        await until(lambda: lines)
    logger.remove(sink)
    assert lines == [f"producer {lost.id} could not be consumed: too much at once\n"]
    kept = await produce_audio(ada, 2)
    await bobs.hears(NewConsumer, producer_id=kept.id)


async def test_a_transport_that_closes_while_it_gets_a_consumer_leaves_it_to_the_next(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_audio(ada)
    # The consumer is on its way now.
    await asyncio.sleep(0)
    for transport in bob.media.transports:
        transport.close()
    await give_transports(bob)
    await bobs.hears(NewConsumer, producer_id=producer.id)
    await until(lambda: len(bob.media.subscriber.consumers) == 1)


async def test_codecs_that_a_client_does_not_know_are_not_offered(arrive: Arrive, room: Room) -> None:
    ada, _ = await arrive("ada")
    bob, bobs = enter(room, "bob")
    await give_transports(bob)
    room.join(bob, display_name="Bob", device=Device(), rtp_capabilities=RtpCapabilities(codecs=RECEIVER.codecs[:1]))
    await produce_video(ada)
    heard = await produce_audio(ada)
    await bobs.hears(ConsumerScoreChanged)
    assert [question.producer_id for question in bobs.all(NewConsumer)] == [heard.id]


async def test_layers_are_told_and_their_absence_too(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    await produce_video(ada)
    id = (await bobs.hears(NewConsumer)).id
    consumer = bob.media.subscriber.consumers.get(id)
    consumer.on_layers_change.emit(ConsumerLayers(spatial_layer=2, temporal_layer=1))
    consumer.on_layers_change.emit(None)
    assert bobs.all(ConsumerLayersChanged) == [
        ConsumerLayersChanged(consumer_id=id, spatial_layer=2, temporal_layer=1),
        ConsumerLayersChanged(consumer_id=id, spatial_layer=None, temporal_layer=None),
    ]
