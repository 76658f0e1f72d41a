"""Active speaker observers; what all observers have in common is in test_rtp_observer.py."""

from __future__ import annotations

from typing import Any

import pytest

from app.mediasoup.active_speaker_observer import ActiveSpeakerObserver
from app.mediasoup.errors import InvalidValueError
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_observer import RtpObserver
from app.mediasoup.webrtc_transport import WebRtcTransport

from .events import until
from .parameters import AUDIO
from .speech import speak, speaker


async def test_a_router_tells_of_its_new_observer(router: Router) -> None:
    told: list[RtpObserver] = []
    router.on_new_rtp_observer.add(told.append)
    observer = await router.create_active_speaker_observer(interval=500, app_data={"floor": 2})
    assert isinstance(observer, ActiveSpeakerObserver)
    assert told == [observer]
    assert (observer.type, observer.closed, observer.paused) == ("activespeaker", False, False)
    assert observer.app_data == {"floor": 2}
    assert (await router.dump()).rtp_observer_ids == [observer.id]


@pytest.mark.parametrize("interval", [-1, 65_536, "fast", 0.5])
async def test_a_wrong_interval_names_the_field(router: Router, interval: Any) -> None:
    with pytest.raises(InvalidValueError, match="interval"):
        await router.create_active_speaker_observer(interval=interval)
    assert (await router.dump()).rtp_observer_ids == []


async def test_the_speaker_is_told_unless_gone(router: Router, transport: WebRtcTransport) -> None:
    audio = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    observer = await router.create_active_speaker_observer()
    told: list[Producer] = []
    observer.on_dominant_speaker.add(told.append)
    # As the worker would say it, had it media.
    for producer_id in (audio.id, "gone"):
        observer._notified("activespeakerobserver_dominant_speaker", {"producer_id": producer_id})
    assert told == [audio]


async def test_who_speaks_is_told(router: Router) -> None:
    observer = await router.create_active_speaker_observer(interval=100)
    producer = await speaker(await router.create_direct_transport(), 1)
    told: list[Producer] = []
    observer.on_dominant_speaker.add(told.append)
    await observer.add_producer(producer_id=producer.id)
    speak(producer, level=-20)
    await until(lambda: told)
    assert told == [producer]
