"""How much of a producer all its consumers together want, and when its sender should be told. Pure."""

from __future__ import annotations

#: The level of who wants nothing at all.
NOTHING = -1
#: Seconds for which nobody must have wanted a layer until its sender is told: it costs a key frame to have it back.
PATIENCE = 5.0


class Demand:
    """
    Levels are the highest spatial layer wanted, from 0 to ``top``, or :data:`NOTHING`. ``told`` is the one that the
    sender knows of; as made, all.

    Times are seconds of any one clock.
    """

    def __init__(self, top: int, now: float, patience: float = PATIENCE) -> None:
        self.top = top
        self.told = top
        self._patience = patience
        self._levels: dict[str, int] = {}
        #: How many want each level.
        self._counts = [0] * (top + 1)
        #: Since when less is wanted than was told.
        self._less_since: float | None = now

    @property
    def wanted(self) -> int:
        """The level that satisfies everybody."""
        return next((level for level in range(self.top, NOTHING, -1) if self._counts[level]), NOTHING)

    def want(self, consumer_id: str, level: int, now: float) -> None:
        """Note what one consumer wants: more than there is means all, nothing that it may be forgotten."""
        level = min(level, self.top)
        before = self._levels.pop(consumer_id, NOTHING)
        if before != NOTHING:
            self._counts[before] -= 1
        if level != NOTHING:
            self._levels[consumer_id] = level
            self._counts[level] += 1
        if self.wanted >= self.told:
            self._less_since = None
        elif self._less_since is None:
            self._less_since = now

    @property
    def due(self) -> float | None:
        """When there is something to tell, unless things change before; ``None`` if there is nothing."""
        if self.wanted > self.told:
            return float("-inf")
        return None if self._less_since is None else self._less_since + self._patience

    def tell(self) -> int:
        """Give the level that the sender is told now."""
        self._less_since = None
        self.told = self.wanted
        return self.told
