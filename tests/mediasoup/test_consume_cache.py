"""What consumers have in common is worked out once, and what goes to the worker is the same as without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.mediasoup import ortc
from app.mediasoup.channel.codec import Codec
from app.mediasoup.channel.encoder import Block
from app.mediasoup.channel.requests import MESSAGE, RequestEncoder
from app.mediasoup.consume_cache import (
    MOST_OFFERS,
    MOST_RECEIVERS,
    ConsumeCache,
    ConsumeOptions,
    consume_request,
)
from app.mediasoup.data_structures import ConsumerLayers
from app.mediasoup.errors import InvalidValueError, UnsupportedError
from app.mediasoup.rtp_parameters import (
    RtpCapabilities,
    RtpEncodingParameters,
    RtpHeaderExtension,
    RtpParameters,
    RtxParameters,
)
from app.mediasoup.signal import Signal
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker_object import new_id

from .channel.oracle import Oracle
from .parameters import RECEIVER, SIMULCAST, STRANGER
from .rtp_strategies import endpoints, patient, producers, routers

PLAIN = ConsumeOptions(enable_rtx=True, paused=False, preferred_layers=None, ignore_dtx=False)

layers = st.builds(ConsumerLayers, spatial_layer=st.integers(0, 2), temporal_layer=st.none() | st.integers(0, 2))
options = st.builds(
    ConsumeOptions,
    enable_rtx=st.booleans(),
    paused=st.booleans(),
    preferred_layers=st.none() | layers,
    ignore_dtx=st.booleans(),
)
mids = st.integers(0, 99_999_999).map(str) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


class StubProducer:
    """What the cache needs of a producer; a real one needs a worker."""

    def __init__(self, kind: str, consumable: Any) -> None:
        self.id = new_id()
        self.kind = kind
        self.type = "simulcast" if len(consumable.encodings) > 1 else "simple"
        self.consumable_rtp_parameters = consumable
        self.on_close: Signal[()] = Signal()


def another(capabilities: RtpCapabilities) -> RtpCapabilities:
    """Give equal capabilities that share nothing, as each client sends its own."""
    return msgspec.convert(msgspec.to_builtins(capabilities), RtpCapabilities)


def stub_producer(router: RtpCapabilities, kind: Any, sent: Any) -> Any:
    sent = ortc.validate_and_normalize_rtp_parameters(sent)
    sent = sent if sent.encodings else replace(sent, encodings=[RtpEncodingParameters()])
    mapping = ortc.get_producer_rtp_parameters_mapping(sent, router)
    return StubProducer(kind, ortc.get_consumable_rtp_parameters(kind, sent, router, mapping))


@pytest.fixture(scope="session")
def oracle(schemas: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with Oracle(schemas, tmp_path_factory.mktemp("flatc")) as oracle:
        yield oracle


@pytest.fixture
def cache(codec: Codec) -> ConsumeCache:
    return ConsumeCache(codec)


@pytest.fixture
def producer() -> Any:
    router = ortc.generate_router_rtp_capabilities(
        [replace(codec, preferred_payload_type=None) for codec in RECEIVER.codecs if codec.mime_type != "video/rtx"]
    )
    return stub_producer(router, "video", replace(SIMULCAST, mid="x"))


def own_ssrcs_of(parameters: RtpParameters, plain: RtpParameters) -> RtpParameters:
    """Give ``plain`` with the SSRCs of other parameters, which are drawn by lot."""
    (encoding,) = parameters.encodings
    assert encoding.ssrc is not None
    assert encoding.rtx in (None, RtxParameters(ssrc=encoding.ssrc + 1))
    return replace(plain, encodings=[replace(plain.encodings[0], ssrc=encoding.ssrc, rtx=encoding.rtx)])


@given(data=st.data())
@settings(patient, max_examples=60)
def test_the_worker_is_asked_the_same_with_the_cache_and_without(
    codec: Codec, oracle: Oracle, data: st.DataObject
) -> None:
    router = data.draw(routers())
    try:
        producer = stub_producer(router, *data.draw(producers(router)))
    except (InvalidValueError, UnsupportedError):
        reject()
    capabilities = data.draw(endpoints(router))
    how = data.draw(options)
    cache, requests = ConsumeCache(codec), RequestEncoder(codec)
    try:
        plain = ortc.get_consumer_rtp_parameters(
            consumable_rtp_parameters=producer.consumable_rtp_parameters,
            remote_rtp_capabilities=ortc.validate_and_normalize_rtp_capabilities(capabilities),
            pipe=False,
            enable_rtx=how.enable_rtx,
        )
    except UnsupportedError:
        with pytest.raises(UnsupportedError):
            cache.offer(producer, cache.receiver(capabilities), how)
        return
    # The first request is plain, the second makes the template, the others use it.
    for number in range(4):
        offer = cache.offer(producer, cache.receiver(another(capabilities)), how)
        parameters = offer.parameters(data.draw(mids))
        assert parameters == own_ssrcs_of(parameters, replace(plain, mid=parameters.mid))
        consumer_id = new_id()
        fields = consume_request(producer, consumer_id, parameters, producer.type, how)
        expected, frame = (
            encode(number, "transport_consume", producer.id, ("Transport_ConsumeRequest", body))
            for encode, body in (
                (requests.encode_plainly, fields),
                (requests.encode, offer.request(consumer_id, parameters)),
            )
        )
        table = codec.schema.table(MESSAGE)
        assert oracle.decode(table, frame[4:]) == oracle.decode(table, expected[4:])
        assert frame == expected


def test_all_but_the_first_consumer_are_made_of_a_template(cache: ConsumeCache, producer: Any) -> None:
    offer = cache.offer(producer, cache.receiver(RECEIVER), PLAIN)
    requests = [offer.request(new_id(), offer.parameters(mid)) for mid in ("0", "999", "99999999", "x" * 11)]
    assert [isinstance(request, Block) for request in requests] == [False, True, True, True]
    # One for mids of up to 3 bytes, one for longer ones.
    assert len(offer._templates) == 2


@pytest.mark.parametrize("mid", ["x" * 12, "\0", "\ud800"])
def test_a_mid_that_no_template_takes_is_told_plainly(cache: ConsumeCache, producer: Any, mid: str) -> None:
    offer = cache.offer(producer, cache.receiver(RECEIVER), PLAIN)
    for _ in range(3):
        request = offer.request(new_id(), offer.parameters(mid))
        assert isinstance(request, dict)
        assert request["rtp_parameters"]["mid"] == mid


def test_everybody_with_the_same_capabilities_gets_the_same_offer(cache: ConsumeCache, producer: Any) -> None:
    offers = [cache.offer(producer, cache.receiver(another(RECEIVER)), PLAIN) for _ in range(2)]
    assert offers[0] is offers[1]


@pytest.mark.parametrize(
    "change",
    [
        {"enable_rtx": False},
        {"paused": True},
        {"ignore_dtx": True},
        {"preferred_layers": ConsumerLayers(spatial_layer=1)},
        # Equal in Python, but the worker is told only one of them.
        {"paused": 0},
    ],
)
def test_other_options_are_another_offer(cache: ConsumeCache, producer: Any, change: dict[str, Any]) -> None:
    receiver = cache.receiver(RECEIVER)
    assert cache.offer(producer, receiver, PLAIN) is not cache.offer(producer, receiver, replace(PLAIN, **change))


def test_capabilities_that_were_changed_meanwhile_are_others(cache: ConsumeCache, producer: Any) -> None:
    capabilities = another(RECEIVER)
    before = cache.offer(producer, cache.receiver(capabilities), PLAIN).parameters("0")
    capabilities.header_extensions.clear()
    after = cache.offer(producer, cache.receiver(capabilities), PLAIN).parameters("0")
    assert (len(before.header_extensions), len(after.header_extensions)) == (2, 0)


def test_wrong_capabilities_are_refused_every_time(cache: ConsumeCache) -> None:
    for wrong in (None, RtpCapabilities(codecs=[5]), replace(RECEIVER, codecs=[{1, 2}])):  # type: ignore[list-item]
        for _ in range(2):
            with pytest.raises(InvalidValueError):
                cache.receiver(wrong)  # type: ignore[arg-type]


def test_who_can_not_consume_can_not_the_second_time_either(cache: ConsumeCache, producer: Any) -> None:
    for _ in range(2):
        with pytest.raises(UnsupportedError):
            cache.offer(producer, cache.receiver(STRANGER), PLAIN)


def test_what_is_remembered_has_bounds(cache: ConsumeCache, producer: Any) -> None:
    first = cache.receiver(RECEIVER)
    for number in range(MOST_RECEIVERS + 5):
        extension = RtpHeaderExtension(kind="video", uri=f"urn:{number}", preferred_id=1)
        receiver = cache.receiver(replace(RECEIVER, header_extensions=[extension]))
        cache.offer(producer, receiver, PLAIN)
        # What is in use stays.
        assert cache.receiver(RECEIVER) is first
    assert len(cache._receivers) == MOST_RECEIVERS
    assert len(cache._offers[producer.id]) == MOST_OFFERS


def test_a_closed_producer_is_forgotten(cache: ConsumeCache, producer: Any) -> None:
    cache.offer(producer, cache.receiver(RECEIVER), PLAIN)
    producer.on_close.emit()
    assert cache._offers == {}


async def test_the_worker_takes_what_came_of_a_template(transport: WebRtcTransport, receiver: WebRtcTransport) -> None:
    producer = await transport.produce(kind="video", rtp_parameters=SIMULCAST)
    consumers = [await receiver.consume(producer_id=producer.id, rtp_capabilities=RECEIVER) for _ in range(3)]
    dumps = [await consumer.dump() for consumer in consumers]
    assert [dump.id for dump in dumps] == [consumer.id for consumer in consumers]
    assert [dump.rtp_parameters.mid for dump in dumps] == ["0", "1", "2"]
    assert [dump.rtp_parameters.encodings[0].ssrc for dump in dumps] == [
        consumer.rtp_parameters.encodings[0].ssrc for consumer in consumers
    ]
    assert len({dump.rtp_parameters.encodings[0].ssrc for dump in dumps}) == 3
