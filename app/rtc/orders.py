"""Orders: what is done to a peer in whichever part of the room it is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_type_hints

import msgspec

from .facts import encode
from .words import Ordered

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Order:
    """A method of a room whose first argument is the peer's id, and the types of all of them by name."""

    method: Callable[..., Any]
    signature: inspect.Signature

    def given(self, text: bytes) -> dict[str, Any]:
        """Read the arguments. Raises msgspec.ValidationError."""
        hints = get_type_hints(self.method)
        given = msgspec.json.decode(text, type=dict[str, Any])
        return {name: msgspec.convert(value, hints[name]) for name, value in given.items() if name in hints}


#: By the methods' names.
ORDERS: dict[str, Order] = {}


def order(method: F) -> F:
    """
    Make an order of a method of a room: called for a peer of another part, that part is told to do it.

    Nobody waits for that. What could be refused has to be looked at before; what fails there is in the log there. If
    nobody has the id, the method is called, to say so.
    """
    known = ORDERS[method.__name__] = Order(method, inspect.signature(method))

    @functools.wraps(method)
    def do(room: Any, peer_id: str, *args: Any, **kwargs: Any) -> Any:
        part = None if room.is_here(peer_id) else room.elsewhere.part_of(peer_id)
        if part is None:
            return method(room, peer_id, *args, **kwargs)
        given: Mapping[str, Any] = known.signature.bind(room, peer_id, *args, **kwargs).arguments
        text = encode({name: value for name, value in given.items() if name != "self"})
        room.link.say(Ordered(method.__name__, msgspec.Raw(text)), part)
        return _nothing() if inspect.iscoroutinefunction(method) else None

    return cast(F, do)


async def _nothing() -> None:
    """What a method is awaited for happens elsewhere."""
