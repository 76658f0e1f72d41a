"""The sessions of a room: who is away, for how long that is borne, and who comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from app.auth.opaque_tokens import digest
from app.errors import CannotResume

from .events import Client, Farewell
from .held import Held
from .peer import Peer

#: Seconds between looks at those who are away, at most.
LOOK_EVERY = 1.0
#: Seconds of silence after which a connection was lost long ago, unless it was this process that did not listen: it
#: hung, say, or its machine was suspended. See :class:`app.signaling.endpoint.Liveness`.
LONGEST_SILENCE = 11.0
#: Seconds after which somebody who is away, and whose media are, too, has vanished: browsers find a new way in less,
#: and the worker needs as long to see that ICE is dead.
GHOST_AFTER = 10.0


class Sessions:
    """
    Of ``peers``, by their ids, each of whom is borne away for up to ``grace`` seconds; others do not notice.

    There is one timer for all, and none while nobody is away. ``on_move`` is called when somebody goes away or is back.
    """

    def __init__(self, peers: Mapping[str, Peer], grace: float, on_move: Callable[[], None] = lambda: None) -> None:
        self._peers = peers
        self._grace = grace
        self._on_move = on_move
        self._timer: asyncio.TimerHandle | None = None

    def find(self, token: str, peer_id: str | None) -> Peer | None:
        """Give the peer whose session this secret resumes; ``peer_id`` is who it says it is, if it does."""
        wanted = digest(token)
        found = (peer for peer in self._peers.values() if peer.session.opens_with(wanted))
        return next((peer for peer in found if peer_id in (None, peer.id)), None)

    def attach(self, peer: Peer, client: Client) -> None:
        """Give the session of ``peer`` a connection, on which it is to be resumed. One that it has still ends."""
        peer.log.info("connected again")
        peer.session.attach(client)
        self.watch()

    def lose(self, peer: Peer, client: Client, since: float) -> None:
        """
        Bear with ``peer``, whose connection ``client`` is lost and was not heard ``since``.

        Who has not joined has no session to come back to, and leaves.
        """
        if peer.closed or not peer.session.belongs_to(client):
            return
        if peer.joined and self._grace > 0:
            peer.log.info("away: the connection is lost")
            now = asyncio.get_running_loop().time()
            # While nobody listened, nobody was away.
            peer.session.lose(now if now - since > LONGEST_SILENCE else since)
            self._on_move()
            self.watch()
        else:
            peer.close(Farewell.CONNECTION_LOST.value)

    def resume(self, peer: Peer, held: Held) -> None:
        """
        Let ``peer`` hear again, on the connection that was attached; of its media what its client lacks is closed.

        :raises CannotResume: there is no such connection
        """
        if not peer.session.returning:
            raise CannotResume("there is no session to resume here; join")
        peer.media.keep(held)
        peer.session.resume()
        self._on_move()
        peer.log.info("resumed")

    def watch(self) -> None:
        """Look after those who are away."""
        if self._timer is None and any(peer.session.away for peer in self._peers.values()):
            delay = min(LOOK_EVERY, self._grace)
            self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def close(self) -> None:
        """Look after nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for peer in tuple(self._peers.values()):
            if peer.session.away_since is not None and self._is_over(peer, now - peer.session.away_since):
                peer.dismiss(Farewell.CONNECTION_LOST)
        self.watch()

    def _is_over(self, peer: Peer, seconds: float) -> bool:
        return seconds >= self._grace or (seconds >= GHOST_AFTER and not peer.media.connected)
