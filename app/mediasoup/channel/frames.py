"""The worker's stream of bytes: each message has its length in front, 32 bits, little-endian."""

import struct
from collections.abc import Iterator
from typing import Final

from app.mediasoup.errors import InvalidValueError, MalformedMessageError

MAX_MESSAGE_SIZE: Final = 8_388_608
"""Bytes of the longest frame, prefix included. The worker takes and sends no longer ones."""

_PREFIX: Final = struct.Struct("<I")


def encode_frame(payload: bytes) -> bytes:
    """Put the length in front of a message. Raises :exc:`InvalidValueError` if it is too long for the worker."""
    if _PREFIX.size + len(payload) > MAX_MESSAGE_SIZE:
        raise InvalidValueError("", f"a message of {len(payload)} bytes is too large")
    return _PREFIX.pack(len(payload)) + payload


class FrameDecoder:
    """
    Cut a stream of bytes into messages.

    Holds no more than one unfinished frame and what was fed since. A length over the limit can't be got over: where
    the next frame starts is unknown, so the error comes again with everything fed later.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Add ``data``, and return each message that is now complete. Raises :exc:`MalformedMessageError`."""
        self._buffer += data
        return self._messages()

    def _messages(self) -> Iterator[bytes]:
        while len(self._buffer) >= _PREFIX.size:
            (size,) = _PREFIX.unpack_from(self._buffer)
            end = _PREFIX.size + size
            if end > MAX_MESSAGE_SIZE:
                raise MalformedMessageError(f"a frame of {end} bytes is over the limit")
            if len(self._buffer) < end:
                return
            message = bytes(self._buffer[_PREFIX.size : end])
            del self._buffer[:end]
            yield message
