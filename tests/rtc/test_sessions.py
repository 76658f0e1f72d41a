"""For how long somebody is borne who is away, by real ICE and a real clock."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from app.config import Settings
from app.rtc import sessions
from app.rtc.room import Room
from tests.mediasoup.endpoint import connected

from .fakes import until
from .people import Arrive, webrtc_transports


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, session_grace_seconds=13.0)


async def test_who_vanishes_is_out_within_12_s_and_whose_media_go_on_stays_for_the_grace_time(
    arrive: Arrive, room: Room
) -> None:
    (ghost, ghosts), (steady, steadys) = await arrive("ghost"), await arrive("steady")
    loop = asyncio.get_running_loop()
    async with (
        connected(webrtc_transports(steady)[0]),
        connected(webrtc_transports(ghost)[0]) as endpoint,
    ):
        vanished_at = loop.time()
        await endpoint.ice.stop()
        for peer, client in ((ghost, ghosts), (steady, steadys)):
            room.sessions.lose(peer, client, vanished_at)
        await until(lambda: ghost.closed)
        assert 9.5 < loop.time() - vanished_at < 12
        assert steady.media.connected and not steady.closed
        await until(lambda: steady.closed)
        assert 13 <= loop.time() - vanished_at < 15


@pytest.mark.parametrize(("silence", "away"), [(31, 0), (9, 9)])
async def test_nobody_is_away_for_as_long_as_nobody_listened(
    arrive: Arrive, room: Room, silence: float, away: float
) -> None:
    ada, adas = await arrive("ada")
    now = asyncio.get_running_loop().time()
    room.sessions.lose(ada, adas, now - silence)
    assert ada.session.away_since is not None
    assert now - ada.session.away_since == pytest.approx(away, abs=1)


async def test_who_has_no_transports_is_no_ghost(arrive: Arrive, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(sessions, "GHOST_AFTER", 0.1)
    (bare, bares), (ghost, ghosts) = await arrive("bare"), await arrive("ghost")
    # As they do when their worker dies.
    for transport in webrtc_transports(bare):
        transport.close()
    for peer, client in ((bare, bares), (ghost, ghosts)):
        room.sessions.lose(peer, client, asyncio.get_running_loop().time())
    await until(lambda: ghost.closed)
    assert not bare.closed
