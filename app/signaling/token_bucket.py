"""How often something may be done: in bursts, and at a rate in the long run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from app.errors import TooManyRequests


class TokenBucket:
    """Holds up to ``burst`` tokens and gets ``rate`` new ones a second; ``clock`` is in seconds."""

    def __init__(self, burst: int, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._rate = rate
        self._clock = clock
        self._tokens = float(burst)
        self._filled_at = clock()

    def take(self) -> None:
        """Take a token. Raises TooManyRequests when none is left."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            seconds = math.ceil((1 - self._tokens) / self._rate)
            raise TooManyRequests(f"too often; try again in {seconds} s", seconds)
        self._tokens -= 1
