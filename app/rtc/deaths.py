"""What a room remembers when its worker dies: how often that was, and who has yet to notice."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from .events import Farewell
from .peer import Peer

#: A room whose worker dies more often than that, in so many seconds, may well be what kills them.
MAX_DEATHS, WITHIN = 3, 600.0
#: Seconds that a client has to begin anew, after it was told that its media are gone.
NOTICE_SECONDS = 3.0


class Deaths:
    """The last deaths of workers under one room. ``times`` are the loop's."""

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=MAX_DEATHS + 1)

    def too_many(self, now: float) -> bool:
        """Note that the worker died now; says whether the room should not have another one."""
        self.times.append(now)
        return sum(now - time <= WITHIN for time in self.times) > MAX_DEATHS


class Stragglers:
    """Sends those away to come again who were told to make their media anew, and do not."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, peers: Iterable[Peer]) -> None:
        """Give these some time. Who is away was not told, and sees for itself when it is back."""
        before = {peer: peer.media.transports_made for peer in peers if not peer.session.away}
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(NOTICE_SECONDS, self._look, before)

    def stop(self) -> None:
        """Send nobody away."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, before: dict[Peer, int]) -> None:
        for peer, made in before.items():
            if made and peer.media.transports_made == made and not (peer.closed or peer.session.away):
                peer.log.info("did not make its media anew")
                peer.dismiss(Farewell.WORKER_DIED)
