"""A consumer ends as it was wished last, however the wishes come."""

from __future__ import annotations

import asyncio
import random

import pytest
from loguru import logger
from msgspec.structs import replace

from app.mediasoup.consumer import Consumer
from app.mediasoup.data_structures import ConsumerLayers
from app.mediasoup.errors import RequestTimeoutError
from app.mediasoup.supported_rtp_capabilities import DEPENDENCY_DESCRIPTOR
from app.rtc.consumer_control import ConsumerControl, Pause
from app.rtc.events import ConsumerScoreChanged
from app.rtc.room import Room

from .parameters import produce_audio, produce_simulcast, scalable, sending_transport
from .people import Arrive

LOW = ConsumerLayers(spatial_layer=0, temporal_layer=1)


@pytest.fixture
async def control(arrive: Arrive) -> ConsumerControl:
    """A consumer of a camera with three layers, whose client is ready."""
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    await produce_simulcast(ada)
    ready = await bobs.hears(ConsumerScoreChanged)
    return bob.media.subscriber.control(ready.consumer_id)


async def paused(consumer: Consumer) -> bool:
    """Ask the worker itself."""
    return (await consumer.dump()).paused


async def test_it_flows_only_when_no_reason_to_pause_is_left(control: ConsumerControl) -> None:
    assert not await paused(control.consumer)
    control.pause(Pause.CLIENT)
    control.pause(Pause.HIDDEN)
    await control.settled()
    assert await paused(control.consumer)
    control.pause(Pause.CLIENT, False)
    await control.settled()
    assert await paused(control.consumer)
    control.pause(Pause.HIDDEN, False)
    await control.settled()
    assert not await paused(control.consumer)


async def test_what_was_wished_last_holds_after_a_storm(control: ConsumerControl) -> None:
    chance = random.Random(5)
    for _ in range(300):
        control.pause(chance.choice([Pause.CLIENT, Pause.HIDDEN, Pause.SUSPENDED]), chance.random() < 0.5)
        control.prefer(chance.choice([LOW, None, ConsumerLayers(spatial_layer=1, temporal_layer=0)]))
        control.prioritize(chance.randint(1, 255))
        # Sometimes the worker answers in between.
        await asyncio.sleep(chance.choice([0, 0, 0, 0.001]))
    for reason in (Pause.CLIENT, Pause.HIDDEN, Pause.SUSPENDED):
        control.pause(reason, False)
    control.prefer(LOW)
    control.prioritize(7)
    await control.settled()
    consumer = control.consumer
    assert not await paused(consumer)
    assert (consumer.preferred_layers, consumer.priority) == (LOW, 7)


async def test_a_wish_that_is_taken_back_at_once_costs_nothing(
    control: ConsumerControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Consumer, "pause")
    control.pause(Pause.HIDDEN)
    control.pause(Pause.HIDDEN, False)
    await control.settled()
    assert not control.consumer.paused


async def test_no_preference_means_all_layers(control: ConsumerControl) -> None:
    control.prefer(LOW)
    await control.settled()
    control.prefer(None)
    await control.settled()
    assert control.consumer.preferred_layers == ConsumerLayers(spatial_layer=2, temporal_layer=2)


@pytest.mark.parametrize(
    ("mime_type", "knows_descriptor", "most"),
    [("video/AV1", True, 2), ("video/AV1", False, 0), ("video/VP9", False, 2)],
)
async def test_who_can_not_tell_the_layers_of_av1_apart_gets_its_smallest_size(
    room: Room, arrive: Arrive, mime_type: str, knows_descriptor: bool, most: int
) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    known = [e for e in room.rtp_capabilities.header_extensions if knows_descriptor or e.uri != DEPENDENCY_DESCRIPTOR]
    bob.media.subscriber.rtp_capabilities = replace(room.rtp_capabilities, header_extensions=known)
    await ada.media.produce(
        transport_id=sending_transport(ada), kind="video", rtp_parameters=scalable(3333, mime_type), app_data={}
    )
    control = bob.media.subscriber.control((await bobs.hears(ConsumerScoreChanged)).consumer_id)

    async def preferred() -> ConsumerLayers | None:
        await control.settled()
        return control.consumer.preferred_layers

    assert await preferred() == ConsumerLayers(spatial_layer=most, temporal_layer=2)
    control.prefer(ConsumerLayers(spatial_layer=1, temporal_layer=1))
    assert await preferred() == ConsumerLayers(spatial_layer=min(1, most), temporal_layer=1)
    control.prefer(None)
    assert await preferred() == ConsumerLayers(spatial_layer=most, temporal_layer=2)


async def test_sound_has_no_layers_to_prefer(arrive: Arrive) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    await produce_audio(ada)
    control = bob.media.subscriber.control((await bobs.hears(ConsumerScoreChanged)).consumer_id)
    control.prefer(LOW)
    await control.settled()
    assert control.consumer.preferred_layers is None


async def test_a_refusal_reaches_who_waits_is_logged_and_does_not_last(
    control: ConsumerControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise RequestTimeoutError("no answer")

    lines: list[str] = []
    sink = logger.add(lines.append, level="INFO", format="{message}")
    with monkeypatch.context() as patch:
        patch.setattr(Consumer, "set_priority", refuse)
        control.prioritize(9)
        with pytest.raises(RequestTimeoutError):
            await control.settled()
    logger.remove(sink)
    assert lines == [f"consumer {control.consumer.id} is not as wished: no answer\n"]
    await control.settled()
    control.pause(Pause.CLIENT)
    await control.settled()
    assert (control.consumer.priority, control.consumer.paused) == (1, True)


async def test_wishes_of_a_closed_consumer_are_idle(control: ConsumerControl) -> None:
    control.pause(Pause.CLIENT)
    control.consumer.close()
    control.pause(Pause.CLIENT, False)
    control.prioritize(3)
    await control.settled()
