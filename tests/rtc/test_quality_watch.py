"""Everybody is told how good everybody's connection is, when that changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from loguru import logger

from app.auth.grants import Grants
from app.mediasoup.data_structures import ProducerScore
from app.mediasoup.errors import InvalidStateError
from app.mediasoup.producer import Producer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.rtc import peer_media
from app.rtc.client_transports import ClientTransport
from app.rtc.demand import Demand
from app.rtc.peer import Peer
from app.rtc.quality import FLOWING, LISTENING, Quality
from app.rtc.quality_watch import QualityWatch
from app.rtc.room import Room
from app.rtc.subscription_events import ConnectionQuality, ProducersPaused
from tests.mediasoup.endpoint import connected

from .fakes import FakeClient, until
from .parameters import give_transports, produce_audio, produce_video
from .people import Arrive, client_of, enter, join, webrtc_transports


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have rooms look by themselves so seldom that no test is on when they do."""
    monkeypatch.setattr(QualityWatch.__init__, "__defaults__", (600.0,))


@pytest.fixture
async def watch(room: Room) -> AsyncIterator[QualityWatch]:
    """One that looks when it is told to."""
    watch = QualityWatch(lambda: room.peers, logger)
    yield watch
    watch.close()


def told(client: FakeClient) -> list[dict[str, Quality]]:
    return [{each.peer_id: each.quality for each in event.peers} for event in client.all(ConnectionQuality)]


def score(producer: Producer, value: int) -> None:
    """Have the worker say how well it arrives."""
    producer.score = [ProducerScore(encoding_idx=0, ssrc=1, score=value)]


async def test_changes_are_told_to_all_and_all_to_those_who_come(
    arrive: Arrive, room: Room, watch: QualityWatch
) -> None:
    (ada, adas), (bob, _) = await arrive("ada"), await arrive("bob")
    await watch.look(room.peers)
    assert told(adas) == []
    of_ada, of_bob = await produce_audio(ada, 1), await produce_audio(bob, 2)
    score(of_ada, 10)
    score(of_bob, 8)
    await watch.look(room.peers)
    await watch.look(room.peers)
    assert told(adas) == [{"ada": "excellent", "bob": "good"}]
    score(of_ada, 0)
    _, cleos = await arrive("cleo")
    await watch.look(room.peers)
    assert told(adas)[1:] == [{"ada": "lost"}]
    assert told(cleos) == [{"ada": "lost", "bob": "good"}]
    of_ada.close()
    await watch.look(room.peers)
    await watch.look(room.peers)
    assert told(adas)[2:] == told(cleos)[1:] == [{"ada": "excellent"}]
    assert adas.all(ConnectionQuality)[-1].peers[0].score == 10.0


async def test_what_is_paused_or_not_wanted_is_not_missed(
    arrive: Arrive, room: Room, watch: QualityWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Demand.__init__, "__defaults__", (0.0,))
    ada, adas = await arrive("ada", dynacast=True)
    muted, unwanted, heard = await produce_audio(ada, 1), await produce_video(ada, 2), await produce_audio(ada, 3)
    await adas.hears(ProducersPaused)
    await muted.pause()
    for producer in (muted, unwanted):
        score(producer, 0)
    score(heard, 10)
    await watch.look(room.peers)
    assert told(adas) == [{"ada": "excellent"}]


async def test_a_hidden_peer_knows_of_others_and_they_not_of_it(
    arrive: Arrive, room: Room, watch: QualityWatch
) -> None:
    (ada, adas) = await arrive("ada")
    _, ghosts = await arrive("ghost", Grants(hidden=True))
    score(await produce_audio(ada), 10)
    await until(lambda: len(room.find("ghost").media.received_scores))
    await watch.look(room.peers)
    assert told(adas) == told(ghosts) == [{"ada": "excellent"}]


async def test_a_connection_that_carries_nothing_any_more_is_lost(
    room: Room, watch: QualityWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With real ICE and DTLS, whose checks come every few seconds, and less patience than that."""
    monkeypatch.setattr(peer_media, "FLOWING", 0.1)
    bob, bobs = enter(room, "bob")
    await give_transports(bob)
    join(room, bob)
    score(await produce_audio(bob), 10)
    async with connected(webrtc_transports(bob)[0]):
        await watch.look(room.peers)
        assert told(bobs) == [{"bob": "excellent"}]
        await until_lost(watch, room, bobs)


async def test_a_connection_that_has_nothing_to_carry_may_be_silent(
    room: Room, watch: QualityWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_media, "FLOWING", 0.1)
    bob, bobs = enter(room, "bob")
    await give_transports(bob)
    join(room, bob)
    score(producer := await produce_audio(bob), 10)
    async with connected(webrtc_transports(bob)[0]):
        await watch.look(room.peers)
        await producer.pause()
        for _ in range(10):
            await watch.look(room.peers)
            await asyncio.sleep(0.05)
        assert told(bobs) == [{"bob": "excellent"}]
        # It would have been lost by now.
        await producer.resume()
        await until_lost(watch, room, bobs)


async def until_lost(watch: QualityWatch, room: Room, client: FakeClient) -> None:
    async with asyncio.timeout(10):
        while told(client)[-1] != {"bob": "lost"}:
            await watch.look(room.peers)
            await asyncio.sleep(0.02)


async def test_ice_that_is_disconnected_is_lost_at_once(arrive: Arrive, room: Room, watch: QualityWatch) -> None:
    ada, adas = await arrive("ada")
    score(await produce_audio(ada), 10)
    await watch.look(room.peers)
    webrtc_transports(ada)[0].ice_state = "disconnected"
    await watch.look(room.peers)
    assert told(adas) == [{"ada": "excellent"}, {"ada": "lost"}]


@pytest.mark.parametrize("error", [InvalidStateError("closed"), TimeoutError()])
async def test_a_worker_that_does_not_answer_makes_nobody_lost(
    arrive: Arrive, room: Room, watch: QualityWatch, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def fail(transport: WebRtcTransport) -> None:
        asked.append(transport)
        raise error

    monkeypatch.setattr(WebRtcTransport, "get_stats", fail)
    for name in ("ada", "bob"):
        peer, _ = await arrive(name)
        score(await produce_audio(peer, len(name) + ord(name[0])), 10)
        for transport in webrtc_transports(peer):
            transport.ice_state = "connected"
    await watch.look(room.peers)
    assert told(client_of(room.find("ada"))) == [{"ada": "excellent", "bob": "excellent"}]
    # Who waited in vain does not wait for the next peer.
    assert len(asked) == (1 if isinstance(error, TimeoutError) else 2)


async def test_who_was_away_is_told_everything_when_it_is_back(arrive: Arrive, room: Room, watch: QualityWatch) -> None:
    (ada, _), (bob, bobs) = await arrive("ada"), await arrive("bob")
    score(await produce_audio(ada), 10)
    await watch.look(room.peers)
    bob.session.lose(0.0)
    await watch.look(room.peers)
    assert told(bobs) == [{"ada": "excellent"}]
    bob.session.attach(client := FakeClient())
    bob.session.resume()
    await watch.look(room.peers)
    assert told(client) == [{"ada": "excellent"}]


async def test_a_room_looks_by_itself(arrive: Arrive, room: Room) -> None:
    watch = QualityWatch(lambda: room.peers, logger, interval=0.02)
    ada, adas = await arrive("ada")
    score(await produce_audio(ada), 10)
    await until(lambda: told(adas) == [{"ada": "excellent"}])
    watch.close()


async def test_a_lost_connection_is_told_before_the_others_were_looked_at(arrive: Arrive, room: Room) -> None:
    (ada, _), (_, bobs) = await arrive("ada"), await arrive("bob")
    score(await produce_audio(ada), 0)
    watch = QualityWatch(lambda: room.peers, logger, interval=600.0)
    await until(lambda: told(bobs) == [{"ada": "lost"}])
    watch.close()


async def test_what_comes_by_a_transport_says_how_long_it_may_be_silent(arrive: Arrive) -> None:
    (ada, _), (bob, _) = await arrive("ada"), await arrive("bob")
    sending, receiving = (one(ada, consuming=False), one(bob, consuming=True))

    def patience() -> tuple[float | None, float | None]:
        return ada.media.patience_with(sending), bob.media.patience_with(receiving)

    assert patience() == (None, None)
    audio = await produce_audio(ada)
    # Reports of sound come seldom.
    await until(lambda: patience() == (FLOWING, LISTENING))
    video = await produce_video(ada)
    await until(lambda: patience() == (FLOWING, FLOWING))
    await audio.pause()
    await video.pause()
    await until(lambda: patience() == (None, None))


def one(peer: Peer, *, consuming: bool) -> ClientTransport:
    """Give its transport of that direction."""
    return next(each for each in peer.media.transports if each.app_data["consuming"] == consuming)
