"""Who spoke most recently, and whose videos there is room for. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable


class RecentSpeakers:
    """
    The peers of a room in order: who spoke last is first; who never spoke comes after all who did, in the order in
    which they came.
    """

    def __init__(self) -> None:
        self._ranks: dict[str, int] = {}
        self._steps = 0

    def add(self, peer_id: str) -> None:
        """Let somebody in, at the end; who is in already stays in place."""
        self._steps += 1
        self._ranks.setdefault(peer_id, self._steps)

    def spoke(self, peer_id: str) -> None:
        """Bring a peer to the front; who is not in is not brought in."""
        if peer_id in self._ranks:
            self._steps += 1
            self._ranks[peer_id] = -self._steps

    def remove(self, peer_id: str) -> None:
        """Forget a peer."""
        self._ranks.pop(peer_id, None)

    def first(self, count: int, of: Iterable[str]) -> set[str]:
        """Give those ``count`` of the peers ``of`` that come first; one who is not in comes last."""
        last = self._steps + 1
        return set(heapq.nsmallest(count, set(of), key=lambda peer_id: (self._ranks.get(peer_id, last), peer_id)))


def lower(one: int | None, other: int | None) -> int | None:
    """Give the lower of two limits; ``None`` is no limit."""
    limits = [limit for limit in (one, other) if limit is not None]
    return min(limits, default=None)
