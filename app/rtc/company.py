"""Those who are connected to a room: finding them, and telling them something."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from loguru import logger

from app.config import Settings
from app.errors import BadRequest, NotFound
from app.mediasoup.audio_level_observer import AudioLevelObserver
from app.mediasoup.signal import Signal

from .chat import Chat
from .door import Door
from .events import DataMessage, Event
from .exchange import Exchange
from .hands import Hands
from .lobby import Lobby
from .meeting_events import now_ms
from .peer import Peer
from .room_config import RoomConfig
from .sessions import Sessions
from .stage import Stage

#: Bytes of a message that a peer sends to others, as UTF-8.
MAX_PAYLOAD = 15 * 1_024


class Company:
    """
    The lowest part of a :class:`app.rtc.room.Room`.

    ``chat`` and ``hands`` are what those who joined say, and who of them would like to. ``sessions`` are those of all.
    """

    def __init__(self, config: RoomConfig, settings: Settings, loudness: AudioLevelObserver) -> None:
        self.id = config.id
        self._log = logger.bind(room=config.id)
        self._peers: dict[str, Peer] = {}
        self.sessions = Sessions(self._peers, settings.session_grace_seconds)
        self._door = Door(config, settings)
        self._lobby = Lobby(self._tell_moderators)
        self.chat = Chat(self._tell)
        self.hands = Hands(self._tell)
        self._stage = Stage(config.last_n)
        #: Something about the room, or about who is in it, may be otherwise than before.
        self.on_change: Signal[()] = Signal()
        self._exchange = Exchange(loudness, self._joined, self._broadcast, self._log, self._stage)

    @property
    def config(self) -> RoomConfig:
        """How the room is now."""
        return self._door.config

    @property
    def door(self) -> Door:
        """Who may come in."""
        return self._door

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
        message = DataMessage(topic=topic, payload=payload, sent_at=now_ms())
        receivers = [peer for peer in self._joined() if to is None or peer.id in to]
        for peer in receivers:
            peer.client.notify(message)
        return len(receivers)

    def pass_on(self, sender: Peer, payload: str, topic: str, to: Collection[str] | None = None) -> None:
        """
        Send a message of a peer to those with the ids ``to``, ``None`` for all others who may receive something.

        :raises BadRequest: it is too large
        """
        if len(payload.encode()) > MAX_PAYLOAD:
            raise BadRequest(f"data.payload: larger than {MAX_PAYLOAD} bytes")
        message = DataMessage(topic=topic, payload=payload, sent_at=now_ms(), sender=sender.id)
        for peer in self._joined(but=sender):
            if peer.grants.can_subscribe and (to is None or peer.id in to):
                peer.client.notify(message)

    def _joined(self, *, but: Peer | None = None) -> Iterator[Peer]:
        return (peer for peer in tuple(self._peers.values()) if peer.joined and peer is not but)

    def _tell(self, event: Event, *, but: Peer | None = None) -> None:
        """Tell all who joined of something that has changed."""
        self._broadcast(event, but=but)
        self.on_change.emit()

    def _broadcast(self, event: Event, *, but: Peer | None = None) -> None:
        # Nothing is done as often: a generator and properties would take a quarter of the time.
        for peer in tuple(self._peers.values()):
            if peer is not but and peer.joined_at is not None:
                peer.session.notify(event)

    def _tell_moderators(self, event: Event) -> None:
        for peer in self._joined():
            if peer.grants.room_admin:
                peer.client.notify(event)
