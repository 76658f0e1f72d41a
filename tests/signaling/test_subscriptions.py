"""Choosing what to receive, over a real websocket."""

from __future__ import annotations

from typing import Any

import pytest

from app.rtc.demand import Demand
from app.rtc.room_manager import RoomManager
from tests.rtc.fakes import until

from .calls import join, produce_audio, produce_video
from .client import ProtooClient, Refused
from .conftest import Connect


async def watching(connect: Connect) -> tuple[ProtooClient, ProtooClient, str, str]:
    """Have Bob receive Ada's camera; gives the ids of producer and consumer, too."""
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    producer_id = await produce_video(ada)
    consumer_id = (await bob.hears("newConsumer", producerId=producer_id))["id"]
    await bob.hears("consumerScore", consumerId=consumer_id)
    return ada, bob, producer_id, consumer_id


async def test_who_takes_only_what_it_asks_for(connect: Connect) -> None:
    ada, bob, camera, consumer_id = await watching(connect)
    await bob.request("setSubscription", {"auto": False})
    await bob.hears("consumerClosed", consumerId=consumer_id)
    microphone = await produce_audio(ada)
    await bob.request("setSubscription", {"producerId": camera, "subscribed": True})
    await until(lambda: len(bob.all("newConsumer")) == 2)
    assert [each["producerId"] for each in bob.all("newConsumer")] == [camera, camera]
    await bob.request("setSubscription", {"auto": True})
    await bob.hears("newConsumer", producerId=microphone)


async def test_all_that_is_chosen_of_one_producer_is_so_when_the_answer_comes(
    connect: Connect, rooms: RoomManager
) -> None:
    _, bob, camera, consumer_id = await watching(connect)
    room = rooms.get("kitchen")
    assert room is not None
    consumer = room.find("bob").media.subscriber.consumers.get(consumer_id)
    layers = {"spatialLayer": 1, "temporalLayer": 0}
    answer = await bob.request(
        "setSubscription", {"producerId": camera, "preferredLayers": layers, "priority": 7, "visible": False}
    )
    assert answer == {}
    assert consumer.preferred_layers is not None
    assert (consumer.preferred_layers.spatial_layer, consumer.preferred_layers.temporal_layer) == (1, 0)
    assert (consumer.priority, consumer.paused) == (7, True)
    # What is absent stays.
    await bob.request("setSubscription", {"producerId": camera, "preferredLayers": None})
    assert (consumer.preferred_layers.spatial_layer, consumer.priority, consumer.paused) == (2, 7, True)
    # It flows again only when the client does not pause it either.
    await bob.request("pauseConsumer", {"consumerId": consumer_id})
    await bob.request("setSubscription", {"producerId": camera, "visible": True})
    assert consumer.paused
    await bob.request("resumeConsumer", {"consumerId": consumer_id})
    assert not consumer.paused


async def test_methods_of_mediasoup_demo_and_of_connect_change_the_same(connect: Connect, rooms: RoomManager) -> None:
    _, bob, camera, consumer_id = await watching(connect)
    room = rooms.get("kitchen")
    assert room is not None
    consumer = room.find("bob").media.subscriber.consumers.get(consumer_id)
    await bob.request("setConsumerPreferredLayers", {"consumerId": consumer_id, "spatialLayer": 1, "temporalLayer": 0})
    await bob.request("setConsumerPriority", {"consumerId": consumer_id, "priority": 9})
    await bob.request("setSubscription", {"producerId": camera, "visible": True})
    assert consumer.preferred_layers is not None
    assert (consumer.preferred_layers.spatial_layer, consumer.priority) == (1, 9)


async def test_a_limit_of_videos_is_told_per_consumer(connect: Connect) -> None:
    _, bob, _, consumer_id = await watching(connect)
    await bob.request("setLastN", {"lastN": 0})
    await bob.hears("videoSuspended", consumerId=consumer_id)
    await bob.request("setLastN", {"lastN": None})
    await bob.hears("videoResumed", consumerId=consumer_id)


async def test_a_sender_that_asks_for_it_is_told_what_nobody_wants(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Demand.__init__, "__defaults__", (0.0,))
    ada = await connect("ada")
    await join(ada, dynacast=True)
    camera = await produce_video(ada)
    nothing = {"producerId": camera, "maxSpatialLayer": None, "paused": True}
    await ada.hears("producersPaused", producers=[nothing])
    bob = await connect("bob")
    await join(bob)
    await ada.hears("producersPaused", producers=[nothing | {"paused": False}])
    await bob.hears("newConsumer", producerId=camera)
    low = {"producerId": camera, "preferredLayers": {"spatialLayer": 0}}
    await bob.request("setSubscription", low)
    await ada.hears("producersPaused", producers=[{"producerId": camera, "maxSpatialLayer": 0, "paused": False}])


@pytest.mark.parametrize(
    ("method", "data", "reason"),
    [
        ("setSubscription", {}, "data: either auto or producerId is needed"),
        ("setSubscription", {"auto": True, "producerId": "p"}, "data: either auto or producerId is needed"),
        ("setSubscription", {"producerId": "p", "priority": 0}, "data.priority: "),
        ("setSubscription", {"producerId": "p", "preferredLayers": {"temporalLayer": 1}}, "data.preferredLayers: "),
        ("setLastN", {}, "data: "),
        ("setLastN", {"lastN": -1}, "data.lastN: "),
    ],
)
async def test_what_makes_no_sense_is_refused(connect: Connect, method: str, data: dict[str, Any], reason: str) -> None:
    bob = await connect("bob")
    await join(bob)
    with pytest.raises(Refused) as refused:
        await bob.request(method, data)
    assert refused.value.code == 400
    assert str(refused.value).startswith(reason)


async def test_what_is_not_there_can_not_be_chosen(connect: Connect) -> None:
    ada, _, camera, _ = await watching(connect)
    for id in (camera, "nothing"):
        with pytest.raises(Refused) as refused:
            await ada.request("setSubscription", {"producerId": id, "subscribed": True})
        assert (refused.value.code, refused.value.name) == (404, "not_found")
