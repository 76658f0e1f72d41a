"""Tables of the methods that clients may call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from app.rtc.peer import Peer
from app.rtc.permissions import Need
from app.rtc.registry import Registry
from app.rtc.room import Room

from .schemas import Data

#: What is done so often at most: so many calls at once, and so many a second in the long run.
Pace = Literal["talk", "data"]
PACES: dict[Pace, tuple[int, float]] = {"talk": (10, 2.0), "data": (50, 20.0)}

#: What a peer has of its own, by the field in which a client names it.
Subject = Literal["transport_id", "producer_id", "consumer_id"]
OWN: dict[Subject, Callable[[Peer], Registry[Any]]] = {
    "transport_id": lambda peer: peer.media.transports,
    "producer_id": lambda peer: peer.media.producers,
    "consumer_id": lambda peer: peer.media.subscriber.consumers,
}

#: When that which a method changes is put down, to outlive this process: ``before`` its answer, a moment ``after``, or
#: never, where it changes ``nothing`` that lasts.
PutDown = Literal["before", "after", "nothing"]

D = TypeVar("D", bound=Data)
#: Gives the answer's data; a coroutine function, if it has to wait for the worker.
Handler = Callable[[Room, Peer, D], object]


@dataclass(frozen=True, slots=True)
class Method(Generic[D]):
    """
    A method. Calls whose field ``ordered_by`` names the same object run one after the other.

    ``waits``: whether ``handle`` is a coroutine function; one that is not needs no task. ``needs_join``: refused before
    the peer has joined. ``needs``: what the peer's grants must cover. ``pace``: how often one client may call it, and
    all other methods of that pace. ``resumes``: it comes first, and only, on a connection by which a client comes back
    to its session. ``answers_first``: nothing is told before its answer. ``put_down``: when what it changes is.
    """

    schema: type[D]
    handle: Handler[D]
    ordered_by: Subject | None
    needs_join: bool
    needs: Need | None
    pace: Pace | None
    resumes: bool
    answers_first: bool
    put_down: PutDown
    waits: bool


class MethodTable(dict[str, Method[Any]]):
    """Methods by their names on the wire."""

    def method(
        self,
        name: str,
        schema: type[D],
        *,
        ordered_by: Subject | None = None,
        needs_join: bool = True,
        needs: Need | None = None,
        pace: Pace | None = None,
        resumes: bool = False,
        answers_first: bool = False,
        put_down: PutDown = "before",
    ) -> Callable[[Handler[D]], Handler[D]]:
        """Enter a function into the table."""

        def enter(handle: Handler[D]) -> Handler[D]:
            waits = inspect.iscoroutinefunction(handle)
            assert waits or ordered_by is None, "what does not wait is done in order by itself"
            self[name] = Method(
                schema, handle, ordered_by, needs_join, needs, pace, resumes, answers_first, put_down, waits
            )
            return handle

        return enter
