"""Signals: how an object of the library tells that something happened."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVarTuple

Ts = TypeVarTuple("Ts")

logger = logging.getLogger(__name__)


class Signal(Generic[*Ts]):
    """
    A typed list of listeners: ``consumer.on_score.add(show)``.

    Listeners are plain functions, called at once and in the order in which they were added. What a listener raises
    is logged and goes no further: neither the library nor other listeners suffer from it.
    """

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        #: Never changed, but replaced: there is more telling than adding, and those who are told may add and remove.
        self._listeners: tuple[Callable[[*Ts], object], ...] = ()

    def add(self, listener: Callable[[*Ts], object]) -> Callable[[*Ts], object]:
        """Call ``listener`` from now on; returns it, so that it serves as a decorator."""
        self._listeners += (listener,)
        return listener

    def remove(self, listener: Callable[[*Ts], object]) -> None:
        """Call ``listener`` no more; one that was never added is no error."""
        if listener in self._listeners:
            place = self._listeners.index(listener)
            self._listeners = self._listeners[:place] + self._listeners[place + 1 :]

    def emit(self, *args: *Ts) -> None:
        """Tell all listeners."""
        for listener in self._listeners:
            try:
                listener(*args)
            except Exception:
                logger.exception("a listener failed: %r", listener)

    def __len__(self) -> int:
        return len(self._listeners)
