"""Tests of what is sent in one part of a room, and received in others."""

from __future__ import annotations

from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import SctpStreamParameters
from app.rtc.events import (
    ConsumerClosed,
    ConsumerPaused,
    ConsumerResumed,
    DataConsumerClosed,
    NewConsumer,
    NewDataConsumer,
    NewPeer,
)
from app.rtc.peer import Peer
from app.rtc.subscription_events import ProducerOffered, ProducerWithdrawn

from .nodes import OVER_BOTH, Nodes, TestNode
from .parameters import produce_audio, produce_video, sending_transport

pytestmark = OVER_BOTH


async def test_what_is_sent_on_one_node_is_received_on_the_others(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    _, bob = await b.arrive("bob")
    microphone, camera = await produce_audio(ada), await produce_video(ada)
    heard = await bob.hears(NewConsumer, producer_id=microphone.id, peer_id="ada")
    seen = await bob.hears(NewConsumer, producer_id=camera.id, peer_id="ada")
    assert (heard.producer_paused, seen.producer_paused) == (False, False)
    await microphone.pause()
    await bob.hears(ConsumerPaused, consumer_id=heard.id)
    await microphone.resume()
    await bob.hears(ConsumerResumed, consumer_id=heard.id)
    camera.close()
    await bob.hears(ConsumerClosed, consumer_id=seen.id)


async def test_who_comes_later_receives_what_is_sent_elsewhere(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    camera = await produce_video(ada)
    _, bob = await b.arrive("bob")
    await bob.hears(NewConsumer, producer_id=camera.id)


async def test_who_leaves_takes_along_what_it_sent(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    _, bob = await b.arrive("bob")
    camera = await produce_video(ada)
    seen = await bob.hears(NewConsumer, producer_id=camera.id)
    ada.close()
    await bob.hears(ConsumerClosed, consumer_id=seen.id)


async def test_who_chooses_chooses_of_what_is_sent_elsewhere_too(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    bob, bobs = await b.arrive("bob")
    bob.media.subscriber.consume_all(False)
    camera = await produce_video(ada)
    await bobs.hears(ProducerOffered, producer_id=camera.id, peer_id="ada")
    bob.media.subscriber.choice_to_edit(camera.id).subscribed = True
    await bob.media.subscriber.choose(camera.id)
    await bobs.hears(NewConsumer, producer_id=camera.id)
    microphone = await produce_audio(ada)
    await bobs.hears(ProducerOffered, producer_id=microphone.id)
    microphone.close()
    await bobs.hears(ProducerWithdrawn, producer_id=microphone.id)


async def test_data_channels_reach_those_whom_they_are_for_on_all_nodes(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, adas = await a.arrive("ada")
    _, bob = await b.arrive("bob")
    _, cy = await b.arrive("cy")
    await adas.hears(NewPeer, id="cy")
    to_bob = await open_channel(a, ada, 1, to=["bob"])
    to_all = await open_channel(a, ada, 2)
    await cy.hears(NewDataConsumer, data_producer_id=to_all.id, peer_id="ada")
    got = await bob.hears(NewDataConsumer, data_producer_id=to_bob.id, label="a channel")
    assert [each.data_producer_id for each in cy.all(NewDataConsumer)] == [to_all.id]
    to_bob.close()
    await bob.hears(DataConsumerClosed, data_consumer_id=got.id)


async def open_channel(node: TestNode, peer: Peer, stream_id: int, to: list[str] | None = None) -> DataProducer:
    """Open a data channel to those with these ids, or to all."""
    return await (await node.room()).produce_data(
        peer,
        transport_id=sending_transport(peer),
        sctp_stream_parameters=SctpStreamParameters(stream_id=stream_id, ordered=True),
        label="a channel",
        protocol="",
        app_data={},
        to=to,
    )
