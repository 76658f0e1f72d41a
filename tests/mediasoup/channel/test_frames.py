"""Messages to a stream of bytes and back."""

import struct

import pytest

from app.mediasoup.channel.frames import MAX_MESSAGE_SIZE, FrameDecoder, encode_frame
from app.mediasoup.errors import InvalidValueError, MalformedMessageError


def test_a_frame_is_the_message_behind_its_length() -> None:
    assert encode_frame(b"abc") == b"\x03\0\0\0abc"


def test_a_message_cut_anywhere_comes_out_whole() -> None:
    stream = encode_frame(b"one") + encode_frame(b"") + encode_frame(b"three")
    for cut in range(len(stream) + 1):
        decoder = FrameDecoder()
        messages = [*decoder.feed(stream[:cut]), *decoder.feed(stream[cut:])]
        assert messages == [b"one", b"", b"three"]


def test_messages_come_out_of_single_bytes() -> None:
    decoder = FrameDecoder()
    stream = encode_frame(b"one") + encode_frame(b"two")
    messages = [message for byte in stream for message in decoder.feed(bytes([byte]))]
    assert messages == [b"one", b"two"]


def test_bytes_are_taken_even_if_nobody_looks_at_the_messages() -> None:
    decoder = FrameDecoder()
    decoder.feed(encode_frame(b"one"))
    decoder.feed(memoryview(encode_frame(b"two")))
    assert list(decoder.feed(b"")) == [b"one", b"two"]


def test_bytes_that_come_while_messages_are_read_are_read_too() -> None:
    decoder = FrameDecoder()
    messages = decoder.feed(encode_frame(b"one") + encode_frame(b"two"))
    assert next(messages) == b"one"
    decoder.feed(encode_frame(b"three"))
    assert list(messages) == [b"two", b"three"]


def test_the_longest_message_passes() -> None:
    message = bytes(MAX_MESSAGE_SIZE - 4)
    assert list(FrameDecoder().feed(encode_frame(message))) == [message]


def test_a_message_too_long_is_not_sent() -> None:
    with pytest.raises(InvalidValueError, match="too large"):
        encode_frame(bytes(MAX_MESSAGE_SIZE - 3))


def test_a_length_over_the_limit_ends_the_stream() -> None:
    decoder = FrameDecoder()
    messages = decoder.feed(encode_frame(b"one") + struct.pack("<I", MAX_MESSAGE_SIZE - 3))
    assert next(messages) == b"one"
    with pytest.raises(MalformedMessageError, match="over the limit"):
        next(messages)
    with pytest.raises(MalformedMessageError, match="over the limit"):
        list(decoder.feed(encode_frame(b"two")))
