"""
How good a connection is, in a word. Pure.

mediasoup's scores go from 10 (all packets arrive) to 0 (none does, or nothing is sent); one is ten times the fourth
power of the share that arrives, so 9 means that 3 % are lost, 7 means 9 %, and 5 means 16 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

Quality = Literal["excellent", "good", "poor", "lost"]

#: Seconds without a byte after which a connection is lost by which media come, or reports of video: at most 1.5 s are
#: between those. With the looks before and after it is less than what makes a ghost of a peer, so that others see it.
FLOWING = 4.4
#: The same where only reports of audio come: at most 7.5 s are between those, 5 s and half as much (RFC 3550, 6.2 and
#: 6.3.1, as libwebrtc does it).
LISTENING = 8.9
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


@dataclass(frozen=True, slots=True)
class Heard:
    """The bytes that came by a transport so far, and the seconds for which there may be no more of them."""

    bytes: int
    patience: float


class Silence:
    """Notices when a connection carries nothing any more: where media flow there are packets, or reports of them."""

    def __init__(self) -> None:
        #: By the transport's id: what it had received, and since when it is no more.
        self._heard: dict[str, tuple[int, float]] = {}

    def look(self, heard: Mapping[str, Heard], now: float) -> bool:
        """
        Tell whether nothing came for too long on one of the transports.

        ``heard`` are all of them by their ids; those that are not named any more are forgotten.
        """
        before = self._heard
        self._heard = {
            id: before[id] if id in before and before[id][0] == each.bytes else (each.bytes, now)
            for id, each in heard.items()
        }
        return any(now - self._heard[id][1] > each.patience for id, each in heard.items())
