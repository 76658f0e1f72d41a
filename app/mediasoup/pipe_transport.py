"""A pipe transport: one end of what carries producers from a router to another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from . import ortc
from .channel.channel import Channel
from .consume_cache import ConsumeOptions, consume_request
from .consumer import Consumer
from .data_structures import ConsumerLayers, TransportTuple
from .dumps import PipeTransportDump
from .errors import InvalidValueError
from .rtp_parameters import RtpEncodingParameters, RtpParameters
from .scalability_modes import parse_scalability_mode
from .sctp_transport import SctpTransport
from .srtp_parameters import SrtpParameters
from .stats import PipeTransportStats
from .tables import read
from .transport import random_cname, replace_cname, with_base
from .worker_object import new_id

if TYPE_CHECKING:
    from .producer import Producer
    from .router import Router

#: Those of which the worker can tell the streams of simulcast apart (worker/include/RTC/RTP/Codecs/Tools.hpp).
SIMULCAST_CODECS: Final = frozenset({"video/vp8", "video/h264"})


def has_layers(producer: Producer) -> bool:
    """Whether the worker can send a part of this producer only, see :meth:`PipeTransport.consume_stream`."""
    consumable = producer.consumable_rtp_parameters
    if producer.type == "simulcast":
        return consumable.codecs[0].mime_type.lower() in SIMULCAST_CODECS
    return parse_scalability_mode(consumable.encodings[0].scalability_mode).spatial_layers > 1


class PipeTransport(SctpTransport):
    """
    Made by ``router.create_pipe_transport()``, or in pairs by ``router.pipe_to_router()``.

    ``tuple`` tells where it listens, and once connected what it sends to; ``rtx`` whether it retransmits;
    ``srtp_parameters`` how it encrypts, None without SRTP.
    """

    type = "pipe"

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        router: Router,
        dump: PipeTransportDump,
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, router=router, dump=dump, app_data=app_data)
        self.rtx = dump.rtx
        self.tuple: TransportTuple = dump.tuple
        self.srtp_parameters: SrtpParameters | None = dump.srtp_parameters

    async def dump(self) -> PipeTransportDump:
        """Ask the worker what the transport holds."""
        return read(PipeTransportDump, with_base(await self._request("transport_dump")))

    async def get_stats(self) -> list[PipeTransportStats]:
        """Ask the worker for the transport's statistics; always one entry."""
        return [read(PipeTransportStats, with_base(await self._request("transport_get_stats")))]

    async def connect(self, *, ip: str, port: int, srtp_parameters: SrtpParameters | None = None) -> None:
        """
        Say where the other end is, and how it encrypts.

        ``srtp_parameters`` are required with SRTP, with the crypto suite AEAD_AES_256_GCM, and refused without. Raises
        RequestRefusedError for what is wrong with them, and when this was said before.
        """
        srtp = None if srtp_parameters is None else srtp_parameters.to_table()
        answer = await self._request(
            "pipetransport_connect",
            ("PipeTransport_ConnectRequest", {"ip": ip, "port": port, "srtp_parameters": srtp}),
        )
        self.tuple = TransportTuple.from_table(answer["tuple"])

    # The other end is a router too: it takes all that a producer has, so that there are no capabilities to tell.
    async def consume(  # type: ignore[override]
        self, *, producer_id: str, app_data: dict[str, Any] | None = None
    ) -> Consumer:
        """
        Send a producer's streams, all of them, to the other router.

        What must be told to ``produce()`` there are the consumer's ``rtp_parameters``; they have no MID. Raises
        NotFoundError when the router has no such producer.
        """
        self._check_open()
        producer = self._producer(producer_id)
        options = ConsumeOptions(enable_rtx=self.rtx, paused=False, preferred_layers=None, ignore_dtx=False)
        return await self._pipe(producer, self._pipe_parameters(producer), options, app_data)

    async def consume_stream(
        self, *, producer_id: str, stream: int = 0, paused: bool = False, app_data: dict[str, Any] | None = None
    ) -> Consumer:
        """
        Send one stream of a producer to the other router, so that there need not be sent what nobody there watches.

        Of simulcast, it is the one with this index, to be paused by itself. What must be told to ``produce()`` there
        are the ``rtp_parameters`` of the first stream with the encodings of all, and the producer's own scalability
        modes. As long as that stream does not come, the worker takes another one for it: pause the consumer then. Of
        SVC, it is the only one, and ``set_preferred_layers()`` says how much of it is sent.

        The library for Node has no such thing, though the worker takes consumers of all kinds for a pipe
        (worker/src/RTC/Consumer.cpp). Raises NotFoundError when the router has no such producer, InvalidValueError when
        it has no such stream or no layers (see :func:`has_layers`).
        """
        self._check_open()
        producer = self._producer(producer_id)
        if not has_layers(producer):
            raise InvalidValueError("producer_id", "is of a producer without layers that the worker can choose from")
        parameters = self._pipe_parameters(producer)
        if not 0 <= stream < len(parameters.encodings):
            raise InvalidValueError("stream", f"{stream} is none of the producer's")
        layers = None
        if producer.type == "simulcast":
            # To the worker it is a consumer of all of them who prefers this one.
            layers = ConsumerLayers(stream)
            parameters = replace(parameters, encodings=[_as_all(parameters.encodings, stream)])
        options = ConsumeOptions(enable_rtx=self.rtx, paused=paused, preferred_layers=layers, ignore_dtx=False)
        consumer_id = new_id()
        request = consume_request(producer, consumer_id, parameters, producer.type, options)
        return await self._send(producer, consumer_id, parameters, request, producer.type, app_data)

    def _pipe_parameters(self, producer: Producer) -> RtpParameters:
        return ortc.get_pipe_consumer_rtp_parameters(
            consumable_rtp_parameters=producer.consumable_rtp_parameters, enable_rtx=self.rtx
        )

    def _with_cname(self, parameters: RtpParameters) -> RtpParameters:
        # Each producer comes from a sender of its own. A CNAME in common would tell the worker that they share a clock.
        return parameters if parameters.rtcp.cname else replace_cname(parameters, random_cname())


def _as_all(encodings: Sequence[RtpEncodingParameters], index: int) -> RtpEncodingParameters:
    encoding = encodings[index]
    temporal_layers = parse_scalability_mode(encoding.scalability_mode).temporal_layers
    return replace(encoding, scalability_mode=f"L{len(encodings)}T{temporal_layers}")
