"""Those who are connected to a room: finding them, and telling them something."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from loguru import logger

from app.config import Settings
from app.errors import NotFound
from app.mediasoup.audio_level_observer import AudioLevelObserver

from .door import Door
from .events import DataMessage, Event
from .exchange import Exchange
from .lobby import Lobby
from .peer import Peer
from .room_config import RoomConfig


class Company:
    """The lowest part of a :class:`app.rtc.room.Room`."""

    def __init__(self, config: RoomConfig, settings: Settings, loudness: AudioLevelObserver) -> None:
        self.id = config.id
        self._log = logger.bind(room=config.id)
        self._peers: dict[str, Peer] = {}
        self._door = Door(config, settings)
        self._lobby = Lobby(self._tell_moderators)
        self._exchange = Exchange(loudness, self._joined, self._tell, self._log)

    @property
    def config(self) -> RoomConfig:
        """How the room is now."""
        return self._door.config

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Those who joined."""
        return tuple(self._joined())

    @property
    def lobby(self) -> tuple[Peer, ...]:
        """Those who asked to join and wait to be admitted."""
        return self._lobby.peers

    def find(self, peer_id: str) -> Peer:
        """Look up anybody who is connected. Raises NotFound."""
        try:
            return self._peers[peer_id]
        except KeyError:
            raise NotFound(f"nobody in the room has the id {peer_id!r}") from None

    def of_identity(self, identity: str) -> tuple[Peer, ...]:
        """Give all connections of one person or program, joined or not."""
        return tuple(peer for peer in self._peers.values() if peer.identity == identity)

    def knows(self, identity: str) -> bool:
        """Whether it was in this call, or admitted to it, and not removed."""
        return self._door.knows(identity)

    def send_data(self, payload: str, topic: str, to: Collection[str] | None = None) -> int:
        """
        Send a message of a program outside to those with the ids ``to``, ``None`` for all who joined.

        Those who are not here (any more) are left out; gives how many it went to.
        """
        message = DataMessage(topic=topic, payload=payload, sent_at=datetime.now(UTC))
        receivers = [peer for peer in self._joined() if to is None or peer.id in to]
        for peer in receivers:
            peer.client.notify(message)
        return len(receivers)

    def _joined(self, *, but: Peer | None = None) -> Iterator[Peer]:
        return (peer for peer in tuple(self._peers.values()) if peer.joined and peer is not but)

    def _tell(self, event: Event, *, but: Peer | None = None) -> None:
        for peer in self._joined(but=but):
            peer.client.notify(event)

    def _tell_moderators(self, event: Event) -> None:
        for peer in self._joined():
            if peer.grants.room_admin:
                peer.client.notify(event)
