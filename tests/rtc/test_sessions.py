"""For how long somebody is borne who is away, by real ICE and a real clock."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from app.config import Settings
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
