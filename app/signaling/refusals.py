"""What a client is told when its request fails: the one place that turns errors into codes."""

from __future__ import annotations

import msgspec

from app.errors import (
    BadRequest,
    ConnectError,
    InternalError,
    LimitReached,
    MethodNotFound,
    NotFound,
    Unavailable,
    WrongState,
)
from app.mediasoup import errors as mediasoup

from .schemas import Data, wire_path


class Refusal(msgspec.Struct, frozen=True):
    """``code`` is HTTP's, ``name`` Connect's, ``reason`` for people."""

    code: int
    name: str
    reason: str


#: Errors of the library, the more special before the more general.
LIBRARY_ERRORS: list[tuple[type[mediasoup.MediasoupError], int, str]] = [
    (mediasoup.NotFoundError, NotFound.status, NotFound.code),
    (mediasoup.UnsupportedError, 400, "unsupported"),
    (mediasoup.InvalidStateError, WrongState.status, WrongState.code),
    (mediasoup.RequestTimeoutError, 504, "worker_timeout"),
    (mediasoup.RequestRefusedError, 400, "refused_by_worker"),
    (mediasoup.ChannelError, Unavailable.status, Unavailable.code),
]


def refusal_of(error: Exception, schema: type[Data]) -> Refusal | None:
    """
    Say how ``error`` reads to the client whose request has ``schema``.

    ``None`` for what is no client's business: a fault of ours.
    """
    if isinstance(error, ConnectError):
        return Refusal(error.status, error.code, str(error))
    if isinstance(error, mediasoup.InvalidValueError):
        where = wire_path(schema, error.path)
        return Refusal(BadRequest.status, BadRequest.code, f"{where}: {error.problem}")
    if isinstance(error, mediasoup.RequestRefusedError) and error.error == "NotFoundError":
        return Refusal(NotFound.status, NotFound.code, error.reason)
    for kind, code, name in LIBRARY_ERRORS:
        if isinstance(error, kind):
            return Refusal(code, name, str(error))
    return None


FAULT = Refusal(InternalError.status, InternalError.code, "something went wrong here; the server's log has it")
UNKNOWN = Refusal(MethodNotFound.status, MethodNotFound.code, "there is no such method")
TOO_MANY = Refusal(LimitReached.status, LimitReached.code, "too many requests wait for their answers")
