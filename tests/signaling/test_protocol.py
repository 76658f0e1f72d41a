"""Frames to values and back: no socket is needed."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.signaling import protocol
from app.signaling.protocol import Notification, ProtocolError, Request, Response


def test_a_request_is_read() -> None:
    message = protocol.decode('{"request": true, "id": 17, "method": "join", "data": {"a": 1}}')
    assert isinstance(message, Request)
    assert (message.id, message.method, bytes(message.data)) == (17, "join", b'{"a": 1}')


@pytest.mark.parametrize("data", ["", ', "data": null', ', "data": {}'])
def test_a_request_without_data_has_an_empty_object(data: str) -> None:
    message = protocol.decode('{"request": true, "id": 1, "method": "join"' + data + "}")
    assert isinstance(message, Request)
    assert bytes(message.data) == b"{}"


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\ud83dx"])
def test_half_a_character_that_was_cut_is_replaced(half: str) -> None:
    message = protocol.decode(
        '{"request": true, "id": 1, "method": "chat", "data": {"text": "' + half + ' \\ud83d\\ude00"}}'
    )
    assert isinstance(message, Request)
    read = msgspec.json.decode(message.data)["text"]
    assert read == json.loads(f'"{half}"').encode("utf-16", "surrogatepass").decode("utf-16", "replace") + " 😀"
    assert read.startswith("\ufffd")


def test_an_answer_is_read_with_the_reason_of_its_refusal() -> None:
    assert protocol.decode('{"response": true, "id": 3, "ok": true, "data": {}}') == Response(3, None)
    refused = '{"response": true, "id": 3, "ok": false, "errorCode": 403, "errorReason": "no"}'
    assert protocol.decode(refused) == Response(3, "no (403)")


def test_a_notification_is_read() -> None:
    message = protocol.decode('{"notification": true, "method": "hello", "data": {}}')
    assert isinstance(message, Notification)
    assert message.method == "hello"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "null",
        "17",
        "{}",
        '{"request": true, "method": "join"}',
        '{"request": true, "id": 1}',
        '{"request": true, "id": "1", "method": "join"}',
        '{"request": true, "id": -1, "method": "join"}',
        '{"request": true, "id": 1.5, "method": "join"}',
        '{"request": true, "id": 1, "method": 2}',
        '{"request": "yes", "id": 1, "method": "join"}',
        '{"response": true, "ok": true}',
        '{"notification": true}',
        '{"request": true, "id": 1, "method": "join", "data": {}} and more',
        "[" * 50_000,
        '{"request": true, "id": 1, "method": "join", "data": ' + "[" * 50_000,
    ],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        protocol.decode(text)


@given(st.text() | st.binary())
def test_whatever_comes_is_a_message_or_an_error(frame: str | bytes) -> None:
    try:
        protocol.decode(frame)
    except ProtocolError as error:
        assert str(error)


class Point(msgspec.Struct, rename="camel"):
    """A value as the domain sends them."""

    far_left: int


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (
            protocol.request(5, "newConsumer", Point(1)),
            {"request": True, "id": 5, "method": "newConsumer", "data": {"farLeft": 1}},
        ),
        (
            protocol.notification("peerClosed", Point(1)),
            {"notification": True, "method": "peerClosed", "data": {"farLeft": 1}},
        ),
        (protocol.answer(5, [Point(1)]), {"response": True, "id": 5, "ok": True, "data": [{"farLeft": 1}]}),
        (protocol.answer(5, None), {"response": True, "id": 5, "ok": True, "data": {}}),
        (
            protocol.refusal(5, 404, "not_found", "no such thing"),
            {
                "response": True,
                "id": 5,
                "ok": False,
                "errorCode": 404,
                "errorName": "not_found",
                "errorReason": "no such thing",
            },
        ),
    ],
)
def test_frames_are_what_protoo_expects(frame: bytes, expected: dict[str, object]) -> None:
    assert json.loads(frame) == expected


def test_what_is_told_to_many_is_worded_once() -> None:
    point = Point(1)
    text = protocol.notification("peerClosed", point)
    assert protocol.notification("peerClosed", point) is text
    for method, data, expected in (("peerClosed", Point(2), {"farLeft": 2}), ("other", point, {"farLeft": 1})):
        told = json.loads(protocol.notification(method, data))
        assert told == {"notification": True, "method": method, "data": expected}
