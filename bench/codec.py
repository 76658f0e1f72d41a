"""
The codec against the official FlatBuffers package with the Python code that ``flatc`` generates.

Both encode the same ``consume`` request and decode the same response. The official side is given what suits it best:
its objects are made beforehand, and what is measured is only packing them. Our side takes a plain mapping.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.schema import Schema, Table
from bench.measure import Comparison, compare
from tests.mediasoup.channel.oracle import Oracle

SCHEMAS = Path(__file__).parents[1] / "worker-sidecar/node_modules/mediasoup/worker/fbs"
MESSAGE = "FBS.Message.Message"
TARGET = 3.0
HEADING = "The codec against flatc's: CPU µs an operation, median (min to max), and how many times faster ours is."

ROUTER_ID, CONSUMER_ID, PRODUCER_ID = (f"3f3c3e3a-{number:04}-4222-8333-444455556666" for number in range(3))

_FEEDBACK = [("nack", ""), ("nack", "pli"), ("ccm", "fir"), ("goog-remb", ""), ("transport-cc", "")]
_EXTENSIONS = ["mid", "abssendtime", "transportwideccdraft01", "videoorientation", "timeoffset", "playoutdelay"]

RTP_PARAMETERS: dict[str, Any] = {
    "mid": "0",
    "codecs": [
        {
            "mime_type": "video/VP8",
            "payload_type": 101,
            "clock_rate": 90000,
            "parameters": [],
            "rtcp_feedback": [{"type": kind, "parameter": parameter} for kind, parameter in _FEEDBACK],
        },
        {
            "mime_type": "video/rtx",
            "payload_type": 102,
            "clock_rate": 90000,
            "parameters": [{"name": "apt", "value": ("Integer32", {"value": 101})}],
            "rtcp_feedback": [],
        },
    ],
    "header_extensions": [
        {"uri": uri, "id": number, "encrypt": False, "parameters": []} for number, uri in enumerate(_EXTENSIONS, 1)
    ],
    "encodings": [{"ssrc": 12345678, "rtx": {"ssrc": 12345679}, "scalability_mode": "L3T3"}],
    "rtcp": {"cname": "b0f3c8d1", "reduced_size": True},
}

CONSUME_REQUEST: dict[str, Any] = {
    "consumer_id": CONSUMER_ID,
    "producer_id": PRODUCER_ID,
    "kind": "video",
    "rtp_parameters": RTP_PARAMETERS,
    "type": "simulcast",
    "consumable_rtp_encodings": [
        {"ssrc": 2000 + layer, "dtx": False, "scalability_mode": "L1T3", "max_bitrate": 100_000 << layer}
        for layer in range(3)
    ],
    "paused": False,
    "ignore_dtx": False,
}

REQUEST: dict[str, Any] = {
    "data": (
        "Request",
        {
            "id": 7,
            "method": "transport_consume",
            "handler_id": ROUTER_ID,
            "body": ("Transport_ConsumeRequest", CONSUME_REQUEST),
        },
    )
}

RESPONSE: dict[str, Any] = {
    "data": (
        "Response",
        {
            "id": 7,
            "accepted": True,
            "body": (
                "Transport_ConsumeResponse",
                {
                    "paused": False,
                    "producer_paused": False,
                    "score": {"score": 10, "producer_score": 10, "producer_scores": [10, 10, 10]},
                    "preferred_layers": {"spatial_layer": 2, "temporal_layer": 2},
                },
            ),
        },
    )
}

SCORE: dict[str, Any] = {
    "data": (
        "Notification",
        {
            "handler_id": PRODUCER_ID,
            "event": "producer_score",
            "body": (
                "Producer_ScoreNotification",
                {"scores": [{"encoding_idx": 0, "ssrc": 12345678, "rid": "r0", "score": 10}]},
            ),
        },
    )
}


def run() -> Iterator[Comparison]:
    """Measure, and give each comparison as it is done."""
    schema = Schema.load(SCHEMAS)
    with tempfile.TemporaryDirectory() as generated, Oracle(SCHEMAS, Path(generated)) as oracle:
        yield from _compare(Codec(schema), schema, oracle)


def _compare(codec: Codec, schema: Schema, oracle: Oracle) -> Iterator[Comparison]:
    table = schema.table(MESSAGE)
    request = oracle.to_object(table, REQUEST)
    yield compare(
        "encode a consume request",
        ("codec", lambda: codec.encode(MESSAGE, REQUEST, size_prefixed=True)),
        ("flatc", lambda: oracle.pack(request, size_prefixed=True)),
        target=TARGET,
    )
    yield _compare_decoding("decode a consume response", RESPONSE, codec, table, oracle)
    yield _compare_decoding("decode a producer score notification", SCORE, codec, table, oracle)


def _compare_decoding(name: str, value: dict[str, Any], codec: Codec, table: Table, oracle: Oracle) -> Comparison:
    # Made by the official code, whose layout is the worker's.
    message = oracle.encode(table, value)
    assert codec.decode(MESSAGE, message) == oracle.decode(table, message)
    return compare(
        name,
        ("codec", lambda: codec.decode(MESSAGE, message)),
        ("flatc", lambda: oracle.unpack(table, message)),
        target=TARGET,
    )
