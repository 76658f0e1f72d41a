"""Every error that a client may meet has a code and a name; the others are ours."""

from __future__ import annotations

import pytest

from app.errors import LimitReached, NotFound
from app.mediasoup.errors import (
    ChannelClosedError,
    ChannelFullError,
    InvalidStateError,
    InvalidValueError,
    NotFoundError,
    RequestRefusedError,
    RequestTimeoutError,
    UnsupportedError,
)
from app.signaling.refusals import Refusal, refusal_of
from app.signaling.schemas import Produce


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotFound("no such thing"), Refusal(404, "not_found", "no such thing")),
        (LimitReached("enough"), Refusal(429, "limit_reached", "enough")),
        (
            InvalidValueError("encodings[0].ssrc", "is 0"),
            Refusal(400, "bad_request", "data.rtpParameters.encodings[0].ssrc: is 0"),
        ),
        (NotFoundError("no producer p"), Refusal(404, "not_found", "no producer p")),
        (UnsupportedError("no codec"), Refusal(400, "unsupported", "no codec")),
        (InvalidStateError("closed"), Refusal(409, "wrong_state", "closed")),
        (RequestTimeoutError("10 s"), Refusal(504, "worker_timeout", "10 s")),
        (ChannelClosedError("gone"), Refusal(503, "unavailable", "gone")),
        (ChannelFullError("full"), Refusal(503, "unavailable", "full")),
        (
            RequestRefusedError("transport_produce", "TypeError", "ssrc used"),
            Refusal(400, "refused_by_worker", "transport_produce: ssrc used"),
        ),
        (
            RequestRefusedError("consumer_pause", "NotFoundError", "no consumer"),
            Refusal(404, "not_found", "no consumer"),
        ),
        (ZeroDivisionError("a secret"), None),
    ],
)
def test_errors_read_as_they_should(error: Exception, expected: Refusal | None) -> None:
    assert refusal_of(error, Produce) == expected
