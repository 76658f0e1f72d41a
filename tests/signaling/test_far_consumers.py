"""Choosing how a video comes that is sent on another node."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from app.mediasoup.data_structures import ConsumerLayers
from app.rtc.events import NewConsumer
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.signaling import schemas
from app.signaling.subscriptions import METHODS
from tests.rtc.conftest import nodes, redis
from tests.rtc.nodes import Nodes
from tests.rtc.parameters import produce_simulcast

__all__ = ["nodes", "redis"]


async def test_layers_and_priority_are_chosen_by_the_consumer_as_of_any_other(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    bob, bobs = await b.arrive("bob")
    camera = await produce_simulcast(ada)
    id = (await bobs.hears(NewConsumer, producer_id=camera.id)).id
    consumer = bob.media.subscriber.consumers.get(id)
    # The worker knows it by another name than its owner.
    assert consumer.producer_id != camera.id

    room = await b.room()
    layers = schemas.SetConsumerPreferredLayers(consumer_id=id, spatial_layer=1, temporal_layer=0)
    await call("setConsumerPreferredLayers", room, bob, layers)
    await call("setConsumerPriority", room, bob, schemas.SetConsumerPriority(consumer_id=id, priority=5))
    assert consumer.preferred_layers == ConsumerLayers(spatial_layer=1, temporal_layer=0)
    assert consumer.priority == 5


async def call(method: str, room: Room, peer: Peer, data: schemas.Data) -> None:
    """Do what a client's request does once it is checked."""
    await cast(Awaitable[object], METHODS[method].handle(room, peer, data))
