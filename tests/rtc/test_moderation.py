"""What is done to those in a room, and what they and the others are told of it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable

import pytest

from app.errors import NotAllowed, NotFound
from app.mediasoup.errors import RequestTimeoutError
from app.mediasoup.producer import Producer
from app.rtc.admission import Ban
from app.rtc.events import (
    Actor,
    ConsumerClosed,
    ConsumerPaused,
    ConsumerScoreChanged,
    DataMessage,
    Farewell,
    NewConsumer,
    PeerClosed,
)
from app.rtc.moderation_events import (
    MutedByModerator,
    ProducerClosed,
    Removed,
    UnmutedByModerator,
)
from app.rtc.peer import Peer
from app.rtc.room import Room

from .fakes import until
from .parameters import audio, produce_audio, produce_video, sending_transport, video
from .people import ANYBODY, Arrive, enter, speak

HOST = Actor(peer_id="host", name="Host")


@pytest.fixture
def quiet_room(room: Room) -> Room:
    """A room in which only moderators unmute."""
    room.configure(dataclasses.replace(room.config, unmute_allowed=False))
    return room


# Muting and stopping.


async def test_who_is_muted_is_told_by_whom_and_may_unmute(arrive: Arrive, room: Room) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_audio(ada)
    await bobs.hears(ConsumerScoreChanged)
    await room.mute("ada", producer.id, True, HOST)
    assert producer.paused
    assert adas.all(MutedByModerator) == [
        MutedByModerator(producer_id=producer.id, source="microphone", may_unmute=True, by=HOST)
    ]
    await bobs.hears(ConsumerPaused)
    await room.resume(ada, producer.id)
    assert not producer.paused


async def test_where_only_moderators_unmute_there_is_no_way_around(arrive: Arrive, quiet_room: Room) -> None:
    ada, adas = await arrive("ada")
    producer = await speak(quiet_room, ada)
    await quiet_room.mute("ada", producer.id, True, HOST)
    assert not adas.all(MutedByModerator)[0].may_unmute
    with pytest.raises(NotAllowed):
        await quiet_room.resume(ada, producer.id)
    producer.close()
    with pytest.raises(NotAllowed):
        await speak(quiet_room, ada, 2)
    ada.close()
    again, _ = await arrive("ada")
    with pytest.raises(NotAllowed):
        await speak(quiet_room, again)
    assert not again.media.producers


@pytest.mark.parametrize("source", ["microphone", "screen_share_audio", "Microphone", "a violin"])
async def test_who_is_muted_for_good_is_not_heard_under_another_name(
    arrive: Arrive, quiet_room: Room, source: str
) -> None:
    ada, _ = await arrive("ada")
    heard = await produce_audio(ada, 1, source=source)
    await quiet_room.mute_sound("ada", HOST)
    with pytest.raises(NotAllowed, match="a moderator muted your microphone"):
        await quiet_room.resume(ada, heard.id)
    for each in ("microphone", "screen_share_audio", "Microphone", "another violin"):
        with pytest.raises(NotAllowed):
            await quiet_room.produce(
                ada,
                transport_id=sending_transport(ada),
                kind="audio",
                rtp_parameters=audio(2),
                app_data={"source": each},
            )
    await quiet_room.produce(
        ada, transport_id=sending_transport(ada), kind="video", rtp_parameters=video(3), app_data={}
    )


async def test_whom_a_moderator_unmutes_is_heard_whatever_the_client_calls_it(arrive: Arrive, quiet_room: Room) -> None:
    ada, _ = await arrive("ada")
    violin = await produce_audio(ada, source="a violin")
    await quiet_room.mute_sound("ada", HOST)
    await quiet_room.mute("ada", violin.id, False, HOST)
    await quiet_room.resume(ada, violin.id)
    assert not violin.paused


async def test_to_unmute_is_to_allow_it_and_no_more(arrive: Arrive, quiet_room: Room) -> None:
    ada, adas = await arrive("ada")
    producer = await speak(quiet_room, ada)
    await quiet_room.mute("ada", producer.id, True, HOST)
    await quiet_room.mute("ada", producer.id, False, HOST)
    assert producer.paused
    assert adas.all(UnmutedByModerator) == [UnmutedByModerator(producer_id=producer.id, source="microphone", by=HOST)]
    await quiet_room.resume(ada, producer.id)
    assert not producer.paused


async def test_who_spoke_again_is_not_held_to_an_earlier_mute(arrive: Arrive, room: Room) -> None:
    (ada, _), (bob, _) = await arrive("ada"), await arrive("bob")
    for peer in (ada, bob):
        await room.mute(peer.id, (await speak(room, peer)).id, True, HOST)
    (first,) = ada.media.producers
    await room.resume(ada, first.id)
    (other,) = bob.media.producers
    other.close()
    again = await speak(room, bob, 2)
    room.configure(dataclasses.replace(room.config, unmute_allowed=False))
    for peer, producer in ((ada, first), (bob, again)):
        await producer.pause()
        await room.resume(peer, producer.id)


async def test_a_mute_that_meets_a_resume_stays(arrive: Arrive, quiet_room: Room) -> None:
    ada, _ = await arrive("ada")
    producer = await speak(quiet_room, ada)
    await producer.pause()
    await asyncio.gather(quiet_room.resume(ada, producer.id), quiet_room.mute("ada", producer.id, True, HOST))
    assert producer.paused
    with pytest.raises(NotAllowed):
        await quiet_room.resume(ada, producer.id)


async def test_a_mute_that_meets_a_new_microphone_stays(arrive: Arrive, quiet_room: Room) -> None:
    ada, _ = await arrive("ada")
    speaking = asyncio.create_task(speak(quiet_room, ada))
    await asyncio.sleep(0)
    await quiet_room.mute_sound("ada", HOST)
    with pytest.raises(NotAllowed):
        await speaking
    assert not ada.media.producers


async def test_all_are_muted_but_who_wants_it(arrive: Arrive, quiet_room: Room) -> None:
    (ada, _), (host, _), (bob, _) = await arrive("ada"), await arrive("host"), await arrive("bob")
    adas, hosts = await produce_audio(ada), await produce_audio(host)
    picture = await produce_video(ada, 3)
    await quiet_room.mute_all(HOST)
    assert (adas.paused, hosts.paused, picture.paused) == (True, False, False)
    # Bob's microphone was off, and is not to go on.
    with pytest.raises(NotAllowed):
        await speak(quiet_room, bob)
    quiet_room.unmute("bob", HOST)
    await speak(quiet_room, bob)


async def test_one_who_can_not_be_muted_does_not_save_the_others(
    arrive: Arrive, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ada, _), (bob, _) = await arrive("ada"), await arrive("bob")
    stuck, other = await produce_audio(ada), await produce_audio(bob)
    pause = Producer.pause

    async def pause_others(self: Producer) -> None:
        if self is stuck:
            raise RequestTimeoutError("not in time")
        await pause(self)

    monkeypatch.setattr(Producer, "pause", pause_others)
    await room.mute_all(HOST)
    assert other.paused


@pytest.mark.parametrize(
    ("stop", "stopped"),
    [
        (Room.stop_video, ["camera", "share"]),
        (Room.stop_screen_share, ["screen_share", "screen_share_audio"]),
    ],
)
async def test_pictures_are_stopped_and_may_start_again(
    arrive: Arrive, room: Room, stop: Callable[[Room, str, Actor], None], stopped: list[str]
) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    await produce_audio(ada, 1)
    for ssrc, source in enumerate(("camera", "screen_share", "share"), 2):
        await produce_video(ada, ssrc, source=source)
    await produce_audio(ada, 9, source="screen_share_audio")
    await until(lambda: len(bobs.all(NewConsumer)) == 5)
    stop(room, "ada", HOST)
    closed = adas.all(ProducerClosed)
    assert [each.source for each in closed] == stopped
    assert {(each.reason, each.by) for each in closed} == {("stopped-by-moderator", HOST)}
    await until(lambda: len(bobs.all(ConsumerClosed)) == 2)
    assert len(ada.media.producers) == 3


# Sending away.


async def test_who_is_removed_is_told_why_and_the_others_that_it_left(arrive: Arrive, room: Room) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    left: list[tuple[Peer, str]] = []
    room.on_leave.add(lambda peer, reason: left.append((peer, reason)))
    room.remove("ada", HOST)
    assert adas.all(Removed) == [Removed(reason="removed", by=HOST)]
    assert (adas.farewell, ada.closed, left) == (Farewell.REMOVED, True, [(ada, "removed")])
    assert bobs.all(PeerClosed) == [PeerClosed(peer_id="ada")]
    enter(room, "ada")


async def test_a_ban_sends_all_away_whom_it_is_about(arrive: Arrive, room: Room) -> None:
    bans: list[tuple[Ban, Actor]] = []
    room.on_ban.add(lambda ban, by: bans.append((ban, by)))
    (_, adas), (_, bobs) = await arrive("ada", token_id="t1"), await arrive("bob", token_id="t1")
    _, cleos = await arrive("cleo", token_id="t2")
    room.ban(("token", "t1"), HOST)
    assert (adas.farewell, bobs.farewell, cleos.farewell) == (Farewell.BANNED, Farewell.BANNED, None)
    assert bans == []
    room.ban_peer("cleo", HOST)
    assert cleos.all(Removed) == [Removed(reason="banned", by=HOST)]
    assert bans == [(("identity", "cleo"), HOST)]


@pytest.mark.parametrize(
    "act",
    [
        lambda room: room.remove("nobody", HOST),
        lambda room: room.ban_peer("nobody", HOST),
        lambda room: room.stop_video("nobody", HOST),
        lambda room: room.stop_screen_share("nobody", HOST),
        lambda room: room.change_grants("nobody", ANYBODY),
    ],
)
async def test_nobody_is_not_found(room: Room, act: Callable[[Room], None]) -> None:
    with pytest.raises(NotFound):
        act(room)


@pytest.mark.parametrize(
    "act",
    [
        lambda room: room.mute("nobody", "p", True, HOST),
        lambda room: room.mute("ada", "p", True, HOST),
        lambda room: room.mute_sound("nobody", HOST),
    ],
)
async def test_what_is_not_there_is_not_muted(
    arrive: Arrive, room: Room, act: Callable[[Room], Awaitable[None]]
) -> None:
    await arrive("ada")
    with pytest.raises(NotFound):
        await act(room)


async def test_data_go_to_all_or_to_some(arrive: Arrive, room: Room) -> None:
    (_, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    _, cleos = enter(room, "cleo")
    assert room.send_data("hello", "greetings") == 2
    assert room.send_data("psst", "secrets", to=["bob", "nobody"]) == 1
    assert [each.payload for each in adas.all(DataMessage)] == ["hello"]
    assert [(each.payload, each.topic) for each in bobs.all(DataMessage)] == [
        ("hello", "greetings"),
        ("psst", "secrets"),
    ]
    assert cleos.all(DataMessage) == []
