"""
What the consumers of a router have in common, worked out once.

Everybody with the same capabilities gets the same of a producer but for a few values: the consumer's id, its mid and
its SSRCs. An :class:`Offer` holds what ``ortc`` made of producer and capabilities, and the encoded request as a
template for these values. What goes to the worker is the same, byte for byte, as :func:`consume_request` says.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from msgspec.structs import asdict, replace

from . import ortc
from .channel.codec import Codec
from .channel.encoder import FAULTS, UUID_BLOCK_SIZE, Block
from .channel.templates import NUMBER, make_template
from .data_structures import ConsumerLayers
from .rtp_parameters import RtpCapabilities, RtpParameters, RtxParameters, Value
from .rtp_parameters_tables import rtp_encodings_to_table, rtp_parameters_to_table

if TYPE_CHECKING:
    from .producer import Producer

K = TypeVar("K")
V = TypeVar("V")

#: Different capabilities that a router remembers. A browser's releases differ little, so that a room sees a handful.
MOST_RECEIVERS: Final = 64
#: Offers remembered for a producer: each kind of receiver, with each of the options that it is consumed with.
MOST_OFFERS: Final = 16
#: Bytes of a block: mids of up to 11 bytes, which all are that transports count themselves.
LONGEST_MID: Final = 16

CONSUME_REQUEST: Final = "FBS.Transport.ConsumeRequest"

_key = msgspec.msgpack.Encoder().encode


class ConsumeOptions(Value, frozen=True):
    """How a producer is consumed, whoever does it."""

    enable_rtx: bool
    paused: bool
    preferred_layers: ConsumerLayers | None
    ignore_dtx: bool


class Receiver:
    """Capabilities as ``ortc`` normalized them. The same capabilities are the same object."""

    __slots__ = ("capabilities",)

    def __init__(self, capabilities: RtpCapabilities) -> None:
        self.capabilities = capabilities


class Offer:
    """A producer as a kind of receivers gets it; the first consumer is made plainly, the others from a template."""

    def __init__(self, codec: Codec, producer: Producer, receiver: Receiver, options: ConsumeOptions) -> None:
        self._codec = codec
        self._producer = producer
        self._options = options
        self._parameters = ortc.get_consumer_rtp_parameters(
            consumable_rtp_parameters=producer.consumable_rtp_parameters,
            remote_rtp_capabilities=receiver.capabilities,
            pipe=False,
            enable_rtx=options.enable_rtx,
        )
        self._used = False
        # By the size of the block of the mid.
        self._templates: dict[int, Callable[..., bytes]] = {}

    def parameters(self, mid: str) -> RtpParameters:
        """Make the parameters of one consumer."""
        return ortc.with_own_ssrcs(replace(self._parameters, mid=mid))

    def request(self, consumer_id: str, parameters: RtpParameters) -> Block | dict[str, Any]:
        """Give the request for a consumer with parameters of this offer: the fields of its table, or what they make."""
        # Making a template takes as long as making a few requests, and most producers of small rooms have one consumer.
        block = self._filled(consumer_id, parameters) if self._used else None
        self._used = True
        return block or self.plain_request(consumer_id, parameters)

    def plain_request(self, consumer_id: str, parameters: RtpParameters) -> dict[str, Any]:
        """Give the same as :meth:`request`, always as fields."""
        return consume_request(self._producer, consumer_id, parameters, self._producer.type, self._options)

    def _filled(self, consumer_id: str, parameters: RtpParameters) -> Block | None:
        """Fill in the template, if there can be one."""
        strings = self._codec.strings
        try:
            own_id, mid = strings[consumer_id], strings[parameters.mid or ""]
            if len(own_id) != UUID_BLOCK_SIZE or len(mid) > LONGEST_MID:
                return None
            template = self._templates.get(len(mid))
            if template is None:
                template = self._templates[len(mid)] = self._make_template(len(mid))
            (encoding,) = parameters.encodings
            if encoding.rtx is None:
                return Block(template(own_id, mid, encoding.ssrc))
            return Block(template(own_id, mid, encoding.ssrc, encoding.rtx.ssrc))
        except FAULTS:
            # Something can't be encoded; the plain way says what.
            return None

    def _make_template(self, mid_size: int) -> Callable[..., bytes]:
        (encoding,) = self._parameters.encodings

        def make(consumer_id: str, mid: str, ssrc: int, rtx_ssrc: int | None = None) -> bytes:
            rtx = None if rtx_ssrc is None else RtxParameters(ssrc=rtx_ssrc)
            parameters = replace(self._parameters, mid=mid, encodings=[replace(encoding, ssrc=ssrc, rtx=rtx)])
            return self._codec.block(CONSUME_REQUEST, self.plain_request(consumer_id, parameters))

        ssrcs = (NUMBER,) if encoding.rtx is None else (NUMBER, NUMBER)
        return make_template(make, UUID_BLOCK_SIZE, mid_size, *ssrcs)


class ConsumeCache:
    """What one router has worked out. It forgets a producer that closes, and what was not used for longest."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._receivers = _Recent[bytes, Receiver](MOST_RECEIVERS)
        self._offers: dict[str, _Recent[tuple[Receiver, bytes], Offer]] = {}

    def receiver(self, capabilities: RtpCapabilities) -> Receiver:
        """Normalize capabilities. Raises InvalidValueError."""
        try:
            # Their contents and not who they are: it takes a few microseconds, and nobody has to keep them unchanged.
            key = _key(capabilities)
        except (TypeError, ValueError, OverflowError):
            # They are wrong, which the validation puts into better words.
            return _normalized(capabilities)
        return self._receivers.get_or_make(key, lambda: _normalized(capabilities))

    def offer(self, producer: Producer, receiver: Receiver, options: ConsumeOptions) -> Offer:
        """Give a producer as that kind of receivers gets it. Raises UnsupportedError when it does not."""
        try:
            key = (receiver, _key(options))
        except (TypeError, ValueError, OverflowError):
            return Offer(self._codec, producer, receiver, options)
        offers = self._offers.get(producer.id)
        if offers is None:
            offers = self._offers[producer.id] = _Recent(MOST_OFFERS)
            producer.on_close.add(lambda: self._offers.pop(producer.id, None))
        return offers.get_or_make(key, lambda: Offer(self._codec, producer, receiver, options))


def consume_request(
    producer: Producer, consumer_id: str, parameters: RtpParameters, type: str, options: ConsumeOptions
) -> dict[str, Any]:
    """Give the fields of ``ConsumeRequest``."""
    layers = options.preferred_layers
    return {
        "consumer_id": consumer_id,
        "producer_id": producer.id,
        "kind": producer.kind,
        "rtp_parameters": rtp_parameters_to_table(parameters),
        "type": type,
        "consumable_rtp_encodings": rtp_encodings_to_table(producer.consumable_rtp_parameters.encodings),
        "paused": options.paused,
        "preferred_layers": None if layers is None else asdict(layers),
        "ignore_dtx": options.ignore_dtx,
    }


def _normalized(capabilities: RtpCapabilities) -> Receiver:
    return Receiver(ortc.validate_and_normalize_rtp_capabilities(capabilities))


class _Recent(OrderedDict[K, V]):
    """Values that were used lately, at most so many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def get_or_make(self, key: K, make: Callable[[], V]) -> V:
        """Give the value of a key; if there is none, make it and drop the one that was not used for longest."""
        try:
            value = self[key]
        except KeyError:
            value = make()
            if len(self) >= self._most:
                self.popitem(last=False)
            self[key] = value
        else:
            self.move_to_end(key)
        return value
