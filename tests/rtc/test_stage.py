"""There is room for the cameras of those who spoke last."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from app.mediasoup.audio_level_observer import AudioLevelObserver, AudioLevelVolume
from app.mediasoup.producer import Producer
from app.mediasoup.worker import Worker
from app.rtc.events import ConsumerPaused, ConsumerResumed, ConsumerScoreChanged, NewConsumer
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.subscription_events import VideoResumed, VideoSuspended

from .fakes import FakeClient, until
from .parameters import produce_audio, produce_video
from .people import Arrive, Person, client_of

NAMES = ("ada", "bob", "cleo", "dan")


@pytest.fixture
async def people(arrive: Arrive) -> dict[str, Person]:
    """Four with cameras, and Eve who watches."""
    people = {name: await arrive(name) for name in NAMES}
    for number, (peer, _) in enumerate(people.values()):
        await produce_video(peer, 100 + number)
    people["eve"] = await arrive("eve")
    for name, (peer, client) in people.items():
        await seen_all(client, 3 if name in NAMES else 4)
        assert shown(peer) == set(NAMES) - {name}
    return people


async def seen_all(client: FakeClient, count: int) -> None:
    await until(lambda: len({each.consumer_id for each in client.all(ConsumerScoreChanged)}) == count)


def shown(peer: Peer) -> set[str]:
    """Whose video flows to this peer, so far as the worker has followed."""
    client = client_of(peer)
    owners = {question.id: question.peer_id for question in client.all(NewConsumer)}
    return {owners[each.id] for each in peer.media.subscriber.consumers if each.kind == "video" and not each.paused}


async def sees(peer: Peer, names: Iterable[str]) -> None:
    expected = set(names)
    await until(lambda: shown(peer) == expected)


async def speak(room: Room, worker: Worker, person: Person, ssrc: int) -> Producer:
    """Have somebody be the loudest."""
    producer = await produce_audio(person[0], ssrc)
    loudness(worker).on_volumes.emit([AudioLevelVolume(producer, -20)])
    return producer


def loudness(worker: Worker) -> AudioLevelObserver:
    (router,) = worker.routers.values()
    (observer,) = (each for each in router.rtp_observers.values() if isinstance(each, AudioLevelObserver))
    return observer


async def test_a_client_limits_its_own_videos(people: dict[str, Person]) -> None:
    (ada, _), (eve, eves) = people["ada"], people["eve"]
    eve.media.subscriber.limit_videos(2)
    await sees(eve, {"ada", "bob"})
    assert len(eves.all(VideoSuspended)) == 2
    await sees(ada, {"bob", "cleo", "dan"})
    eve.media.subscriber.limit_videos(None)
    await sees(eve, NAMES)
    assert {each.consumer_id for each in eves.all(VideoResumed)} == {
        each.consumer_id for each in eves.all(VideoSuspended)
    }


async def test_who_speaks_is_seen_and_who_was_silent_longest_is_not(
    people: dict[str, Person], room: Room, worker: Worker
) -> None:
    eve, _ = people["eve"]
    room.adjust(None, last_n=2)
    await sees(eve, {"ada", "bob"})
    await speak(room, worker, people["dan"], 1)
    await sees(eve, {"ada", "dan"})
    # Nobody counts for oneself.
    await sees(people["dan"][0], {"ada", "bob"})
    await speak(room, worker, people["cleo"], 2)
    await sees(eve, {"cleo", "dan"})


async def test_the_lower_of_both_limits_holds(people: dict[str, Person], room: Room) -> None:
    eve, _ = people["eve"]
    room.adjust(None, last_n=3)
    eve.media.subscriber.limit_videos(1)
    await sees(eve, {"ada"})
    room.adjust(None, last_n=0)
    await sees(eve, set())
    eve.media.subscriber.limit_videos(100)
    room.adjust(None, last_n=2)
    await sees(eve, {"ada", "bob"})


async def test_who_turns_the_camera_off_or_leaves_makes_room(people: dict[str, Person]) -> None:
    (ada, _), (bob, _), (eve, eves) = people["ada"], people["bob"], people["eve"]
    eve.media.subscriber.limit_videos(2)
    await sees(eve, {"ada", "bob"})
    (camera,) = ada.media.producers
    await camera.pause()
    await eves.hears(ConsumerPaused)
    await sees(eve, {"ada", "bob", "cleo"})
    await camera.resume()
    await eves.hears(ConsumerResumed)
    await sees(eve, {"ada", "bob"})
    bob.close()
    await sees(eve, {"ada", "cleo"})


async def test_screens_are_not_counted(people: dict[str, Person]) -> None:
    (dan, _), (eve, eves) = people["dan"], people["eve"]
    eve.media.subscriber.limit_videos(0)
    await sees(eve, set())
    screen = await produce_video(dan, 900, source="screen_share")
    await eves.hears(NewConsumer, producer_id=screen.id)
    await sees(eve, {"dan"})


async def test_a_new_camera_that_is_one_too_many_does_not_start(people: dict[str, Person], arrive: Arrive) -> None:
    eve, eves = people["eve"]
    eve.media.subscriber.limit_videos(4)
    fay, _ = await arrive("fay")
    camera = await produce_video(fay, 700)
    question = await eves.hears(NewConsumer, producer_id=camera.id)
    await eves.hears(VideoSuspended, consumer_id=question.id)
    await eves.hears(ConsumerScoreChanged, consumer_id=question.id)
    assert eve.media.subscriber.consumers.get(question.id).paused
    await sees(eve, NAMES)
