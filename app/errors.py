"""
Errors that a caller of Connect may see.

Each has a stable name (``code``) and an HTTP status; the edges translate them in one place each. The message is for
people.

* :exc:`ConnectError`
    * :exc:`BadRequest` 400: the data is wrong; the message, and ``fields``, name what is
    * :exc:`Unauthorized` 401: no token, or one that is not good (any more)
    * :exc:`NotAllowed` 403: this peer, or user, may not do that
        * :exc:`Banned` 403: not in this room any more
        * :exc:`RoomLocked` 403: nobody new may enter
        * :exc:`InLobby` 403: not yet; a moderator was asked
    * :exc:`NotFound` 404: nothing here has that id
        * :exc:`MethodNotFound` 404: no such signaling method
        * :exc:`CannotResume` 404: there is no session to come back to
    * :exc:`WrongState` 409: right in itself, but not now (a second ``join``, say)
        * :exc:`Conflict` 409: somebody else has it already
    * :exc:`LimitReached` 429: one more is over a limit
        * :exc:`TooManyRequests` 429: too often; ``retry_after`` says when to come back
    * :exc:`InternalError` 500: a fault of ours; the log has the details
    * :exc:`Unavailable` 503: no worker, no database, or going down; trying again later makes sense
        * :exc:`Draining` 503: nobody new is let in, so that this server empties
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar


class ConnectError(Exception):
    """Base of all errors that a caller may see."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500


class BadRequest(ConnectError):
    """The data is wrong. ``fields`` has, for each field that is, what is wrong with it."""

    code, status = "bad_request", 400

    def __init__(self, message: str, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


class Unauthorized(ConnectError):
    """There is no token, or it is not good (any more)."""

    code, status = "unauthorized", 401


class NotAllowed(ConnectError):
    """This peer, or user, may not do that."""

    code, status = "not_allowed", 403


class Banned(NotAllowed):
    """This identity, or token, was banned from the room."""

    code = "banned"


class RoomLocked(NotAllowed):
    """Nobody new may enter the room."""

    code = "room_locked"


class InLobby(NotAllowed):
    """The peer waits in the lobby; it is told when it is admitted, and then joins again."""

    code = "in_lobby"


class NotFound(ConnectError):
    """Nothing here has that id."""

    code, status = "not_found", 404


class MethodNotFound(NotFound):
    """There is no signaling method of that name."""

    code = "method_not_found"


class CannotResume(NotFound):
    """There is no session to come back to (any more): the client joins instead."""

    code = "cannot_resume"


class WrongState(ConnectError):
    """Right in itself, but not now."""

    code, status = "wrong_state", 409


class Conflict(WrongState):
    """Somebody else has it already."""

    code = "conflict"


class LimitReached(ConnectError):
    """One more would be over a limit."""

    code, status = "limit_reached", 429


class TooManyRequests(LimitReached):
    """The caller came too often; ``retry_after`` is in seconds, rounded up."""

    code = "too_many_requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InternalError(ConnectError):
    """A fault of ours; the log has the details."""


class Unavailable(ConnectError):
    """There is no worker or database to serve this, or the server is going down; trying again later makes sense."""

    code, status = "unavailable", 503


class Draining(Unavailable):
    """Nobody new is let in any more, so that this server empties; another one, or this one later, may do."""

    code = "draining"
