"""A client gets what it chose, and all of it if it chose nothing."""

from __future__ import annotations

import pytest

from app.auth.grants import Grants
from app.errors import NotFound
from app.mediasoup.data_structures import ConsumerLayers
from app.mediasoup.producer import Producer
from app.rtc.events import ConsumerClosed, ConsumerScoreChanged, NewConsumer
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.subscription_events import ProducerOffered, ProducerWithdrawn
from app.rtc.subscriptions import Subscriptions

from .fakes import FakeClient, until
from .parameters import give_transports, produce_audio, produce_simulcast, produce_video
from .people import ANYBODY, Arrive


async def choose(peer: Peer, producer: Producer, **changes: object) -> None:
    choice = peer.media.subscriber.choice_to_edit(producer.id)
    for name, value in changes.items():
        setattr(choice, name, value)
    await peer.media.subscriber.choose(producer.id)


def consumed(peer: Peer) -> set[str]:
    return {consumer.producer_id for consumer in peer.media.subscriber.consumers}


async def flowing(client: FakeClient, count: int) -> None:
    """Wait until the client has confirmed so many consumers."""
    await until(lambda: len({each.consumer_id for each in client.all(ConsumerScoreChanged)}) >= count)


def test_what_nobody_chose_is_as_the_rule_says() -> None:
    subscriptions = Subscriptions()
    assert subscriptions.want("p")
    subscriptions.auto = False
    assert not subscriptions.want("p")


def test_a_choice_goes_before_the_rule_until_it_is_forgotten() -> None:
    subscriptions = Subscriptions()
    subscriptions.edit("no").subscribed = False
    subscriptions.edit("yes").subscribed = True
    for auto in (False, True):
        subscriptions.auto = auto
        assert (subscriptions.want("yes"), subscriptions.want("no")) == (True, False)
    subscriptions.forget("no")
    subscriptions.forget("never chosen")
    assert subscriptions.want("no")


async def test_who_chooses_gets_only_that(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    first, second = await produce_audio(ada, 1), await produce_video(ada, 2)
    await flowing(bobs, 2)
    bob.media.subscriber.consume_all(False)
    assert len(bobs.all(ConsumerClosed)) == 2
    assert consumed(bob) == set()
    third = await produce_audio(ada, 3)
    await choose(bob, second, subscribed=True)
    await choose(bob, third, subscribed=True)
    await flowing(bobs, 4)
    assert consumed(bob) == {second.id, third.id}
    bob.media.subscriber.consume_all(True)
    await flowing(bobs, 5)
    assert consumed(bob) == {first.id, second.id, third.id}


async def test_who_chooses_hears_what_there_is_to_choose(arrive: Arrive) -> None:
    (ada, _), (bob, bobs), (_, cleos) = await arrive("ada"), await arrive("bob"), await arrive("cleo")
    first = await produce_audio(ada, 1)
    await flowing(bobs, 1)
    bob.media.subscriber.consume_all(False)
    second = await produce_video(ada, 2, source="screen_share")
    offered = [(each.peer_id, each.producer_id, each.kind, each.app_data) for each in bobs.all(ProducerOffered)]
    assert offered == [("ada", first.id, "audio", {}), ("ada", second.id, "video", {"source": "screen_share"})]
    await choose(bob, first, subscribed=True)
    await flowing(bobs, 2)
    first.close()
    second.close()
    # Of the one that it consumed it hears otherwise.
    await until(lambda: len(bobs.all(ConsumerClosed)) == 2)
    assert [each.producer_id for each in bobs.all(ProducerWithdrawn)] == [second.id]
    assert not cleos.all(ProducerOffered) and not cleos.all(ProducerWithdrawn)


async def test_what_was_refused_stays_away_until_it_is_wanted_again(arrive: Arrive, room: Room) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_video(ada)
    await flowing(bobs, 1)
    await choose(bob, producer, subscribed=False)
    assert consumed(bob) == set()
    bob.media.subscriber.consume_all(True)
    await give_transports(bob)
    room.change_grants("bob", Grants(can_subscribe=False))
    room.change_grants("bob", ANYBODY)
    other = await produce_audio(ada)
    await flowing(bobs, 2)
    assert consumed(bob) == {other.id}
    await choose(bob, producer, subscribed=True)
    await flowing(bobs, 3)
    assert consumed(bob) == {producer.id, other.id}


async def test_a_mind_that_changes_all_the_time_ends_with_one_consumer_or_none(arrive: Arrive) -> None:
    (ada, _), (bob, _) = await arrive("ada"), await arrive("bob")
    producer = await produce_video(ada)
    for _ in range(5):
        for subscribed in (False, True):
            await choose(bob, producer, subscribed=subscribed)
    await until(lambda: consumed(bob) == {producer.id})
    await choose(bob, producer, subscribed=False)
    last = await produce_audio(ada)
    await until(lambda: consumed(bob) == {last.id})
    assert len(bob.media.subscriber.consumers) == 1


async def test_a_choice_holds_for_the_next_consumer_too(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_simulcast(ada)
    await flowing(bobs, 1)
    low = ConsumerLayers(spatial_layer=0, temporal_layer=0)
    await choose(bob, producer, layers=low, priority=5, visible=False)
    for transport in bob.media.transports:
        transport.close()
    await give_transports(bob)
    await flowing(bobs, 2)
    (consumer,) = bob.media.subscriber.consumers
    await bob.media.subscriber.control(consumer.id).settled()
    assert (consumer.preferred_layers, consumer.priority, consumer.paused) == (low, 5, True)
    await choose(bob, producer, visible=True)
    assert not consumer.paused


async def test_what_is_not_offered_can_not_be_chosen(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_audio(ada)
    await bobs.hears(NewConsumer)
    for peer, id in ((ada, producer.id), (bob, "nothing")):
        with pytest.raises(NotFound):
            peer.media.subscriber.choice_to_edit(id)
    producer.close()
    with pytest.raises(NotFound):
        bob.media.subscriber.choice_to_edit(producer.id)
