"""
The envelope of the protoo protocol: text frames to values and back.

No socket, no loop, no method: what ``data`` holds is for :mod:`app.signaling.schemas`. Nothing here can be part of a
cycle, so the garbage collector need not know of it (``gc=False``): there is one for each message.

Source: protoo-client 4, ``lib/Message.js``.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import msgspec

SUBPROTOCOL = "protoo"

#: What JSON's numbers hold exactly; protoo's own clients stay below ten million.
Id = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
NOTHING, NULL = msgspec.Raw(b"{}"), msgspec.Raw(b"null")


class ProtocolError(Exception):
    """A frame that is no protoo message."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """The other side wants something done, and an answer."""

    id: int
    method: str
    data: msgspec.Raw


class Response(msgspec.Struct, frozen=True, gc=False):
    """The other side's answer; ``refusal`` is why it refused, ``None`` if it didn't."""

    id: int
    refusal: str | None


class Notification(msgspec.Struct, frozen=True, gc=False):
    """The other side tells something."""

    method: str
    data: msgspec.Raw


Message = Request | Response | Notification


class _Frame(msgspec.Struct, gc=False):
    """All that a frame may hold; which of it must be there depends on the first three."""

    request: bool = False
    response: bool = False
    notification: bool = False
    id: Id | None = None
    method: str | None = None
    ok: bool = False
    data: msgspec.Raw = NOTHING
    #: Clients choose what they say of a refusal.
    errorCode: Any = None
    errorReason: Any = None


_decoder = msgspec.json.Decoder(_Frame)
_encoder = msgspec.json.Encoder()


def decode(text: str | bytes) -> Message:
    """Read one frame. Raises ProtocolError when it is no protoo message."""
    try:
        frame = _frame(text)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise ProtocolError(str(error)) from error
    # protoo sends {} for no data, but null reads the same to it.
    data = NOTHING if frame.data == NULL else frame.data
    if frame.request and frame.id is not None and frame.method is not None:
        return Request(frame.id, frame.method, data)
    if frame.response and frame.id is not None:
        return Response(frame.id, None if frame.ok else f"{frame.errorReason} ({frame.errorCode})")
    if frame.notification and frame.method is not None:
        return Notification(frame.method, data)
    raise ProtocolError("neither a request nor a response nor a notification, or part of it is missing")


def _frame(text: str | bytes) -> _Frame:
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError:
        if b"\\u" not in (text if isinstance(text, bytes) else text.encode()):
            raise
        return _decoder.decode(_with_whole_characters(text))


def _with_whole_characters(text: str | bytes) -> str:
    """
    Put U+FFFD in the place of halves of characters: JavaScript's ``slice`` cuts them, and its JSON escapes the halves.

    Raises ValueError for what is no JSON.
    """
    units = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace")


class _OutRequest(msgspec.Struct, gc=False):
    id: int
    method: str
    data: Any
    request: Literal[True] = True


class _OutNotification(msgspec.Struct, gc=False):
    method: str
    data: Any
    notification: Literal[True] = True


class _OutAnswer(msgspec.Struct, gc=False):
    id: int
    data: Any
    response: Literal[True] = True
    ok: Literal[True] = True


class _OutRefusal(msgspec.Struct, rename="camel", gc=False):
    id: int
    error_code: int
    error_name: str
    error_reason: str
    response: Literal[True] = True
    ok: Literal[False] = False


def request(id: int, method: str, data: object) -> bytes:
    """Word a request to the client."""
    return _encoder.encode(_OutRequest(id, method, data))


#: The answer of most requests: that it is done.
_DONE = b'{"id":%d,"data":{},"response":true,"ok":true}'


class _Told(msgspec.Struct):
    """What was told last, and its wording: most is told to many, one after the other."""

    method: str = ""
    data: object = None
    text: bytes = b""


_told = _Told()


def notification(method: str, data: object) -> bytes:
    """Word a notification to the client; ``data`` must not change any more."""
    if data is not _told.data or method != _told.method:
        _told.text = _encoder.encode(_OutNotification(method, data))
        _told.method, _told.data = method, data
    return _told.text


def answer(id: int, data: object) -> bytes:
    """Word the answer to the client's request ``id``; ``None`` has ``{}`` for its data."""
    return _DONE % id if data is None else _encoder.encode(_OutAnswer(id, data))


def refusal(id: int, code: int, name: str, reason: str) -> bytes:
    """Word the refusal of the client's request ``id``: HTTP's code, Connect's name for it, a text for people."""
    return _encoder.encode(_OutRefusal(id, code, name, reason))
