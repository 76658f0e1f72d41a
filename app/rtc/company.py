"""Those who are connected to a room: finding them, and telling them something."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from loguru import logger

from app.config import Settings
from app.errors import BadRequest, NotFound
from app.mediasoup.audio_level_observer import AudioLevelObserver
from app.mediasoup.signal import Signal

from . import permissions
from .chat import Chat
from .door import Door
from .events import DataMessage, Event, PeerDisplayNameChanged, PeerInfo
from .exchange import Exchange
from .facts import PeerFact
from .hands import Hand, Hands, in_order
from .lobby import Lobby
from .meeting_events import PeerUpdated, Reaction, now_ms
from .news import News
from .others import Others
from .peer import Peer
from .room_config import RoomConfig
from .sessions import Sessions
from .stage import Stage
from .words import Alone, Link, Sent

if TYPE_CHECKING:
    from .pipes import Pipes

#: Bytes of a message that a peer sends to others, as UTF-8.
MAX_PAYLOAD = 15 * 1_024


class Company:
    """
    The lowest part of a :class:`app.rtc.room.Room`.

    ``chat`` and ``hands`` are what those who joined say, and who of them would like to. ``sessions`` are those of all.
    ``elsewhere`` are those in other parts of the room, to which ``link`` leads.
    """

    def __init__(self, config: RoomConfig, settings: Settings, loudness: AudioLevelObserver) -> None:
        self.id = config.id
        self._log = logger.bind(room=config.id)
        self._peers: dict[str, Peer] = {}
        self.link: Link = Alone()
        #: How media come from other parts, and go there; ``None`` if there is no way.
        self.pipes: Pipes | None = None
        self.elsewhere = Others(self._peers)
        self.sessions = Sessions(self._peers, settings.session_grace_seconds, self.touch)
        self._door = Door(config, settings)
        self._lobby = Lobby(self._tell_moderators, lambda: self.elsewhere.waiting)
        self.chat = Chat(self._tell)
        self.hands = Hands(self._tell, self._hands_elsewhere)
        self._stage = Stage(config.last_n)
        #: Something about the room, or about who is in it, may be otherwise than before.
        self.on_change: Signal[()] = Signal()
        self._exchange = Exchange(
            loudness, self._joined, self._broadcast, self._log, self._stage, self.elsewhere, self.touch
        )
        News(self.elsewhere, self._stage, self._broadcast, self._tell_moderators)

    @property
    def config(self) -> RoomConfig:
        """How the room is now."""
        return self._door.config

    @property
    def door(self) -> Door:
        """Who may come in."""
        return self._door

    @property
    def exchange(self) -> Exchange:
        """What those who joined send each other."""
        return self._exchange

    @property
    def stage(self) -> Stage:
        """What all who receive here have in common."""
        return self._stage

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Those who joined this part of the room."""
        return tuple(self._joined())

    @property
    def connected(self) -> tuple[Peer, ...]:
        """All who are connected to this part of the room, joined or not."""
        return tuple(self._peers.values())

    @property
    def lobby(self) -> tuple[Peer, ...]:
        """Those who asked to join this part of the room and wait to be admitted."""
        return self._lobby.peers

    @property
    def hands_raised(self) -> list[Hand]:
        """The hands that are up in all parts of the room; the one that was raised first goes first."""
        return in_order(self.hands.raised + self._hands_elsewhere())

    def touch(self) -> None:
        """Have other parts of the room hear of what may have changed in this one."""
        self.link.touch()

    def is_here(self, peer_id: str) -> bool:
        """Whether somebody with this id is connected to this part of the room."""
        return peer_id in self._peers

    def find(self, peer_id: str) -> Peer:
        """Look up anybody who is connected to this part of the room. Raises NotFound."""
        try:
            return self._peers[peer_id]
        except KeyError:
            raise NotFound(f"nobody in the room has the id {peer_id!r}") from None

    def look_up(self, peer_id: str) -> Peer | PeerFact:
        """Look up anybody who is connected, in any part of the room. Raises NotFound."""
        return self.elsewhere.get(peer_id) or self.find(peer_id)

    def of_identity(self, identity: str) -> tuple[Peer | PeerFact, ...]:
        """Give all connections of one person or program, joined or not, in all parts of the room."""
        return tuple(peer for peer in self.everybody if peer.identity == identity)

    def knows(self, identity: str) -> bool:
        """Whether it was in this call, or admitted to it, and not removed."""
        return self._door.knows(identity)

    def others(self, peer: Peer) -> list[PeerInfo]:
        """Give all that ``peer`` may know of who else takes part."""
        return [other.info for other in self.everybody if other.visible and other is not peer]

    def rename(self, peer: Peer, display_name: str) -> None:
        """
        Give ``peer`` another name.

        :raises BadRequest: it is too long
        :raises NotAllowed: its token fixes the name
        """
        permissions.check_rename(peer.grants, peer.admission.name)
        former = peer.display_name
        peer.rename(display_name)
        if peer.visible:
            renamed = PeerDisplayNameChanged(peer_id=peer.id, display_name=display_name, old_display_name=former)
            self._tell(renamed, but=peer)

    def describe(self, peer: Peer, metadata: str | None, attributes: Mapping[str, str]) -> None:
        """Change what ``peer`` says of itself, as :meth:`Peer.describe` does; all are told, itself included."""
        peer.describe(metadata, attributes)
        told = PeerUpdated(
            peer_id=peer.id, metadata=peer.metadata, attributes=peer.attributes, display_name=peer.display_name
        )
        if peer.visible:
            self._tell(told)
        else:
            peer.client.notify(told)

    def send_data(self, payload: str, topic: str, to: Collection[str] | None = None) -> int:
        """
        Send a message of a program outside to those with the ids ``to``, ``None`` for all who joined.

        Those who are not here (any more) are left out; gives how many it went to.
        """
        message = DataMessage(topic=topic, payload=payload, sent_at=now_ms())
        self._send_elsewhere(message, to)
        elsewhere = sum(to is None or fact.id in to for fact in self.elsewhere.joined)
        return elsewhere + self.deliver(message, to)

    def pass_on(self, sender: Peer, payload: str, topic: str, to: Collection[str] | None = None) -> None:
        """
        Send a message of a peer to those with the ids ``to``, ``None`` for all others who may receive something.

        :raises BadRequest: it is too large
        """
        if len(payload.encode()) > MAX_PAYLOAD:
            raise BadRequest(f"data.payload: larger than {MAX_PAYLOAD} bytes")
        message = DataMessage(topic=topic, payload=payload, sent_at=now_ms(), sender=sender.id)
        self._send_elsewhere(message, to)
        self.deliver(message, to)

    def deliver(self, message: DataMessage, to: Collection[str] | None) -> int:
        """Give ``message`` to those who joined here, as :meth:`send_data` and :meth:`pass_on` say; their number."""
        from_outside = message.sender is None
        receivers = [
            peer
            for peer in self._joined()
            if (to is None or peer.id in to)
            and (from_outside or (peer.id != message.sender and peer.grants.can_subscribe))
        ]
        for peer in receivers:
            peer.client.notify(message)
        return len(receivers)

    def show(self, reaction: Reaction) -> None:
        """Show those here what somebody elsewhere shows to all."""
        self._broadcast(reaction)

    @property
    def everybody(self) -> tuple[Peer | PeerFact, ...]:
        """All who are connected, in all parts of the room."""
        return *self._peers.values(), *self.elsewhere

    @property
    def participants(self) -> int:
        """How many take part in the call, in all parts of the room."""
        return sum(1 for _ in self._joined()) + sum(1 for _ in self.elsewhere.joined)

    def _hands_elsewhere(self) -> list[Hand]:
        return [Hand(fact.id, fact.hand) for fact in self.elsewhere if fact.visible and fact.hand is not None]

    def _send_elsewhere(self, message: DataMessage, to: Collection[str] | None) -> None:
        if to is None:
            self.link.say(Sent(message, None))
        else:
            for part in {part for id in to if (part := self.elsewhere.part_of(id)) is not None}:
                self.link.say(Sent(message, to), part)

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
