"""
The codec alone, as :mod:`bench.side` measures it: values to a frame for the worker, and its messages to values.

What is encoded are the fields that the library has at hand when it sends, what is decoded ends as what its caller gets.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import msgspec

from app.mediasoup import ortc
from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.messages import MessageDecoder
from app.mediasoup.channel.requests import RequestEncoder
from app.mediasoup.channel.schema import Schema
from app.mediasoup.consume_cache import ConsumeOptions, Offer, Receiver
from app.mediasoup.data_structures import ProducerScore
from app.mediasoup.rtp_parameters import RtpCapabilities, RtpCodecCapability, RtpParameters
from app.mediasoup.stats import RtpStreamStats
from app.mediasoup.worker_binary import find_worker_binary

SCENARIO: Final = json.loads((Path(__file__).parent / "scenario.json").read_text())
TRANSPORT_ID, CONSUMER_ID, PRODUCER_ID = (f"3f3c3e3a-{number:04}-4222-8333-444455556666" for number in range(3))

Operation = Callable[[], object]


@cache
def schema() -> Schema:
    return Schema.load(find_worker_binary().schemas)


@cache
def codec() -> Codec:
    return Codec(schema())


@cache
def offer() -> Offer:
    """Give the video producer as the scenario's receivers get it."""
    media_codecs = msgspec.convert(SCENARIO["mediaCodecs"], list[RtpCodecCapability])
    router = ortc.generate_router_rtp_capabilities(media_codecs)
    sent = ortc.validate_and_normalize_rtp_parameters(msgspec.convert(SCENARIO["video"], RtpParameters))
    mapping = ortc.get_producer_rtp_parameters_mapping(sent, router)
    consumable = ortc.get_consumable_rtp_parameters("video", sent, router, mapping)
    # What of a producer the offer needs; a real one needs a worker.
    producer: Any = SimpleNamespace(
        id=PRODUCER_ID, kind="video", type="simulcast", consumable_rtp_parameters=consumable
    )
    capabilities = msgspec.convert(SCENARIO["rtpCapabilities"], RtpCapabilities)
    receiver = Receiver(ortc.validate_and_normalize_rtp_capabilities(capabilities))
    options = ConsumeOptions(enable_rtx=True, paused=True, preferred_layers=None, ignore_dtx=False)
    return Offer(codec(), producer, receiver, options)


def consume_encode(_: bytes) -> Operation:
    """As for every consumer of a producer but the first: by a template."""
    parameters = offer().parameters("0")
    requests, request = RequestEncoder(codec()), offer().request

    def operation() -> bytes:
        body = ("Transport_ConsumeRequest", request(CONSUMER_ID, parameters))
        return requests.encode(7, "transport_consume", TRANSPORT_ID, body)

    return operation


def consume_encode_first(_: bytes) -> Operation:
    """As for the first consumer of a producer: with all that is in it."""
    parameters = offer().parameters("0")
    requests, request = RequestEncoder(codec()), offer().plain_request

    def operation() -> bytes:
        body = ("Transport_ConsumeRequest", request(CONSUMER_ID, parameters))
        return requests.encode(7, "transport_consume", TRANSPORT_ID, body)

    return operation


def pause_encode(_: bytes) -> Operation:
    requests = RequestEncoder(codec())
    return lambda: requests.encode(7, "consumer_pause", CONSUMER_ID, None)


def score_decode(message: bytes) -> Operation:
    decode = MessageDecoder(codec()).decode

    def operation() -> list[ProducerScore]:
        notification = decode(message)["data"][1]
        return [ProducerScore(**row) for row in notification["body"][1]["scores"]]

    return operation


def stats_decode(message: bytes) -> Operation:
    decode = MessageDecoder(codec()).decode

    def operation() -> list[RtpStreamStats]:
        response = decode(message)["data"][1]
        return [RtpStreamStats.from_table(row) for row in response["body"][1]["stats"]]

    return operation


CASES: Final[dict[str, Callable[[bytes], Operation]]] = {
    "consume_encode": consume_encode,
    "consume_encode_first": consume_encode_first,
    "pause_encode": pause_encode,
    "score_decode": score_decode,
    "stats_decode": stats_decode,
}


def score_message() -> dict[str, Any]:
    """Give a producer's score notification, of three simulcast streams."""
    scores = [
        {"encoding_idx": index, "ssrc": 12345678 + index, "rid": f"r{index}", "score": 10 - index} for index in range(3)
    ]
    body = ("Producer_ScoreNotification", {"scores": scores})
    return {"data": ("Notification", {"handler_id": PRODUCER_ID, "event": "producer_score", "body": body})}


def stats_message() -> dict[str, Any]:
    """Give the answer to a producer's ``get_stats``, of three simulcast streams."""
    base = {
        "timestamp": 1_700_000_000_000,
        "kind": "video",
        "mime_type": "video/VP8",
        "packets_lost": 3,
        "fraction_lost": 1,
        "jitter": 40,
        "packets_discarded": 0,
        "packets_retransmitted": 12,
        "packets_repaired": 11,
        "nack_count": 5,
        "nack_packet_count": 12,
        "pli_count": 2,
        "fir_count": 0,
        "score": 10,
        "rtx_packets_discarded": 0,
    }
    layers = [{"layer": f"0.{temporal}", "bitrate": 100_000 << temporal} for temporal in range(3)]
    streams = [
        {
            "base": {"data": ("BaseStats", {**base, "ssrc": 12345678 + index, "rid": f"r{index}"})},
            "packet_count": 100_000,
            "byte_count": 100_000_000,
            "bitrate": 700_000,
            "bitrate_by_layer": layers,
        }
        for index in range(3)
    ]
    body = ("Producer_GetStatsResponse", {"stats": [{"data": ("RecvStats", stream)} for stream in streams]})
    return {"data": ("Response", {"id": 7, "accepted": True, "body": body})}
