"""What the worker says: read at once where it was seen before, it is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.mediasoup.channel import messages as messages_module
from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.messages import LEARN_AFTER, LONGEST, MOST_OF_A_LENGTH, MOST_SKELETONS, MessageDecoder
from app.mediasoup.channel.requests import MESSAGE
from app.mediasoup.errors import MalformedMessageError

from .oracle import Oracle
from .values import Values, comparable

VALUES = Values()
patient = settings(
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)

ID = "3f3c3e3a-0000-4222-8333-444455556666"


def score(producer_id: str = ID, *scores: int, rid: str = "r0") -> dict[str, Any]:
    rows = [{"encoding_idx": index, "ssrc": 12345 + index, "rid": rid, "score": s} for index, s in enumerate(scores)]
    body = ("Producer_ScoreNotification", {"scores": rows})
    return {"data": ("Notification", {"handler_id": producer_id, "event": "producer_score", "body": body})}


@pytest.fixture
def decoder(codec: Codec) -> MessageDecoder:
    return MessageDecoder(codec)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it learn of every message."""
    monkeypatch.setattr(messages_module, "LEARN_AFTER", 1)


def outcome(decode: Callable[[bytes], dict[str, Any]], message: bytes) -> Any:
    try:
        return comparable(decode(message))
    except MalformedMessageError:
        return MalformedMessageError


def plainly(codec: Codec) -> Callable[[bytes], dict[str, Any]]:
    return lambda message: codec.decode(MESSAGE, message)


@given(data=st.data())
@settings(patient, max_examples=200)
@pytest.mark.usefixtures("eager")
def test_a_message_means_the_same_when_it_is_known(codec: Codec, oracle: Oracle, data: st.DataObject) -> None:
    table = codec.schema.table(MESSAGE)
    value = data.draw(VALUES.table(table))
    encode = data.draw(st.sampled_from([codec.encode, lambda _, value: oracle.encode(table, value)]))
    message = encode(MESSAGE, value)
    decoder = MessageDecoder(codec)
    first, second = decoder.decode(message), decoder.decode(message)
    assert comparable(first) == comparable(second) == comparable(codec.decode(MESSAGE, message))


@given(data=st.data())
@settings(patient, max_examples=400)
@pytest.mark.usefixtures("eager")
def test_bytes_that_are_not_as_they_were_mean_what_they_mean_plainly(
    codec: Codec, oracle: Oracle, data: st.DataObject
) -> None:
    message = oracle.encode(codec.schema.table(MESSAGE), score(ID, 10, 9, 8))
    decoder = MessageDecoder(codec)
    decoder.decode(message)
    changed = bytearray(message)
    for at, byte in data.draw(
        st.dictionaries(st.integers(0, len(message) - 1), st.integers(0, 255), max_size=3)
    ).items():
        changed[at] = byte
    for _ in range(2):
        assert outcome(decoder.decode, bytes(changed)) == outcome(plainly(codec), bytes(changed))


@pytest.mark.usefixtures("eager")
def test_every_single_byte_may_be_wrong(codec: Codec, oracle: Oracle) -> None:
    message = oracle.encode(codec.schema.table(MESSAGE), score(ID, 10, 9))
    decoder = MessageDecoder(codec)
    decoder.decode(message)
    for at in range(len(message)):
        for flipped in (0x01, 0x80, 0xFF):
            changed = message[:at] + bytes([message[at] ^ flipped]) + message[at + 1 :]
            assert outcome(decoder.decode, changed) == outcome(plainly(codec), changed)


def test_what_comes_often_is_not_read_plainly_again(
    codec: Codec, decoder: MessageDecoder, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A score of 0 would be another skeleton: the official encoder, as the worker's, leaves it out.
    messages = [oracle.encode(codec.schema.table(MESSAGE), score(ID, 1 + n, 3)) for n in range(LEARN_AFTER)]
    expected = [codec.decode(MESSAGE, message) for message in messages]
    for message in messages:
        decoder.decode(message)
    monkeypatch.delattr(Codec, "decode")
    assert [decoder.decode(message) for message in messages] == expected


@pytest.mark.usefixtures("eager")
def test_messages_of_one_length_may_say_different_things(codec: Codec, decoder: MessageDecoder) -> None:
    values = [
        {"data": ("Notification", {"handler_id": ID, "event": event})} for event in ("producer_score", "consumer_score")
    ] + [{"data": ("Response", {"id": 5, "accepted": True, "error": "x" * length})} for length in (39, 40, 41)]
    messages = [codec.encode(MESSAGE, value) for value in values]
    for message in messages * 3:
        assert decoder.decode(message) == codec.decode(MESSAGE, message)


@pytest.mark.usefixtures("eager")
def test_what_is_learned_has_bounds(codec: Codec, decoder: MessageDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages_module, "MOST_VALUES", 10)
    for length in range(MOST_SKELETONS + 20):
        decoder.decode(codec.encode(MESSAGE, score("x" * length, 1)))
    for count in range(1, 8):
        decoder.decode(codec.encode(MESSAGE, score(ID, *[1] * count)))
    decoder.decode(codec.encode(MESSAGE, {"data": ("Log", {"data": "x" * LONGEST})}))
    assert 0 < sum(len(length.readers) for length in decoder._lengths.values()) <= MOST_SKELETONS
    assert all(len(length.readers) <= MOST_OF_A_LENGTH for length in decoder._lengths.values())
    assert max(decoder._lengths) <= LONGEST


@pytest.mark.usefixtures("eager")
def test_a_string_that_is_there_twice_is_read_plainly(codec: Codec, decoder: MessageDecoder) -> None:
    message = bytearray(codec.encode(MESSAGE, {"data": ("Response", {"id": 1, "error": "same", "reason": "what"})}))
    # Lead the reason to where the error is.
    at, to = message.index(b"\x04\0\0\0what"), message.index(b"\x04\0\0\0same")
    (place,) = (p for p in range(0, len(message) - 4, 4) if p + int.from_bytes(message[p : p + 4], "little") == at)
    message[place : place + 4] = (to - place).to_bytes(4, "little")
    for _ in range(2):
        response = decoder.decode(bytes(message))["data"][1]
        assert (response["error"], response["reason"]) == ("same", "same")
    assert not any(length.readers for length in decoder._lengths.values())
