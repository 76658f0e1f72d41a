"""Which worker gets a new room. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Load(Protocol):
    """A worker as placement sees it."""

    @property
    def slot(self) -> int: ...

    @property
    def rooms(self) -> int: ...

    @property
    def peers(self) -> int: ...


T = TypeVar("T", bound=Load)


def pick_worker(workers: Iterable[T]) -> T | None:
    """
    Choose the least loaded worker for a new room; ``None`` when there is none at all.

    A room weighs as much as a peer, so that rooms which nobody has joined yet are spread too. Ties go
    to the lowest slot.
    """
    return min(workers, key=lambda each: (each.rooms + each.peers, each.slot), default=None)
