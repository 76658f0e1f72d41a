"""Everybody's loudness is told, and a speaker who does not flap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mediasoup.audio_level_observer import AudioLevelObserver, AudioLevelVolume
from app.mediasoup.router import Router
from app.mediasoup.worker import Worker
from app.rtc.audio_levels import Speaker
from app.rtc.events import ActiveSpeaker
from app.rtc.subscription_events import AudioLevel, AudioLevelsTold
from tests.mediasoup.speech import speak, speaker

from .fakes import until
from .parameters import produce_audio
from .people import Arrive

rounds = st.lists(st.permutations("abc").flatmap(lambda order: st.integers(0, 3).map(lambda count: order[:count])))


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (["a", "ab", "ba", "ab", "ba", "ab"], "aaaaaa"),
        (["a", "ba", "ba"], "aab"),
        (["a", "b"], "ab"),
        (["ab", "ba", "ca", "ba", "cab"], "aaaaa"),
        (["a", "ba", "", "ba"], "aa-b"),
    ],
)
def test_the_speaker_of_each_round(heard: list[str], expected: str) -> None:
    current = Speaker()
    assert [current.hear(tuple(each)) or "-" for each in heard] == list(expected)


@given(rounds)
def test_somebody_speaks_when_anybody_is_heard_and_only_who_is(rounds: list[list[str]]) -> None:
    current = Speaker()
    for heard in rounds:
        before, now = current.current, current.hear(heard)
        assert now in heard if heard else now is None
        if heard and before == heard[0]:
            assert now == before


def observer_of(worker: Worker) -> tuple[Router, AudioLevelObserver]:
    (router,) = worker.routers.values()
    (observer,) = router.rtp_observers.values()
    assert isinstance(observer, AudioLevelObserver)
    return router, observer


async def test_all_who_are_heard_are_told_once_each_the_loudest_first(arrive: Arrive, worker: Worker) -> None:
    (ada, adas), (bob, bobs) = await arrive("ada"), await arrive("bob")
    speech, music, bobs_speech = await produce_audio(ada, 1), await produce_audio(ada, 2), await produce_audio(bob, 3)
    _, observer = observer_of(worker)
    observer.on_volumes.emit(
        [AudioLevelVolume(music, -10), AudioLevelVolume(bobs_speech, -20), AudioLevelVolume(speech, -30)]
    )
    observer.on_silence.emit()
    for client in (adas, bobs):
        assert client.all(AudioLevelsTold) == [
            AudioLevelsTold(levels=[AudioLevel(peer_id="ada", volume=-10), AudioLevel(peer_id="bob", volume=-20)]),
            AudioLevelsTold(levels=[]),
        ]
        assert client.all(ActiveSpeaker) == [ActiveSpeaker(peer_id="ada", volume=-10), ActiveSpeaker(peer_id=None)]


async def test_a_producer_that_just_closed_is_nobodys(arrive: Arrive, worker: Worker) -> None:
    ada, adas = await arrive("ada")
    producer = await produce_audio(ada)
    producer.close()
    observer_of(worker)[1].on_volumes.emit([AudioLevelVolume(producer, -10)])
    assert adas.all(AudioLevelsTold) == [AudioLevelsTold(levels=[])]


async def test_the_worker_hears_several_at_once(arrive: Arrive, worker: Worker) -> None:
    """With real packets, which carry their levels."""
    await arrive("ada")
    router, observer = observer_of(worker)
    told: list[dict[str, int]] = []
    observer.on_volumes.add(lambda volumes: told.append({each.producer.id: each.volume for each in volumes}))
    transport = await router.create_direct_transport()
    quiet, loud = await speaker(transport, 1), await speaker(transport, 2)
    for producer in (quiet, loud):
        await observer.add_producer(producer_id=producer.id)
    speak(quiet, level=-50)
    speak(loud, level=-10)
    await until(lambda: told)
    assert list(told[0].items()) == [(loud.id, -10), (quiet.id, -50)]
