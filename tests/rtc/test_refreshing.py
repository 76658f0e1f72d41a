"""Videos start anew when they come by another way: what was on the old one is lost."""

from __future__ import annotations

import pytest
from loguru import logger

from app.mediasoup.consumer import Consumer
from app.mediasoup.errors import RequestTimeoutError
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.rtc.events import ConsumerScoreChanged, NewConsumer
from app.rtc.peer import Peer
from tests.mediasoup.endpoint import connected, way

from .fakes import until
from .parameters import produce_audio, produce_simulcast
from .people import Arrive, webrtc_transports


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The consumers for which the worker was asked for a key frame, by their ids."""
    asked: list[str] = []
    ask = Consumer.request_key_frame

    async def note(consumer: Consumer) -> None:
        asked.append(consumer.id)
        await ask(consumer)

    monkeypatch.setattr(Consumer, "request_key_frame", note)
    return asked


@pytest.fixture
async def bob(arrive: Arrive) -> tuple[Peer, str]:
    """One who gets sound and video of somebody, with the id of the video's consumer."""
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    await produce_audio(ada)
    await produce_simulcast(ada)
    await until(lambda: len(bobs.all(ConsumerScoreChanged)) == 2)
    return bob, next(each.id for each in bobs.all(NewConsumer) if each.kind == "video")


def receiving_transport(peer: Peer) -> WebRtcTransport:
    return next(each for each in webrtc_transports(peer) if each.app_data["consuming"])


async def test_a_client_that_comes_from_another_address_gets_key_frames(
    bob: tuple[Peer, str], asked: list[str]
) -> None:
    peer, video = bob
    receiving = receiving_transport(peer)
    async with connected(receiving):
        await until(lambda: asked == [video])
        async with way(receiving):
            await until(lambda: asked == [video, video])


async def test_who_sends_from_another_address_sends_key_frames_to_all(
    arrive: Arrive, bob: tuple[Peer, str], asked: list[str]
) -> None:
    cleo, _ = await arrive("cleo")
    await produce_simulcast(cleo)
    peer, video = bob
    await until(lambda: len(peer.media.subscriber.consumers) == 3)
    owner = next(each for each in peer.media.subscriber.consumers if each.id != video and each.kind == "video")
    sending = next(each for each in webrtc_transports(cleo) if not each.app_data["consuming"])
    async with connected(sending):
        await until(lambda: owner.id in asked)
    assert video not in asked


async def test_many_changes_at_once_cost_two_requests(bob: tuple[Peer, str], asked: list[str]) -> None:
    peer, video = bob
    for _ in range(100):
        peer.media.subscriber.refresh()
    await until(lambda: asked)
    for _ in range(100):
        peer.media.subscriber.refresh()
    await until(lambda: len(asked) == 2)
    # What the worker answers after this comes after all that was asked before.
    await receiving_transport(peer).dump()
    assert asked == [video, video]


async def test_a_video_that_rests_does_not_start(bob: tuple[Peer, str], asked: list[str]) -> None:
    peer, video = bob
    control = peer.media.subscriber.control(video)
    await control.consumer.pause()
    await control.refresh()
    control.consumer.close()
    await control.refresh()
    assert asked == []


async def test_a_refusal_is_logged_and_keeps_nobody_from_the_next(
    bob: tuple[Peer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: Consumer) -> None:
        raise RequestTimeoutError("no answer")

    peer, video = bob
    monkeypatch.setattr(Consumer, "request_key_frame", refuse)
    lines: list[str] = []
    sink = logger.add(lines.append, level="INFO", format="{message}")
    peer.media.subscriber.refresh()
    await until(lambda: len(lines) == 1)
    peer.media.subscriber.refresh()
    await until(lambda: len(lines) == 2)
    logger.remove(sink)
    assert lines == [f"consumer {video} gets no key frame: no answer\n"] * 2
