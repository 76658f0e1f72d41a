"""Those whose node was lost: what they were is kept in mind for a while, since they will come to another one."""

from __future__ import annotations

import time
from collections import deque

from .bus import PartId
from .facts import PeerFact

#: Seconds between the end of somebody's presence and the news that it was the node's; and for how long it is kept.
AT_ONCE, PATIENCE = 2.0, 60.0
#: How many are kept in mind; then the first is forgotten.
MOST = 1_000


class Lost:
    """It is not known why somebody goes, before it is known that the node is lost: so all are noted who go."""

    def __init__(self) -> None:
        self._gone: deque[tuple[float, PartId, PeerFact]] = deque(maxlen=MOST)
        self._kept: dict[str, tuple[float, PeerFact]] = {}

    def gone(self, part: PartId, fact: PeerFact) -> None:
        """Note that somebody is not in ``part`` any more."""
        now = time.monotonic()
        while self._gone and now - self._gone[0][0] > AT_ONCE:
            self._gone.popleft()
        self._gone.append((now, part, fact))

    def keep(self, node_id: str) -> None:
        """Keep those in mind who went with a node, just now."""
        now = time.monotonic()
        self._kept = {id: kept for id, kept in self._kept.items() if now - kept[0] <= PATIENCE}
        for when, part, fact in self._gone:
            if now - when <= AT_ONCE and part.startswith(f"{node_id}/"):
                self._kept[fact.id] = now, fact
        self._gone.clear()

    def recall(self, peer_id: str) -> PeerFact | None:
        """Give what one of them was; once."""
        when, fact = self._kept.pop(peer_id, (0.0, None))
        return fact if time.monotonic() - when <= PATIENCE else None
