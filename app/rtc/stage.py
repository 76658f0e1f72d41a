"""What all who receive in a room have in common: whose videos come first, how many anybody gets, who wants what."""

from __future__ import annotations

from app.mediasoup.signal import Signal

from .dynacast import Dynacast
from .last_n import RecentSpeakers


class Stage:
    """``on_change`` fires when somebody else may have to be shown."""

    def __init__(self, last_n: int | None = None) -> None:
        self.speakers = RecentSpeakers()
        self.dynacast = Dynacast()
        self.on_change: Signal[()] = Signal()
        self._last_n = last_n
        self._speaker: str | None = None

    @property
    def last_n(self) -> int | None:
        """Only the cameras of so many speakers are shown to anybody; ``None`` for all. Each client may want less."""
        return self._last_n

    def limit(self, last_n: int | None) -> None:
        """Change how many are shown."""
        if last_n != self._last_n:
            self._last_n = last_n
            self.on_change.emit()

    def speaks(self, peer_id: str) -> None:
        """Put the one who speaks now before all others."""
        if peer_id != self._speaker:
            self._speaker = peer_id
            self.speakers.spoke(peer_id)
            self.on_change.emit()

    def enter(self, peer_id: str) -> None:
        """Let somebody on, behind all others."""
        self.speakers.add(peer_id)

    def leave(self, peer_id: str) -> None:
        """Let somebody go. Those who receive see for themselves that the video has ended."""
        self.speakers.remove(peer_id)
        if peer_id == self._speaker:
            self._speaker = None
