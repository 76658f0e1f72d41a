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
    """
    The raised hands of those who joined, at most one of each; ``tell`` reaches all of them.

    ``elsewhere`` gives those in other parts of the room. The clock there may be ahead of the one here.
    """

    def __init__(self, tell: Callable[[Event], None], elsewhere: Callable[[], Iterable[Hand]]) -> None:
        self._tell = tell
        self._elsewhere = elsewhere
        #: By the owner's id.
        self._hands: dict[str, Hand] = {}
        #: By the owner's id: the moderator who took it down last.
        self.lowered_by: dict[str, Actor] = {}

    @property
    def raised(self) -> list[Hand]:
        """All that are up; the one that was raised first goes first."""
        return in_order(self._hands.values())

    def get(self, peer_id: str) -> Hand | None:
        """Give the hand of a peer if it is up."""
        return self._hands.get(peer_id)

    def lift(self, peer: Peer, raised_at: int | None = None) -> None:
        """Raise the hand of ``peer``, or have it up since ``raised_at``; one that is up keeps its place."""
        if peer.id not in self._hands:
            hand = self._hands[peer.id] = Hand(peer_id=peer.id, raised_at=raised_at or self._now())
            self.lowered_by.pop(peer.id, None)
            self._tell(HandRaised(peer_id=hand.peer_id, raised_at=hand.raised_at))

    def lower(self, peer_id: str, by: Actor | None = None) -> None:
        """Take a hand down if it is up. ``by``: the moderator who did it, if it was not its owner."""
        if self._hands.pop(peer_id, None) is not None:
            if by is not None:
                self.lowered_by[peer_id] = by
            self._tell(HandLowered(peer_id=peer_id, by=by))

    def restore(self, hands: Iterable[Hand]) -> None:
        """Have these up, which were so before this process began."""
        self._hands = {hand.peer_id: hand for hand in hands}

    def forget(self, peer: Peer) -> None:
        """Drop the hand of one who is not seen any more; that it is gone is told, and its hand with it."""
        self._hands.pop(peer.id, None)
        self.lowered_by.pop(peer.id, None)

    def _now(self) -> int:
        """Give a time after that of all hands in the room, so that their order is known."""
        hands = (*self._hands.values(), *self._elsewhere())
        return max(now_ms(), *(hand.raised_at + 1 for hand in hands), 0)


def in_order(hands: Iterable[Hand]) -> list[Hand]:
    """Give first who raised it first; all parts of a room agree on that."""
    return sorted(hands, key=lambda hand: (hand.raised_at, hand.peer_id))
