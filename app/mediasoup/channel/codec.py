"""
The codec of the worker's messages: mappings to FlatBuffers bytes and back, as the schema says.

Keys are the schema's field names. Enumerators are strings in lower case. A union's value is a pair of the member's
name and its table: ``{"data": ("Request", {"id": 1, ...})}``. A field that is absent, or None, is not written; its
reader sees the default. What is decoded has every field of its table.
"""

import struct
from collections.abc import Mapping
from typing import Any, Final

from app.mediasoup.channel import decoder, encoder, faults
from app.mediasoup.channel.decoder import Decode, Decoder
from app.mediasoup.channel.encoder import Block, Encode, Encoder
from app.mediasoup.channel.frames import MAX_MESSAGE_SIZE
from app.mediasoup.channel.schema import Schema
from app.mediasoup.errors import InvalidValueError, MalformedMessageError

_HEAD: Final = struct.Struct("<II")
_ROOT: Final = struct.Struct("<I")
_REREAD: Final = 4
"""Strings and tables may be shared in a message; this is how many times its own bytes a message may be read."""


class Codec:
    """Encodes and decodes every table of a schema; prepares for a table when it first meets it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._encoder = Encoder()
        self._decoder = Decoder()
        self._encode: dict[str, Encode] = {}
        self._decode: dict[str, Decode] = {}

    def encode(self, table: str, value: Mapping[str, Any], *, size_prefixed: bool = False) -> bytes:
        """
        Make a message with ``value`` as its root ``table``, which is a full name such as "FBS.Message.Message".

        ``size_prefixed`` puts the message's length in front, so that it is a whole frame.
        Raises :exc:`InvalidValueError` that names the field which the table can't hold.
        """
        block = self._block(table, value)
        if _HEAD.size + len(block) > MAX_MESSAGE_SIZE:
            raise InvalidValueError(_last(table), f"a message of {len(block)} bytes is too large")
        # The block has to lie at a multiple of 8, counted from the very first byte.
        if size_prefixed:
            return _HEAD.pack(_ROOT.size + len(block), _ROOT.size) + block
        return _HEAD.pack(_HEAD.size, 0) + block

    @property
    def strings(self) -> Mapping[str, bytes]:
        """The block of every string, as it stands in messages. Raises one of :data:`encoder.FAULTS`."""
        return self._encoder.strings

    def block(self, table: str, value: Mapping[str, Any]) -> Block:
        """Make the bytes of a table, for messages in which a union has it. Raises :exc:`InvalidValueError`."""
        return Block(self._block(table, value))

    def _block(self, table: str, value: Mapping[str, Any]) -> bytes:
        try:
            encode = self._encode[table]
        except KeyError:
            encode = self._encode[table] = self._encoder.function(self.schema.table(table))
        try:
            try:
                return encode(value)
            except encoder.FAULTS:
                faults.check(self.schema.table(table), value, _last(table))
                raise
        except RecursionError:
            raise InvalidValueError(_last(table), "is nested too deeply") from None

    def decode(self, table: str, data: bytes | memoryview, offset: int = 0) -> dict[str, Any]:
        """
        Read the message that starts at ``offset``, behind its length, and has ``table`` for its root.

        Raises :exc:`MalformedMessageError`.
        """
        try:
            decode = self._decode[table]
        except KeyError:
            decode = self._decode[table] = self._decoder.function(self.schema.table(table))
        buf = bytes(data)
        try:
            return decode(buf, offset + _ROOT.unpack_from(buf, offset)[0], [_REREAD * len(buf)])
        except decoder.FAULTS as error:
            raise MalformedMessageError(f"{_last(table)}: {error}") from error
        except RecursionError:
            raise MalformedMessageError(f"{_last(table)} is nested too deeply") from None


def _last(table: str) -> str:
    return table.rpartition(".")[2]
