"""Peers consume what is sent in other parts of the room, as soon as it is here and as long as it is."""

from __future__ import annotations

import dataclasses

import pytest

from app.config import Settings
from app.mediasoup.producer import Producer
from app.rtc.events import ConsumerClosed, ConsumerPaused, NewConsumer
from app.rtc.far_producer import FarProducer
from app.rtc.room import Room
from tests.mediasoup.rtp import OPUS

from .fakes import until
from .people import Arrive, enter, join


@pytest.fixture
def far() -> FarProducer:
    return FarProducer("p1", "b/0", kind="audio", type="simple", paused=False, app_data={"source": "mic"})


async def bring(room: Room, far: FarProducer) -> Producer:
    """Have it here, as a pipe does."""
    transport = await room.quarters.router.create_direct_transport()
    local = await transport.produce(kind="audio", rtp_parameters=OPUS, id=far.id, paused=far.paused)
    far.arrive(local)
    return local


async def test_it_is_wanted_by_who_can_consume_it_and_consumed_when_it_is_here(
    room: Room, arrive: Arrive, far: FarProducer
) -> None:
    peer, client = await arrive("ada")
    peer.media.subscriber.offer("bob", far)
    await until(lambda: far.wanted)
    assert not client.all(NewConsumer)
    await bring(room, far)
    told = await client.hears(NewConsumer)
    assert (told.peer_id, told.producer_id, told.app_data) == ("bob", "p1", {"source": "mic"})
    (consumer,) = peer.media.subscriber.consumers
    await until(lambda: not consumer.paused)


async def test_who_cannot_consume_does_not_have_it_brought(room: Room, far: FarProducer) -> None:
    peer, _ = enter(room, "ada")
    join(room, peer)
    peer.media.subscriber.offer("bob", far)
    assert not far.wanted


async def test_one_that_is_here_is_consumed_at_once(room: Room, arrive: Arrive, far: FarProducer) -> None:
    await bring(room, far)
    peer, client = await arrive("ada")
    peer.media.subscriber.offer("bob", far)
    await client.hears(NewConsumer, producer_id="p1")
    assert far.wanted


async def test_one_whose_pipe_breaks_is_consumed_again_when_it_is_back(
    room: Room, arrive: Arrive, far: FarProducer
) -> None:
    peer, client = await arrive("ada")
    peer.media.subscriber.offer("bob", far)
    local = await bring(room, far)
    first = await client.hears(NewConsumer)
    local.close()
    await client.hears(ConsumerClosed, consumer_id=first.id)
    assert far.wanted
    await bring(room, far)
    await until(lambda: len(client.all(NewConsumer)) == 2)
    assert len(peer.media.subscriber.consumers) == 1


async def test_pauses_are_told(room: Room, arrive: Arrive, far: FarProducer) -> None:
    peer, client = await arrive("ada")
    peer.media.subscriber.offer("bob", far)
    await bring(room, far)
    consumer = await client.hears(NewConsumer)
    assert not consumer.producer_paused
    far.set_paused(True)
    await client.hears(ConsumerPaused, consumer_id=consumer.id)


async def test_one_that_was_paused_on_its_way_is(room: Room, far: FarProducer) -> None:
    transport = await room.quarters.router.create_direct_transport()
    local = await transport.produce(kind="audio", rtp_parameters=OPUS)
    far.set_paused(True)
    far.arrive(local)
    assert (await local.dump()).paused


async def test_it_is_not_wanted_any_more_when_the_last_one_is_gone(
    room: Room, arrive: Arrive, far: FarProducer
) -> None:
    (ada, adas), (bob, bobs) = await arrive("ada"), await arrive("bob")
    for peer in (ada, bob):
        peer.media.subscriber.offer("cleo", far)
    await until(lambda: far.wanted)
    await bring(room, far)
    for client in (adas, bobs):
        await client.hears(NewConsumer)
    ada.close()
    assert far.wanted
    bob.close()
    assert not far.wanted


async def test_what_a_client_does_not_want_is_not_brought(arrive: Arrive, room: Room, far: FarProducer) -> None:
    peer, client = await arrive("ada")
    subscriber = peer.media.subscriber
    subscriber.consume_all(False)
    subscriber.offer("bob", far)
    assert not far.wanted
    subscriber.choice_to_edit("p1").subscribed = True
    await subscriber.choose("p1")
    await until(lambda: far.wanted)
    subscriber.choice_to_edit("p1").subscribed = False
    await subscriber.choose("p1")
    assert not far.wanted
    subscriber.consume_all(True)
    subscriber.choice_to_edit("p1").subscribed = None
    await subscriber.choose("p1")
    await bring(room, far)
    await client.hears(NewConsumer)
    subscriber.forbid()
    assert not far.wanted


async def test_its_end_while_it_is_awaited_is_no_matter(room: Room, arrive: Arrive, far: FarProducer) -> None:
    peer, client = await arrive("ada")
    peer.media.subscriber.offer("bob", far)
    await until(lambda: far.wanted)
    far.close()
    peer.media.subscriber.withdraw("p1")
    assert not far.wanted
    other = FarProducer("p2", "b/0", kind="audio", type="simple", paused=False, app_data={})
    peer.media.subscriber.offer("bob", other)
    await bring(room, other)
    await client.hears(NewConsumer, producer_id="p2")


class TestOfFewConsumers:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, limits=dataclasses.replace(settings.limits, max_consumers_per_peer=1))

    async def test_no_more_are_brought_than_may_be_consumed(self, room: Room, arrive: Arrive, far: FarProducer) -> None:
        peer, client = await arrive("ada")
        other = FarProducer("p2", "b/0", kind="audio", type="simple", paused=False, app_data={})
        for each in (far, other):
            peer.media.subscriber.offer("bob", each)
        await until(lambda: far.wanted)
        assert not other.wanted
        local = await bring(room, far)
        await client.hears(NewConsumer)
        assert not other.wanted
        far.close()
        peer.media.subscriber.withdraw("p1")
        local.close()
        await until(lambda: other.wanted)
