"""Producers of other parts of the room: what is known of them here, and who here wants to have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from app.mediasoup.data_producer import DataProducer
from app.mediasoup.errors import NotFoundError
from app.mediasoup.producer import Producer
from app.mediasoup.rtp_parameters import MediaKind
from app.mediasoup.signal import Signal

from .bus import PartId

Local = TypeVar("Local", Producer, DataProducer)


class Far(Generic[Local]):
    """
    A producer of the part ``part``, brought here by a pipe as long as somebody here wants it.

    ``local`` is what it is in this part's router, ``None`` until it is here. ``on_want`` fires when the first comes who
    wants it, ``on_leave`` when nobody does any more, ``on_close`` when its owner has ended it.
    """

    def __init__(self, id: str, part: PartId, app_data: dict[str, Any]) -> None:
        self.id = id
        self.part = part
        self.app_data = app_data
        self.closed = False
        self.local: Local | None = None
        self.on_want: Signal[()] = Signal()
        self.on_leave: Signal[()] = Signal()
        self.on_close: Signal[()] = Signal()
        #: With what to call when it is here.
        self._users: dict[object, Callable[[], None]] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} of {self.part}{' closed' if self.closed else ''}>"

    @property
    def wanted(self) -> bool:
        """Whether anybody here wants it."""
        return bool(self._users)

    def want(self, user: object, here: Callable[[], None]) -> None:
        """Have it brought here for ``user``, until :meth:`leave`; ``here`` is called whenever it has come."""
        if not self.closed:
            first = not self._users
            self._users[user] = here
            if first:
                self.on_want.emit()

    def leave(self, user: object) -> None:
        """Bring it for others only. Who does not want it anyway may say so, too."""
        if self._users.pop(user, None) is not None and not self._users:
            self.on_leave.emit()

    def arrive(self, local: Local) -> None:
        """Be here, until ``local`` closes."""
        self.local = local
        local.on_close.add(self._lost)
        for here in tuple(self._users.values()):
            here()

    def close(self) -> None:
        """Its owner has ended it, or is gone."""
        if not self.closed:
            self.closed = True
            self._users.clear()
            self.on_close.emit()

    def _lost(self) -> None:
        self.local = None


class FarProducer(Far[Producer]):
    """
    Audio or video; ``type`` as :class:`Producer` has it.

    ``on_pause`` and ``on_resume`` fire as the owner does so, wherever that is noticed.
    """

    def __init__(
        self, id: str, part: PartId, *, kind: MediaKind, type: str, paused: bool, app_data: dict[str, Any]
    ) -> None:
        super().__init__(id, part, app_data)
        self.kind: MediaKind = kind
        self.type = type
        self.paused = paused
        self.on_pause: Signal[()] = Signal()
        self.on_resume: Signal[()] = Signal()

    def set_paused(self, paused: bool) -> None:
        """Take in what the owner says; those who consume it here are told."""
        if paused != self.paused:
            self.paused = paused
            if self.local is not None:
                self.local.follow(paused)
            (self.on_pause if paused else self.on_resume).emit()

    def arrive(self, local: Producer) -> None:
        """Be here, until ``local`` closes."""
        # The owner may have paused it while it was on its way.
        if local.paused != self.paused:
            local.follow(self.paused)
        super().arrive(local)


class FarDataProducer(Far[DataProducer]):
    """A data channel."""


AnyProducer = Producer | FarProducer
AnyDataProducer = DataProducer | FarDataProducer
AnyFar = FarProducer | FarDataProducer


def is_here(producer: object) -> bool:
    """Whether this part's router has a producer, its own or another part's."""
    return not isinstance(producer, Far) or producer.local is not None


def local_id(producer: AnyProducer | AnyDataProducer) -> str:
    """
    Give the id by which this part's router knows a producer.

    :raises NotFoundError: it is not here now
    """
    if not isinstance(producer, Far):
        return producer.id
    if producer.local is None:
        raise NotFoundError(f"producer {producer.id} is not here any more")
    return producer.local.id
