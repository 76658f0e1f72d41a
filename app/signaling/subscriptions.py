"""The methods by which a client says what it wants to receive, and how."""

from __future__ import annotations

from app.errors import BadRequest
from app.mediasoup.data_structures import ConsumerLayers
from app.rtc.consumer_control import ConsumerControl, Pause
from app.rtc.peer import Peer
from app.rtc.room import Room

from . import schemas
from .methods import MethodTable

METHODS = MethodTable()
method = METHODS.method


# Of all


@method("setSubscription", schemas.SetSubscription, needs="subscribe")
async def set_subscription(room: Room, peer: Peer, data: schemas.SetSubscription) -> None:
    if (data.auto is None) == (data.producer_id is None):
        raise BadRequest("data: either auto or producerId is needed")
    if data.auto is not None:
        peer.media.subscriber.consume_all(data.auto)
    elif data.producer_id is not None:
        await _choose(peer, data.producer_id, data)


@method("setLastN", schemas.SetLastN, needs="subscribe")
def set_last_n(room: Room, peer: Peer, data: schemas.SetLastN) -> None:
    peer.media.subscriber.limit_videos(data.last_n)


async def _choose(peer: Peer, producer_id: str, data: schemas.SetSubscription) -> None:
    choice = peer.media.subscriber.choice_to_edit(producer_id)
    if data.subscribed is not None:
        choice.subscribed = data.subscribed
    if isinstance(data.preferred_layers, schemas.PreferredLayers):
        choice.layers = _layers(data.preferred_layers)
    elif data.preferred_layers is None:
        choice.layers = None
    if data.priority is not None:
        choice.priority = data.priority
    if data.visible is not None:
        choice.visible = data.visible
    await peer.media.subscriber.choose(producer_id)


# Of one consumer


@method("pauseConsumer", schemas.OfConsumer, ordered_by="consumer_id", needs="subscribe")
async def pause_consumer(room: Room, peer: Peer, data: schemas.OfConsumer) -> None:
    control = _control(peer, data.consumer_id)
    control.pause(Pause.CLIENT)
    await control.settled()


@method("resumeConsumer", schemas.OfConsumer, ordered_by="consumer_id", needs="subscribe")
async def resume_consumer(room: Room, peer: Peer, data: schemas.OfConsumer) -> None:
    control = _control(peer, data.consumer_id)
    control.pause(Pause.CLIENT, False)
    await control.settled()


@method("setConsumerPreferredLayers", schemas.SetConsumerPreferredLayers, ordered_by="consumer_id", needs="subscribe")
async def set_consumer_preferred_layers(room: Room, peer: Peer, data: schemas.SetConsumerPreferredLayers) -> None:
    producer_id = _producer_of(peer, data.consumer_id)
    peer.media.subscriber.choice_to_edit(producer_id).layers = _layers(data)
    await peer.media.subscriber.choose(producer_id)


@method("setConsumerPriority", schemas.SetConsumerPriority, ordered_by="consumer_id", needs="subscribe")
async def set_consumer_priority(room: Room, peer: Peer, data: schemas.SetConsumerPriority) -> None:
    producer_id = _producer_of(peer, data.consumer_id)
    peer.media.subscriber.choice_to_edit(producer_id).priority = data.priority
    await peer.media.subscriber.choose(producer_id)


@method("requestConsumerKeyFrame", schemas.OfConsumer, ordered_by="consumer_id", needs="subscribe", put_down="nothing")
async def request_consumer_key_frame(room: Room, peer: Peer, data: schemas.OfConsumer) -> None:
    await peer.media.subscriber.consumers.get(data.consumer_id).request_key_frame()


def _producer_of(peer: Peer, consumer_id: str) -> str:
    """Give the id by which all know a consumer's producer: of one that came from elsewhere it is not the worker's."""
    subscriber = peer.media.subscriber
    return subscriber.source_of(subscriber.consumers.get(consumer_id).id)[1].id


def _control(peer: Peer, consumer_id: str) -> ConsumerControl:
    return peer.media.subscriber.control(consumer_id)


def _layers(layers: schemas.PreferredLayers | schemas.SetConsumerPreferredLayers) -> ConsumerLayers:
    return ConsumerLayers(spatial_layer=layers.spatial_layer, temporal_layer=layers.temporal_layer)
