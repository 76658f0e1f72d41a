"""
Requests as frames.

What surrounds a request's body is the same for every request of a method, but for the request's id and the id of the
object that is asked. The codec makes it once, and it is kept as a template; small requests consist of little else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..errors import InvalidValueError
from . import encoder
from .codec import Codec
from .encoder import UUID_BLOCK_SIZE, Block
from .frames import MAX_MESSAGE_SIZE
from .templates import NUMBER, make_template

MESSAGE: Final = "FBS.Message.Message"
BODY: Final = "FBS.Request.Body"

#: The name of a member of the schema's union, and its fields, or the block that the codec made of them.
Body = tuple[str, Mapping[str, Any] | Block]

_PREFIX: Final = struct.Struct("<I")
_EMPTY: Final = Block()


class RequestEncoder:
    """Makes the frames of requests."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._strings = codec.strings
        self._tables: dict[str | None, str] = {
            member: table.name for member, table in codec.schema.union(BODY).members.items()
        }
        # By method, member of the body, and size of the block of the handler's id: the template and its size.
        self._envelopes: dict[tuple[str, str | None, int], tuple[Callable[..., bytes], int]] = {}

    def encode(self, request_id: int, method: str, handler_id: str, body: Body | None) -> bytes:
        """
        Give what :meth:`encode_plainly` gives, but in a fraction of its time.

        Raises :exc:`InvalidValueError` that names the field of the body, or the method.
        """
        try:
            handler = self._strings[handler_id]
            member, content = (None, _EMPTY) if body is None else body
            envelope, size = self._envelopes[method, member, len(handler)]
            block = content if isinstance(content, Block) else self._codec.block(self._tables[member], content)
            size += len(block)
            if size > MAX_MESSAGE_SIZE:
                raise ValueError
            return envelope(size - _PREFIX.size, request_id, handler) + block
        except encoder.FAULTS:
            # There is no template yet, or something is wrong, and what is said by this.
            frame = self.encode_plainly(request_id, method, handler_id, body)
            self._keep_envelope(method, None if body is None else body[0], self._strings[handler_id])
            return frame

    def encode_plainly(self, request_id: int, method: str, handler_id: str, body: Body | None) -> bytes:
        """Make a frame without any template. Raises :exc:`InvalidValueError` like :meth:`encode`."""
        request = {"id": request_id, "method": method, "handler_id": handler_id, "body": body}
        try:
            return self._codec.encode(MESSAGE, {"data": ("Request", request)}, size_prefixed=True)
        except InvalidValueError as error:
            # The caller knows nothing of the envelope.
            path = error.path.removeprefix("Message.data.body").lstrip(".")
            raise InvalidValueError(path or method, error.problem) from None

    def _keep_envelope(self, method: str, member: str | None, handler: bytes) -> None:
        # Of objects with longer ids than ours there is no end.
        if len(handler) > UUID_BLOCK_SIZE:
            return
        body = None if member is None else (member, _EMPTY)

        def make(size: int, request_id: int, handler_id: str) -> bytes:
            # The body comes last, so that without it the frame ends where it will start.
            return _PREFIX.pack(size) + self.encode_plainly(request_id, method, handler_id, body)[_PREFIX.size :]

        envelope = make_template(make, NUMBER, NUMBER, len(handler))
        self._envelopes[method, member, len(handler)] = (envelope, len(envelope(0, 0, handler)))
