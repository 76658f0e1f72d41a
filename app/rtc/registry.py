"""The objects of one kind that a peer has in its worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, Protocol, TypeVar

from app.errors import LimitReached, NotFound, WrongState
from app.mediasoup.signal import Signal


class WorkerThing(Protocol):
    """What the library's objects have in common."""

    id: str
    closed: bool
    on_close: Signal[()]

    def close(self) -> None: ...


T = TypeVar("T", bound=WorkerThing)


class Registry(Generic[T]):
    """
    Objects by their ids, up to a limit; an object that closes is forgotten.

    ``kind`` names them in errors. Objects under construction count too, so that many requests at once
    can't pass the limit.
    """

    def __init__(self, kind: str, limit: int) -> None:
        self._kind = kind
        self._limit = limit
        self._items: dict[str, T] = {}
        self._coming = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._items.values()))

    @property
    def full(self) -> bool:
        """No more are allowed now."""
        return self.left <= 0

    @property
    def left(self) -> int:
        """How many more are allowed now."""
        return self._limit - len(self._items) - self._coming

    def get(self, id: str) -> T:
        """Look an object up. Raises NotFound, for others' objects too."""
        try:
            return self._items[id]
        except KeyError:
            raise NotFound(f"no {self._kind} of yours has the id {id!r}") from None

    async def make(self, create: Callable[[], Awaitable[T]]) -> T:
        """
        Add what ``create`` gives.

        :raises LimitReached: there are as many as allowed
        :raises WrongState: the peer left meanwhile; the new object is closed again
        """
        if self.full:
            raise LimitReached(f"a peer may have {self._limit} {self._kind}s at most")
        self._coming += 1
        try:
            item = await create()
        finally:
            self._coming -= 1
        if self._closed or item.closed:
            item.close()
            raise WrongState(f"the {self._kind} was closed while it was made")
        self.adopt(item)
        return item

    def adopt(self, item: T) -> None:
        """Add something that was made before this process began, whatever the limit is now."""
        self._items[item.id] = item
        item.on_close.add(lambda: self._items.pop(item.id, None))

    def close(self) -> None:
        """Close all objects, and those that still come."""
        self._closed = True
        for item in self:
            item.close()
