"""What all objects that live in a worker have in common: an id, a life, and a channel to speak through."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from typing import Any

from .channel.channel import Body, Channel
from .errors import InvalidStateError
from .signal import Signal


def new_id() -> str:
    """Make an id for an object; the control plane names what it creates."""
    return str(uuid.uuid4())


class WorkerObject(ABC):
    """
    A handle on something in a worker.

    ``on_close`` fires once, however the object came to its end. ``app_data`` belongs to the application.
    """

    def __init__(self, channel: Channel, id: str, app_data: dict[str, Any] | None) -> None:
        self._channel = channel
        self.id = id
        self.closed = False
        self.app_data: dict[str, Any] = {} if app_data is None else app_data
        self.on_close: Signal[()] = Signal()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}{' closed' if self.closed else ''}>"

    @abstractmethod
    def close(self) -> None:
        """End it, here and in the worker; a second time does nothing."""

    def _shut(self) -> bool:
        """Mark as closed and stop listening; say whether it was open until now."""
        if self.closed:
            return False
        self.closed = True
        self._channel.unsubscribe(self.id)
        return True

    def _check_open(self) -> None:
        if self.closed:
            raise InvalidStateError(f"{type(self).__name__} {self.id} is closed")

    async def _request(self, method: str, body: Body | None = None) -> dict[str, Any]:
        """Ask the worker something about this object. Raises InvalidStateError when it is closed."""
        self._check_open()
        return await self._channel.request(method, self.id, body)
