"""Audio level observers; what all observers have in common is in test_rtp_observer.py."""

from __future__ import annotations

from typing import Any

import pytest

from app.mediasoup.audio_level_observer import AudioLevelObserver, AudioLevelVolume
from app.mediasoup.errors import InvalidValueError
from app.mediasoup.router import Router
from app.mediasoup.rtp_observer import RtpObserver
from app.mediasoup.webrtc_transport import WebRtcTransport

from .events import until
from .parameters import AUDIO
from .speech import speak, speaker


async def test_a_router_tells_of_its_new_observer(router: Router) -> None:
    told: list[RtpObserver] = []
    router.on_new_rtp_observer.add(told.append)
    observer = await router.create_audio_level_observer(max_entries=8, threshold=-60, app_data={"floor": 2})
    assert isinstance(observer, AudioLevelObserver)
    assert told == [observer]
    assert (observer.type, observer.closed, observer.paused) == ("audiolevel", False, False)
    assert observer.app_data == {"floor": 2}
    assert (await router.dump()).rtp_observer_ids == [observer.id]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_entries", 0),
        ("max_entries", -10),
        ("threshold", -128),
        ("threshold", 1),
        ("interval", 70_000),
        ("interval", "fast"),
    ],
)
async def test_a_wrong_option_names_the_field(router: Router, field: str, value: Any) -> None:
    with pytest.raises(InvalidValueError, match=field):
        await router.create_audio_level_observer(**{field: value})
    assert (await router.dump()).rtp_observer_ids == []


async def test_volumes_are_told_without_those_that_are_gone(router: Router, transport: WebRtcTransport) -> None:
    audio = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    observer = await router.create_audio_level_observer(max_entries=2)
    told: list[Any] = []
    observer.on_volumes.add(told.append)
    observer.on_silence.add(lambda: told.append("silence"))
    gone = {"producer_id": "gone", "volume": -20}
    # As the worker would say it, had it media.
    observer._notified("audiolevelobserver_volumes", {"volumes": [{"producer_id": audio.id, "volume": -30}, gone]})
    observer._notified("audiolevelobserver_volumes", {"volumes": [gone]})
    observer._notified("audiolevelobserver_silence", {})
    assert told == [[AudioLevelVolume(audio, -30)], "silence"]


async def test_the_loudest_are_told_and_then_the_silence(router: Router) -> None:
    transport = await router.create_direct_transport()
    loud, low, whisper = [await speaker(transport, ssrc) for ssrc in (1, 2, 3)]
    # The shortest interval that the worker has.
    observer = await router.create_audio_level_observer(max_entries=2, threshold=-70, interval=250)
    told: list[Any] = []
    observer.on_volumes.add(lambda volumes: told.append([(volume.producer, volume.volume) for volume in volumes]))
    observer.on_silence.add(lambda: told.append("silence"))
    for producer in (loud, low, whisper):
        await observer.add_producer(producer_id=producer.id)
    # All at once, so that it falls into one interval.
    for producer, level in ((low, -40), (whisper, -90), (loud, -20)):
        speak(producer, level=level)
    await until(lambda: "silence" in told)
    assert told == [[(loud, -20), (low, -40)], "silence"]
