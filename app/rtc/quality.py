"""
How good a connection is, in a word. Pure.

mediasoup's scores go from 10 (all packets arrive) to 0 (none does, or nothing is sent); one is ten times the fourth
power of the share that arrives, so 9 means that 3 % are lost, 7 means 9 %, and 5 means 16 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal

Quality = Literal["excellent", "good", "poor", "lost"]

#: Below 3 % of loss nobody notices anything; up to 9 % repairs hide most of it.
EXCELLENT, GOOD = 9.0, 7.0


def quality(score: float) -> Quality:
    """Word a score, or a mean of scores."""
    if score >= EXCELLENT:
        return "excellent"
    if score >= GOOD:
        return "good"
    return "poor" if score > 0 else "lost"


def connection_score(*, sent: Sequence[int], received: Sequence[int]) -> float | None:
    """
    Score a peer by what it sends and what is sent to it: the worse of the two directions counts.

    ``None`` as long as there is neither.
    """
    return min((fmean(scores) for scores in (sent, received) if scores), default=None)


def connection_quality(*, sent: Sequence[int], received: Sequence[int]) -> Quality | None:
    """Word what :func:`connection_score` says."""
    score = connection_score(sent=sent, received=received)
    return None if score is None else quality(score)


class Steady:
    """
    A quality that does not flap: another one counts when it was found twice in a row.

    The first counts at once, and so does a connection that is lost.
    """

    def __init__(self) -> None:
        self.current: Quality | None = None
        self._candidate: Quality | None = None

    def find(self, found: Quality) -> Quality:
        """Give the quality that counts, now that this one was found."""
        if self.current is None or found in ("lost", self._candidate):
            self.current = found
        self._candidate = None if found == self.current else found
        return self.current


class Silence:
    """Notices when a connection carries nothing any more: where media flow there are packets, or reports of them."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        #: By the transport's id: what it had received, and since when it is no more.
        self._heard: dict[str, tuple[int, float]] = {}

    def look(self, received: Mapping[str, int], now: float) -> bool:
        """
        Tell whether nothing came for so long on one of the transports.

        ``received`` are their bytes by id; those that are not named any more are forgotten.
        """
        before = self._heard
        self._heard = {
            id: before[id] if id in before and before[id][0] == count else (count, now)
            for id, count in received.items()
        }
        return any(now - since > self._patience for _, since in self._heard.values())
