"""Whole messages, in and out of the codec."""

import pytest

from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.fbs import SchemaError
from app.mediasoup.channel.frames import MAX_MESSAGE_SIZE, FrameDecoder
from app.mediasoup.errors import InvalidValueError

MESSAGE = "FBS.Message.Message"
REQUEST = {"data": ("Request", {"id": 7, "method": "worker_dump", "handler_id": ""})}


def test_a_request_is_read_with_every_field(codec: Codec) -> None:
    request = {"id": 7, "method": "worker_dump", "handler_id": "", "body": None}
    assert codec.decode(MESSAGE, codec.encode(MESSAGE, REQUEST)) == {"data": ("Request", request)}


def test_a_message_with_its_size_in_front_is_a_frame(codec: Codec) -> None:
    frame = codec.encode(MESSAGE, REQUEST, size_prefixed=True)
    (message,) = FrameDecoder().feed(frame)
    assert codec.decode(MESSAGE, message) == codec.decode(MESSAGE, memoryview(frame), 4)


@pytest.mark.parametrize("size_prefixed", [False, True])
def test_a_message_over_the_limit_is_refused(codec: Codec, size_prefixed: bool) -> None:
    table = "FBS.DataConsumer.SendRequest"
    spare = 64
    frame = codec.encode(table, {"data": bytes(MAX_MESSAGE_SIZE - spare)}, size_prefixed=size_prefixed)
    assert len(frame) <= MAX_MESSAGE_SIZE
    with pytest.raises(InvalidValueError, match="too large"):
        codec.encode(table, {"data": bytes(MAX_MESSAGE_SIZE)}, size_prefixed=size_prefixed)


def test_an_unknown_table_is_an_error_of_its_own(codec: Codec) -> None:
    with pytest.raises(SchemaError, match=r"FBS\.Missing"):
        codec.encode("FBS.Missing", {})
    with pytest.raises(SchemaError, match=r"FBS\.Missing"):
        codec.decode("FBS.Missing", b"")
