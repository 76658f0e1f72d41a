"""What a client that comes back says it has."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The ids of what a client has; ``None`` where it does not say."""

    transports: Collection[str] = ()
    producers: Collection[str] = ()
    consumers: Collection[str] = ()
    data_producers: Collection[str] | None = None
    data_consumers: Collection[str] | None = None
