"""Those who wait for a moderator to let them in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from app.errors import NotFound

from .events import Event, PeerInfo
from .moderation_events import LobbyPeer, LobbyPeerClosed
from .peer import Peer


class Waiting(Protocol):
    """One who waits, in this part of the room or another."""

    @property
    def info(self) -> PeerInfo: ...


class Lobby:
    """
    Who asked to join and was told to wait, in the order of coming; ``tell`` reaches the moderators.

    ``elsewhere`` gives those who wait in other parts of the room.
    """

    def __init__(self, tell: Callable[[Event], None], elsewhere: Callable[[], Iterable[Waiting]] = tuple) -> None:
        self._tell = tell
        self._elsewhere = elsewhere
        self._peers: dict[str, Peer] = {}

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Those who wait."""
        return tuple(self._peers.values())

    def find(self, peer_id: str) -> Peer:
        """Look up one who waits. Raises NotFound."""
        try:
            return self._peers[peer_id]
        except KeyError:
            raise NotFound(f"nobody in the lobby has the id {peer_id!r}") from None

    def add(self, peer: Peer) -> None:
        """Let ``peer`` wait; moderators hear of it."""
        self._peers[peer.id] = peer
        self._tell(words_for(peer))

    def remove(self, peer: Peer) -> None:
        """Forget ``peer`` if it waits; moderators hear of it."""
        if self._peers.get(peer.id) is peer:
            del self._peers[peer.id]
            self._tell(LobbyPeerClosed(peer_id=peer.id))

    def show(self, moderator: Peer) -> None:
        """Tell a new moderator who waits."""
        for peer in (*self.peers, *self._elsewhere()):
            moderator.client.notify(words_for(peer))


def words_for(peer: Waiting) -> LobbyPeer:
    """Word that somebody waits."""
    info = peer.info
    return LobbyPeer(peer_id=info.id, display_name=info.display_name, device=info.device, role=info.role)
