"""A pipe transport: one end of what carries producers from a router to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import ortc
from .channel.channel import Channel
from .consume_cache import ConsumeOptions
from .consumer import Consumer
from .data_structures import TransportTuple
from .dumps import PipeTransportDump
from .rtp_parameters import RtpParameters
from .sctp_transport import SctpTransport
from .srtp_parameters import SrtpParameters
from .stats import PipeTransportStats
from .tables import read
from .transport import random_cname, replace_cname, with_base

if TYPE_CHECKING:
    from .router import Router


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
        parameters = ortc.get_pipe_consumer_rtp_parameters(
            consumable_rtp_parameters=producer.consumable_rtp_parameters, enable_rtx=self.rtx
        )
        options = ConsumeOptions(enable_rtx=self.rtx, paused=False, preferred_layers=None, ignore_dtx=False)
        return await self._pipe(producer, parameters, options, app_data)

    def _with_cname(self, parameters: RtpParameters) -> RtpParameters:
        # Each producer comes from a sender of its own. A CNAME in common would tell the worker that they share a clock.
        return parameters if parameters.rtcp.cname else replace_cname(parameters, random_cname())
