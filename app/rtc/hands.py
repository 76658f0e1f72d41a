"""Who would like to speak."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.mediasoup.rtp_parameters import Value

from .events import Actor, Event
from .meeting_events import HandLowered, HandRaised, now_ms
from .peer import Peer


class Hand(Value, frozen=True):
    """A raised hand, and since when it is, in milliseconds since 1970."""

    peer_id: str
    raised_at: int


class Hands:
    """The raised hands of those who joined, at most one of each; ``tell`` reaches all of them."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        #: By the owner's id, in the order in which they were raised.
        self._hands: dict[str, Hand] = {}

    @property
    def raised(self) -> list[Hand]:
        """All that are up; the one that was raised first goes first."""
        return list(self._hands.values())

    def lift(self, peer: Peer) -> None:
        """Raise the hand of ``peer``; one that is up keeps its place."""
        if peer.id not in self._hands:
            hand = self._hands[peer.id] = Hand(peer_id=peer.id, raised_at=now_ms())
            self._tell(HandRaised(peer_id=hand.peer_id, raised_at=hand.raised_at))

    def lower(self, peer_id: str, by: Actor | None = None) -> None:
        """Take a hand down if it is up. ``by``: the moderator who did it, if it was not its owner."""
        if self._hands.pop(peer_id, None) is not None:
            self._tell(HandLowered(peer_id=peer_id, by=by))

    def lower_all(self, by: Actor) -> None:
        """Take all hands down."""
        for hand in self.raised:
            self.lower(hand.peer_id, by)

    def restore(self, hands: Iterable[Hand]) -> None:
        """Have these up, which were so before this process began."""
        self._hands = {hand.peer_id: hand for hand in hands}

    def forget(self, peer: Peer) -> None:
        """Drop the hand of one who is not seen any more; that it is gone is told, and its hand with it."""
        self._hands.pop(peer.id, None)
