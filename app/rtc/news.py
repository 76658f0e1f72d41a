"""What it means for those in one part of a room that something is otherwise in the others."""

from __future__ import annotations

from collections.abc import Callable

from .events import Event, Farewell, NewPeer, PeerClosed, PeerDisplayNameChanged
from .facts import PeerFact
from .lobby import words_for
from .meeting_events import HandLowered, HandRaised, PeerUpdated
from .moderation_events import LobbyPeerClosed
from .others import Others
from .peer import Peer
from .stage import Stage


class News:
    """Of ``others``: ``tell`` reaches all who joined here, ``tell_moderators`` the moderators among them."""

    def __init__(
        self, others: Others, stage: Stage, tell: Callable[[Event], None], tell_moderators: Callable[[Event], None]
    ) -> None:
        self._stage = stage
        self._tell = tell
        others.on_come.add(self._came)
        others.on_go.add(self._went)
        others.on_change.add(self._changed)
        others.on_wait.add(lambda fact: tell_moderators(words_for(fact)))
        others.on_wait_no_more.add(lambda fact: tell_moderators(LobbyPeerClosed(peer_id=fact.id)))
        others.on_outdone.add(_outdone)

    def _came(self, fact: PeerFact) -> None:
        self._stage.enter(fact.id)
        self._tell(NewPeer.of(fact.info))
        self._tell_hand(fact)

    def _went(self, fact: PeerFact) -> None:
        self._stage.leave(fact.id)
        self._tell(PeerClosed(peer_id=fact.id))

    def _changed(self, before: PeerFact, fact: PeerFact) -> None:
        if fact.display_name != before.display_name:
            self._tell(
                PeerDisplayNameChanged(
                    peer_id=fact.id, display_name=fact.display_name, old_display_name=before.display_name
                )
            )
        if (fact.metadata, fact.attributes) != (before.metadata, before.attributes):
            self._tell(
                PeerUpdated(
                    peer_id=fact.id,
                    metadata=fact.metadata,
                    attributes=fact.attributes,
                    display_name=fact.display_name,
                )
            )
        if fact.hand != before.hand:
            if before.hand is not None:
                self._tell(HandLowered(peer_id=fact.id, by=None if fact.hand is not None else fact.lowered_by))
            self._tell_hand(fact)

    def _tell_hand(self, fact: PeerFact) -> None:
        if fact.hand is not None:
            self._tell(HandRaised(peer_id=fact.id, raised_at=fact.hand))


def _outdone(peer: Peer) -> None:
    peer.log.info("replaced by a connection elsewhere")
    peer.dismiss(Farewell.REPLACED)
