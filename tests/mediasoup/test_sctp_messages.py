"""How text and bytes are marked; that they arrive so is in test_direct_transport and test_pipe_to_router."""

from __future__ import annotations

import pytest

from app.mediasoup.sctp_messages import message_to_table


@pytest.mark.parametrize(
    ("message", "given", "ppid", "data"),
    [
        ("grüß", None, 51, "grüß".encode()),
        (b"abc", None, 53, b"abc"),
        ("", None, 56, b" "),
        (b"", None, 57, b"\0"),
        # Whoever gives one knows what it means, but what is empty stays empty.
        (b"abc", 51, 51, b"abc"),
        ("abc", 56, 56, b" "),
        (b"abc", 57, 57, b"\0"),
        ("", 51, 51, b""),
        (b"abc", 0, 0, b"abc"),
    ],
)
def test_a_message_says_whether_it_is_text_or_bytes(
    message: str | bytes, given: int | None, ppid: int, data: bytes
) -> None:
    assert message_to_table(message, given) == {"ppid": ppid, "data": data}
