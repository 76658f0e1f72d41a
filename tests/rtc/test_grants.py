"""Grants that change while people are in the room, and what they do and see then."""

from __future__ import annotations

import asyncio

import pytest

from app.auth.grants import Grants
from app.errors import NotAllowed
from app.mediasoup.data_structures import SctpStreamParameters
from app.rtc.events import (
    Actor,
    ConsumerClosed,
    ConsumerScoreChanged,
    DataConsumerClosed,
    NewConsumer,
    NewDataConsumer,
    NewPeer,
    PeerClosed,
    PeerDisplayNameChanged,
)
from app.rtc.moderation_events import DataProducerClosed, PermissionsChanged, ProducerClosed
from app.rtc.peer import Peer
from app.rtc.room import Room

from .fakes import until
from .parameters import produce_audio, produce_chat, produce_video, sending_transport
from .people import ANYBODY, Arrive, enter, join, speak

HOST = Actor(peer_id="host", name="Host")


async def test_who_loses_a_source_stops_sending_it(arrive: Arrive, room: Room) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    sound, picture = await produce_audio(ada), await produce_video(ada)
    grants = Grants(can_publish_sources=frozenset({"microphone"}))
    room.change_grants("ada", grants, HOST)
    assert (sound.closed, picture.closed) == (False, True)
    told = PermissionsChanged(permissions=grants.to_claim(), role=None, by=HOST)
    assert adas.all(PermissionsChanged) == [told]
    assert adas.all(ProducerClosed) == [
        ProducerClosed(producer_id=picture.id, source="camera", reason="permissions-changed", by=HOST)
    ]
    assert bobs.all(PermissionsChanged) == []


async def test_who_may_not_send_data_any_more_does_not(arrive: Arrive, room: Room) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    data_producer = await produce_chat(ada)
    question = await bobs.hears(NewDataConsumer)
    room.change_grants("ada", Grants(can_publish_data=False), HOST)
    assert adas.all(DataProducerClosed) == [
        DataProducerClosed(data_producer_id=data_producer.id, reason="permissions-changed", by=HOST)
    ]
    await bobs.hears(DataConsumerClosed, data_consumer_id=question.id)


async def test_what_is_on_its_way_when_the_right_goes_does_not_arrive(arrive: Arrive, room: Room) -> None:
    (ada, _), (_, bobs) = await arrive("ada"), await arrive("bob")
    speaking = asyncio.create_task(speak(room, ada))
    await asyncio.sleep(0)
    room.change_grants("ada", Grants(can_publish=False), HOST)
    with pytest.raises(NotAllowed):
        await speaking
    room.change_grants("ada", Grants(), HOST)
    await speak(room, ada, 2)
    await bobs.hears(ConsumerScoreChanged)
    assert len(bobs.all(NewConsumer)) == 1


async def test_who_may_not_receive_gets_nothing_and_all_of_it_again_when_it_may(arrive: Arrive, room: Room) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    await produce_audio(ada, 1)
    await produce_chat(ada)
    first, data = await bobs.hears(NewConsumer), await bobs.hears(NewDataConsumer)
    room.change_grants("bob", Grants(can_subscribe=False), HOST)
    assert bobs.all(ConsumerClosed) == [ConsumerClosed(consumer_id=first.id)]
    assert bobs.all(DataConsumerClosed) == [DataConsumerClosed(data_consumer_id=data.id)]
    assert (len(bob.media.subscriber.consumers), len(bob.media.data_subscriber.consumers)) == (0, 0)
    await produce_audio(ada, 2)
    room.change_grants("bob", Grants(), HOST)
    await until(lambda: len(bobs.all(NewConsumer)) == 3 and len(bobs.all(NewDataConsumer)) == 2)
    assert len(bob.media.subscriber.consumers) == 2


async def test_who_came_without_the_right_to_receive_gets_nothing(arrive: Arrive, room: Room) -> None:
    (ada, _), (_, bobs), (_, cleos) = (
        await arrive("ada"),
        await arrive("bob", Grants(can_subscribe=False)),
        await arrive("cleo"),
    )
    await produce_audio(ada)
    await cleos.hears(ConsumerScoreChanged)
    assert bobs.all(NewConsumer) == []
    room.change_grants("bob", Grants(), HOST)
    await bobs.hears(NewConsumer, peer_id="ada")


async def test_taking_and_giving_at_once_leaves_one_consumer_of_each(arrive: Arrive, room: Room) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    await produce_audio(ada)
    # The first consumer is on its way now.
    for _ in range(3):
        await asyncio.sleep(0)
        room.change_grants("bob", Grants(can_subscribe=False), HOST)
        room.change_grants("bob", Grants(), HOST)
    await bobs.hears(ConsumerScoreChanged)
    assert len(bob.media.subscriber.consumers) == 1


async def test_the_hidden_are_seen_by_nobody(arrive: Arrive, room: Room) -> None:
    _, adas = await arrive("ada")
    spy, spys = await arrive("spy", Grants(hidden=True, can_update_own_metadata=True))
    late, _ = enter(room, "late")
    assert join(room, late) == ["ada"]
    with pytest.raises(NotAllowed):
        await speak(room, spy)
    assert [each.id for each in spys.all(NewPeer)] == ["late"]
    room.rename(spy, "Nobody")
    spy.close()
    assert [each.id for each in adas.all(NewPeer)] == ["late"]
    assert (adas.all(PeerClosed), adas.all(PeerDisplayNameChanged)) == ([], [])


async def test_who_becomes_hidden_leaves_for_the_others_and_comes_back(arrive: Arrive, room: Room) -> None:
    (_, adas), (bob, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_audio(bob)
    room.change_grants("bob", Grants(hidden=True), HOST)
    assert producer.closed
    room.change_grants("bob", Grants(), HOST)
    seen = [type(each) for each in adas.heard if isinstance(each, NewPeer | PeerClosed)]
    assert seen == [NewPeer, PeerClosed, NewPeer]
    assert bobs.all(PeerClosed) == []


async def test_what_changes_nothing_is_not_told_and_a_new_role_is(arrive: Arrive, room: Room) -> None:
    ada, adas = await arrive("ada", role="member")
    room.change_grants("ada", ANYBODY, HOST)
    assert adas.all(PermissionsChanged) == []
    room.change_grants("ada", ANYBODY, HOST, role="moderator")
    assert (ada.role, adas.all(PermissionsChanged)[0].role) == ("moderator", "moderator")


async def test_who_is_hidden_sends_no_data_and_neither_does_who_loses_the_right_meanwhile(
    arrive: Arrive, room: Room
) -> None:
    (spy, _), (ada, _) = await arrive("spy", Grants(hidden=True)), await arrive("ada")
    with pytest.raises(NotAllowed):
        await open_channel(room, spy)
    opening = asyncio.create_task(open_channel(room, ada))
    await asyncio.sleep(0)
    room.change_grants("ada", Grants(can_publish_data=False), HOST)
    with pytest.raises(NotAllowed):
        await opening
    assert not ada.media.data_producers


async def open_channel(room: Room, peer: Peer) -> None:
    """Send data, as far as that is allowed."""
    await room.produce_data(
        peer,
        transport_id=sending_transport(peer),
        sctp_stream_parameters=SctpStreamParameters(stream_id=0, ordered=True),
        label="chat",
        protocol="",
        app_data={},
    )
