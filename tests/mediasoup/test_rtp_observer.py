"""What all observers of a router's audio have in common."""

from __future__ import annotations

import pytest

from app.mediasoup.errors import InvalidStateError, NotFoundError
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_observer import RtpObserver
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker

from .events import record
from .parameters import AUDIO


@pytest.fixture(params=["active speaker", "audio level"])
async def observer(request: pytest.FixtureRequest, router: Router) -> RtpObserver:
    if request.param == "active speaker":
        return await router.create_active_speaker_observer()
    return await router.create_audio_level_observer()


@pytest.fixture
async def audio(transport: WebRtcTransport) -> Producer:
    return await transport.produce(kind="audio", rtp_parameters=AUDIO)


async def test_an_observer_belongs_to_its_router(router: Router, observer: RtpObserver) -> None:
    assert router.rtp_observers == {observer.id: observer}
    assert (await router.dump()).rtp_observer_ids == [observer.id]
    assert not observer.paused


async def test_producers_are_added_and_removed(router: Router, observer: RtpObserver, audio: Producer) -> None:
    events = record(add=observer.on_add_producer, remove=observer.on_remove_producer)
    await observer.add_producer(producer_id=audio.id)
    assert (await router.dump()).map_producer_id_observer_ids == {audio.id: [observer.id]}
    await observer.remove_producer(producer_id=audio.id)
    assert (await router.dump()).map_producer_id_observer_ids == {audio.id: []}
    assert events == ["add", "remove"]
    with pytest.raises(NotFoundError, match="no producer chicken"):
        await observer.add_producer(producer_id="chicken")


async def test_pausing_and_resuming_are_told_when_they_change_something(observer: RtpObserver) -> None:
    events = record(pause=observer.on_pause, resume=observer.on_resume)
    await observer.pause()
    await observer.pause()
    assert observer.paused
    await observer.resume()
    await observer.resume()
    assert events == ["pause", "resume"]


async def test_a_closed_observer_is_gone(router: Router, observer: RtpObserver) -> None:
    events = record(close=observer.on_close)
    observer.close()
    observer.close()
    assert (events, router.rtp_observers) == (["close"], {})
    assert (await router.dump()).rtp_observer_ids == []
    with pytest.raises(InvalidStateError):
        await observer.pause()


async def test_an_observer_ends_with_its_router(router: Router, observer: RtpObserver) -> None:
    events = record(router=observer.on_router_close, close=observer.on_close)
    router.close()
    assert events == ["router", "close"]
    with pytest.raises(InvalidStateError):
        await observer.pause()


async def test_an_observer_ends_with_its_worker(worker: Worker, observer: RtpObserver) -> None:
    events = record(router=observer.on_router_close, close=observer.on_close)
    worker.close()
    assert events == ["router", "close"]
    with pytest.raises(InvalidStateError):
        await observer.pause()
