"""
How good a connection is, in a word. Pure.

mediasoup's scores go from 10 (all packets arrive) to 0 (none does, or nothing is sent); one is ten times the fourth
power of the share that arrives, so 9 means that 3 % are lost, 7 means 9 %, and 5 means 16 %.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def connection_quality(*, sent: Sequence[int], received: Sequence[int]) -> Quality | None:
    """
    Judge a peer by the scores of what it sends and of what is sent to it: the worse of the two directions counts.

    ``None`` as long as there is neither.
    """
    directions = [fmean(scores) for scores in (sent, received) if scores]
    return quality(min(directions)) if directions else None
