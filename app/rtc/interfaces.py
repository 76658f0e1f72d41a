"""What the domain needs from the adapters, as protocols that they implement; :mod:`app.server` joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.mediasoup.signal import Signal
from app.mediasoup.worker import Worker

from .events import Actor


@dataclass(frozen=True, slots=True)
class AttachedWorker:
    """A worker process whose channel is ours now. ``incarnation`` is unique for every started process."""

    slot: int
    incarnation: str
    worker: Worker


class WorkerSource(Protocol):
    """Where workers come from: in production :class:`app.sidecar.Sidecar`."""

    @property
    def release(self) -> str | None:
        """The mediasoup release of the workers; ``None`` until the source is known."""

    @property
    def slots(self) -> Sequence[int]:
        """The slots that workers run in; none until the source is known."""

    @property
    def on_slots(self) -> Signal[Sequence[int]]:
        """``slots`` became known, or changed."""

    async def attach(self, slot: int) -> AttachedWorker:
        """Attach to the worker in ``slot``, waiting as long as there is none."""


class RecordsUnavailable(Exception):
    """Records can't be read or written now; it may be possible in a moment."""


class RecordRefused(Exception):
    """A record can't be kept: it is too large, or there are too many, or its worker is gone."""


class StateRecord(Protocol):
    """A text under its key."""

    @property
    def key(self) -> str: ...

    @property
    def value(self) -> str: ...


class RecordStore(Protocol):
    """
    Where texts outlive this process, and die with a worker: in production :class:`app.sidecar.Sidecar`.

    All raise RecordsUnavailable and RecordRefused.
    """

    async def put_state(self, slot: int, incarnation: str, key: str, value: str) -> None:
        """Keep a text as long as this worker lives."""

    async def list_state(self, slot: int, prefix: str = "") -> tuple[str | None, Sequence[StateRecord]]:
        """Give the incarnation of the worker that is there, and what is kept."""

    async def delete_state(self, slot: int, key: str) -> bool:
        """Drop a text; says whether there was one."""


class Ownership(Protocol):
    """Whose rooms are: :class:`app.services.members.Members`."""

    async def hand_over(self, room_id: str, owner: str, heir: str, by: Actor) -> None:
        """
        Make the room of the identity ``owner`` that of ``heir``; both are told, in the call, that it was ``by``.

        :raises NotAllowed: it is not the owner's
        :raises NotFound: there is no record of the room, or ``heir`` is no member of it
        :raises LimitReached: the heir has as many rooms as allowed
        :raises Unavailable: the database does not answer
        """
