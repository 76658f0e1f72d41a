"""What may be done in a room to those who are connected to it, by moderators among them and by programs outside."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from app.auth.grants import Grants
from app.config import Settings
from app.mediasoup.audio_level_observer import AudioLevelObserver
from app.mediasoup.signal import Signal

from . import permissions
from .admission import Ban
from .common import BanSaid, ban_key
from .door import bans_on
from .events import Actor, Farewell, NewPeer, PeerClosed
from .facts import PeerFact
from .moderation_events import Admitted, DataProducerClosed, PermissionsChanged, Removed
from .orders import order
from .peer import Peer, source_of
from .room_config import RoomConfig
from .sending import Sending, close_producer

CHANGED = "permissions-changed"


class Moderation(Sending):
    """
    The middle part of a :class:`app.rtc.room.Room`: what of it is about people. The same holds as for :class:`Sending`.

    ``on_ban`` fires for each ban that a moderator made in the call.
    """

    def __init__(self, config: RoomConfig, settings: Settings, loudness: AudioLevelObserver) -> None:
        super().__init__(config, settings, loudness)
        self.on_ban: Signal[Ban, Actor] = Signal()

    def admit(self, peer_id: str, by: Actor | None) -> None:
        """
        Let one who waits in the lobby join.

        :raises LimitReached: the room is full
        """
        peer = self._find_waiting(peer_id)
        self._door.check_full(sum(not self._door.is_waiting(each) for each in self.everybody))
        self._door.remember(peer.identity)
        self.let_in(peer_id, by)

    @order
    def let_in(self, peer_id: str, by: Actor | None) -> None:
        """Tell one who waits in the lobby that it may join."""
        peer = self._lobby.find(peer_id)
        self._lobby.remove(peer)
        self.touch()
        peer.client.notify(Admitted(by=by))

    def admit_all(self, by: Actor | None) -> None:
        """Let all who wait join. Raises LimitReached when the room is full before that."""
        for peer_id in [peer.id for peer in self.lobby] + [fact.id for fact in self.elsewhere.waiting]:
            self.admit(peer_id, by)

    def reject(self, peer_id: str, by: Actor | None) -> None:
        """Send one away who waits in the lobby."""
        self.remove(self._find_waiting(peer_id).id, by, Farewell.REJECTED)

    @order
    def lower_hand(self, peer_id: str, by: Actor) -> None:
        """Take a hand down if it is up."""
        self.hands.lower(self.find(peer_id).id, by)

    def lower_all_hands(self, by: Actor) -> None:
        """Take all hands down."""
        for hand in self.hands_raised:
            self.lower_hand(hand.peer_id, by)

    @order
    def remove(self, peer_id: str, by: Actor | None, farewell: Farewell = Farewell.REMOVED) -> None:
        """Have one leave, who then counts as somebody new."""
        self._send_away(self.find(peer_id), farewell, by)

    def ban(self, ban: Ban, by: Actor | None, until: datetime | None = None) -> None:
        """Have an identity, or the holders of a token, leave this call, and keep them out of it."""
        said = BanSaid(ban, until=until, by=by)
        self.take_ban(said)
        self.link.agree(ban_key(ban), said)

    def ban_peer(self, peer_id: str, by: Actor) -> None:
        """Ban the identity of a peer. ``on_ban`` tells those who keep bans for the next call."""
        ban: Ban = ("identity", self.look_up(peer_id).identity)
        self.ban(ban, by)
        self.on_ban.emit(ban, by)

    def unban(self, ban: Ban) -> None:
        """Let them come in again."""
        said = BanSaid(ban, holds=False)
        self.take_ban(said)
        self.link.agree(ban_key(ban), said)

    def take_ban(self, said: BanSaid) -> None:
        """Keep somebody out, or no more, as another part of the room does."""
        if said.holds:
            self._door.bans[said.ban] = said.until
            for peer in tuple(self._peers.values()):
                if said.ban in bans_on(peer.admission):
                    self._send_away(peer, Farewell.BANNED, said.by)
        else:
            self._door.bans.pop(said.ban, None)
            self._door.listed_bans -= {said.ban}
        self.on_change.emit()

    def note_bans(self, bans: frozenset[Ban]) -> None:
        """Keep those out who are banned on record now, and nobody else who was before."""
        if bans != self._door.listed_bans:
            self._door.listed_bans = bans
            self.on_change.emit()

    @order
    def change_grants(
        self,
        peer_id: str,
        grants: Grants,
        by: Actor | None = None,
        *,
        role: str | None = None,
        changed: Collection[str] | None = None,
    ) -> None:
        """
        Let a peer do this from now on, and nothing else. ``role``: the one it has with that, ``None`` if it stays.

        ``changed``: the fields of ``grants`` that are news, ``None`` for all of them. The others stay as they are where
        the peer is: who orders this from another part may not have heard yet what they were changed to just now.

        What it sends and receives, who sees it, and what it sees change at once.
        """
        peer = self.find(peer_id)
        role = role or peer.role
        if changed is not None:
            grants = permissions.changed(peer.grants, grants, changed)
        if (grants, role) == (peer.grants, peer.role):
            return
        was_visible, was_moderator = peer.visible, peer.grants.room_admin
        peer.grants, peer.role = grants, role
        self.on_change.emit()
        peer.client.notify(PermissionsChanged(permissions=grants.to_claim(), role=role, by=by))
        _close_what_is_forbidden(peer, by)
        if peer.media.receive(grants.can_subscribe) and grants.can_subscribe and peer.joined:
            self._exchange.offer_all(peer)
        if peer.visible != was_visible:
            self.hands.forget(peer)
            self._tell(NewPeer.of(peer.info) if peer.visible else PeerClosed(peer_id=peer.id), but=peer)
        if peer.joined and grants.room_admin and not was_moderator:
            self._lobby.show(peer)

    # How

    def _find_waiting(self, peer_id: str) -> Peer | PeerFact:
        elsewhere = self.elsewhere.get(peer_id)
        return elsewhere if elsewhere is not None and elsewhere.waiting else self._lobby.find(peer_id)

    def _send_away(self, peer: Peer, farewell: Farewell, by: Actor | None) -> None:
        peer.log.info("{} by {!r}", farewell.value, None if by is None else by.name)
        self._door.forget(peer.identity)
        peer.client.notify(Removed(reason=farewell.value, by=by))
        peer.dismiss(farewell)


def _close_what_is_forbidden(peer: Peer, by: Actor | None) -> None:
    if not permissions.may(peer.grants, "use_plain_transports"):
        peer.media.forbid_plain_transports()
    for producer in peer.media.producers:
        if not permissions.may_publish(peer.grants, source_of(producer)):
            close_producer(peer, producer, CHANGED, by)
    if not permissions.may(peer.grants, "publish_data"):
        for data_producer in peer.media.data_producers:
            data_producer.close()
            peer.client.notify(DataProducerClosed(data_producer_id=data_producer.id, reason=CHANGED, by=by))
