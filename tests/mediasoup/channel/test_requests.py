"""Requests as frames: with and without templates they are the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.mediasoup.channel import requests as requests_module
from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.encoder import Block
from app.mediasoup.channel.requests import BODY, MESSAGE, Body, RequestEncoder
from app.mediasoup.channel.schema import Enum, Schema
from app.mediasoup.errors import InvalidValueError

from ..conftest import SCHEMAS
from .oracle import Oracle
from .values import TEXT, Values, comparable

SCHEMA = Schema.load(SCHEMAS)
MEMBERS = SCHEMA.union(BODY).members
METHOD = SCHEMA.types["FBS.Request.Method"]
assert isinstance(METHOD, Enum)
VALUES = Values()

ids = st.uuids().map(str) | TEXT | st.just("x" * 60)
numbers = st.integers(0, 2**32 - 1)
bodies: st.SearchStrategy[Body | None] = st.none() | st.sampled_from(sorted(MEMBERS)).flatmap(
    lambda member: st.tuples(st.just(member), VALUES.table(MEMBERS[member]))
)
patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

ID = "3f3c3e3a-0000-4222-8333-444455556666"
LAYERS: dict[str, Any] = {"preferred_layers": {"spatial_layer": 2, "temporal_layer": 1}}

#: What a call sends most.
HOT: list[tuple[str, Body | None]] = [
    ("producer_pause", None),
    ("producer_resume", None),
    ("consumer_pause", None),
    ("consumer_resume", None),
    ("consumer_request_key_frame", None),
    ("consumer_get_stats", None),
    ("consumer_set_preferred_layers", ("Consumer_SetPreferredLayersRequest", LAYERS)),
    ("transport_close_consumer", ("Transport_CloseConsumerRequest", {"consumer_id": ID})),
    ("transport_close_producer", ("Transport_CloseProducerRequest", {"producer_id": ID})),
]


@pytest.fixture(scope="session")
def requests(codec: Codec) -> RequestEncoder:
    """It learns from one test and example what it uses in the next."""
    return RequestEncoder(codec)


@given(
    request_ids=st.tuples(numbers, numbers), method=st.sampled_from(sorted(METHOD.numbers)), handler_id=ids, body=bodies
)
@patient
def test_a_frame_from_a_template_is_the_plain_one(
    requests: RequestEncoder,
    codec: Codec,
    oracle: Oracle,
    request_ids: tuple[int, int],
    method: str,
    handler_id: str,
    body: Body | None,
) -> None:
    for request_id in request_ids:
        frame = requests.encode(request_id, method, handler_id, body)
        assert frame == requests.encode_plainly(request_id, method, handler_id, body)
        message = codec.decode(MESSAGE, frame, 4)
        assert comparable(oracle.decode(SCHEMA.table(MESSAGE), frame[4:])) == comparable(message)
        assert message["data"][1]["id"] == request_id
        assert (message["data"][1]["method"], message["data"][1]["handler_id"]) == (method, handler_id)


@pytest.mark.parametrize(("method", "body"), HOT, ids=[method for method, _ in HOT])
def test_what_is_sent_most_is_not_made_plainly_twice(
    codec: Codec, monkeypatch: pytest.MonkeyPatch, method: str, body: Body | None
) -> None:
    requests = RequestEncoder(codec)
    expected = [requests.encode_plainly(number, method, ID, body) for number in (1, 2)]
    assert requests.encode(1, method, ID, body) == expected[0]
    monkeypatch.delattr(RequestEncoder, "encode_plainly")
    assert requests.encode(2, method, ID, body) == expected[1]


def test_templates_are_kept_for_short_ids_only(codec: Codec) -> None:
    requests = RequestEncoder(codec)
    for length in range(200):
        requests.encode(1, "producer_pause", "x" * length, None)
    assert len(requests._envelopes) == 6


def test_a_body_may_be_a_block_made_before(requests: RequestEncoder, codec: Codec) -> None:
    fields = {"router_id": ID}
    block = codec.block("FBS.Worker.CloseRouterRequest", fields)
    expected = requests.encode_plainly(1, "worker_close_router", "", ("Worker_CloseRouterRequest", fields))
    for encode in (requests.encode_plainly, requests.encode):
        assert encode(1, "worker_close_router", "", ("Worker_CloseRouterRequest", block)) == expected


def test_other_bytes_are_no_block(requests: RequestEncoder) -> None:
    with pytest.raises(InvalidValueError):
        requests.encode(1, "worker_close_router", "", ("Worker_CloseRouterRequest", b"abcdefgh"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "handler_id", "body", "path"),
    [
        ("worker_close_router", "", ("Worker_CloseRouterRequest", {"router_id": 5}), "router_id"),
        ("worker_close_router", "", ("Worker_CloseRouterRequest", {}), "router_id"),
        ("worker_close_router", "", ("Nothing", {}), "worker_close_router"),
        ("worker_close_router", "\0", None, "Message.data.handler_id"),
        ("nothing", "", None, "Message.data.method"),
    ],
)
def test_what_is_wrong_is_named_with_a_template_and_without(
    codec: Codec, method: str, handler_id: str, body: Body | None, path: str
) -> None:
    requests = RequestEncoder(codec)
    for _ in range(2):
        with pytest.raises(InvalidValueError) as caught:
            requests.encode(1, method, handler_id, body)
        assert caught.value.path == path
        requests.encode(1, "worker_close_router", "", ("Worker_CloseRouterRequest", {"router_id": ID}))


def test_a_request_over_the_limit_is_refused_with_a_template_too(codec: Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = RequestEncoder(codec)
    body = ("Worker_CloseRouterRequest", {"router_id": ID})
    size = len(requests.encode(1, "worker_close_router", "", body))
    monkeypatch.setattr(requests_module, "MAX_MESSAGE_SIZE", size)
    assert len(requests.encode(1, "worker_close_router", "", body)) == size
    monkeypatch.setattr(requests_module, "MAX_MESSAGE_SIZE", size - 1)
    monkeypatch.setattr("app.mediasoup.channel.codec.MAX_MESSAGE_SIZE", size - 1)
    with pytest.raises(InvalidValueError, match="too large"):
        requests.encode(1, "worker_close_router", "", body)


def test_a_block_is_bytes(codec: Codec) -> None:
    block = codec.block("FBS.Worker.CloseRouterRequest", {"router_id": ID})
    assert isinstance(block, Block)
    assert len(block) % 8 == 0
