"""Clients that vanish without a word, with the times that the app and the workers really have."""

from __future__ import annotations

import asyncio
import time

from .deployment import Deployment
from .rtp_probe import Probe

#: Seconds after which nobody may see any more who vanished, and those that everybody may be away.
GONE_IN, AWAY = 12.0, 8.0


async def test_who_vanishes_is_gone_soon_and_who_was_only_away_is_not(deployment: Deployment) -> None:
    async with Probe(deployment.port, ["ghost", "sleeper"], streams=1) as probe:
        ghost, its_friend, sleeper, another = probe.speakers
        ghost.freeze()
        sleeper.freeze()
        frozen = time.monotonic()
        await asyncio.sleep(AWAY)
        sleeper.freeze(False)
        await its_friend.client.hears("peerClosed", peerId=ghost.name)
        gone_in = time.monotonic() - frozen
        print(f"vanished without a word: gone after {gone_in:.1f} s")
        assert AWAY < gone_in <= GONE_IN
        # The other one is as it was, and neither of the two noticed anything.
        probe.listen()
        await asyncio.sleep(1)
        assert max(probe.silences("sleeper")) < 0.5
        assert [another.client.all("peerClosed"), sleeper.returns, sleeper.rejoins] == [[], [], 0]
        ghost.freeze(False)
