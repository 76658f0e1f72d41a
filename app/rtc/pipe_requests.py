"""What other nodes ask for pipes, passed on to the part of the room that it is about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from app.errors import BadRequest, NotFound

from .bus import Bus
from .pipe_messages import Check, Connect, Open, Request, Tell
from .pipes import Pipes

#: Gives the pipes of a part of a room on this node, by the part's number.
Find = Callable[[str, int], Awaitable[Pipes | None]]

R = TypeVar("R", bound=Request)


def serve_pipes(bus: Bus, find: Find) -> None:
    """Answer all requests about pipes."""
    _serve(bus, find, Connect, lambda pipes: pipes.connect)
    _serve(bus, find, Open, lambda pipes: pipes.open)
    _serve(bus, find, Tell, lambda pipes: pipes.tell)
    _serve(bus, find, Check, lambda pipes: pipes.check_with)


def _serve(bus: Bus, find: Find, kind: type[R], handler: Callable[[Pipes], Callable[[R], Awaitable[Any]]]) -> None:
    async def answer(_: str, data: Any) -> Any:
        try:
            request = msgspec.convert(data, kind)
        except msgspec.ValidationError as error:
            raise BadRequest(f"{kind.METHOD}: {error}") from error
        pipes = await find(request.room, request.number)
        if pipes is None:
            raise NotFound(f"room {request.room!r} has no part {request.number} here")
        return msgspec.to_builtins(await handler(pipes)(request))

    bus.serve(kind.METHOD, answer)
