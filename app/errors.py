"""
Errors that a caller of Connect may see.

Each has a stable name (``code``) and an HTTP status; the edges translate them in one place each. The message is for
people.

* :exc:`ConnectError`
    * :exc:`BadRequest` 400: the data is wrong; the message names the field
    * :exc:`NotAllowed` 403: this peer may not do that
    * :exc:`NotFound` 404: nothing here has that id
        * :exc:`MethodNotFound` 404: no such signaling method
    * :exc:`WrongState` 409: right in itself, but not now (a second ``join``, say)
    * :exc:`LimitReached` 429: one more is over a limit
    * :exc:`InternalError` 500: a fault of ours; the log has the details
    * :exc:`Unavailable` 503: no worker, or going down; trying again later makes sense
"""

from typing import ClassVar


class ConnectError(Exception):
    """Base of all errors that a caller may see."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500


class BadRequest(ConnectError):
    """The data is wrong; the message names the field."""

    code, status = "bad_request", 400


class NotAllowed(ConnectError):
    """This peer may not do that."""

    code, status = "not_allowed", 403


class NotFound(ConnectError):
    """Nothing here has that id."""

    code, status = "not_found", 404


class MethodNotFound(NotFound):
    """There is no signaling method of that name."""

    code = "method_not_found"


class WrongState(ConnectError):
    """Right in itself, but not now."""

    code, status = "wrong_state", 409


class LimitReached(ConnectError):
    """One more would be over a limit."""

    code, status = "limit_reached", 429


class InternalError(ConnectError):
    """A fault of ours; the log has the details."""


class Unavailable(ConnectError):
    """There is no worker to serve this, or the server is going down; trying again later makes sense."""

    code, status = "unavailable", 503
