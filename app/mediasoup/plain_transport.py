"""A plain transport: RTP over UDP without ICE and DTLS, as ffmpeg, GStreamer and telephony gateways speak it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .channel.channel import Channel
from .data_structures import TransportTuple
from .dumps import PlainTransportDump
from .sctp_transport import SctpTransport
from .signal import Signal
from .srtp_parameters import SrtpParameters
from .stats import PlainTransportStats
from .tables import read
from .transport import with_base

if TYPE_CHECKING:
    from .router import Router


class PlainTransport(SctpTransport):
    """
    Made by ``router.create_plain_transport()``.

    ``tuple`` tells where it listens, and what it sends to once that is known. ``rtcp_tuple`` is the same for RTCP, and
    None when RTP and RTCP share a port. ``srtp_parameters`` is how it encrypts, None without SRTP. With comedia the
    other end becomes known by its first packet; ``on_tuple`` and ``on_rtcp_tuple`` tell it.
    """

    type = "plain"

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        router: Router,
        dump: PlainTransportDump,
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, router=router, dump=dump, app_data=app_data)
        self.rtcp_mux = dump.rtcp_mux
        self.comedia = dump.comedia
        self.tuple: TransportTuple = dump.tuple
        self.rtcp_tuple: TransportTuple | None = dump.rtcp_tuple
        self.srtp_parameters: SrtpParameters | None = dump.srtp_parameters
        self.on_tuple: Signal[TransportTuple] = Signal()
        self.on_rtcp_tuple: Signal[TransportTuple] = Signal()

    async def dump(self) -> PlainTransportDump:
        """Ask the worker what the transport holds."""
        return read(PlainTransportDump, with_base(await self._request("transport_dump")))

    async def get_stats(self) -> list[PlainTransportStats]:
        """Ask the worker for the transport's statistics; always one entry."""
        return [read(PlainTransportStats, with_base(await self._request("transport_get_stats")))]

    async def connect(
        self,
        *,
        ip: str | None = None,
        port: int | None = None,
        rtcp_port: int | None = None,
        srtp_parameters: SrtpParameters | None = None,
    ) -> None:
        """
        Say where the other end is, and how it encrypts.

        ``ip`` and ``port`` are required without comedia and left out with it, ``rtcp_port`` just when RTP and RTCP have
        ports of their own, ``srtp_parameters`` just with SRTP; if theirs is another crypto suite it becomes ours, with
        a new key. With comedia and without SRTP there is nothing to say. Raises RequestRefusedError when one is
        missing or too much, or this was said before.
        """
        answer = await self._request(
            "plaintransport_connect",
            (
                "PlainTransport_ConnectRequest",
                {
                    "ip": ip,
                    "port": port,
                    "rtcp_port": rtcp_port,
                    "srtp_parameters": None if srtp_parameters is None else srtp_parameters.to_table(),
                },
            ),
        )
        # With comedia the other end's address is not known yet.
        if answer["tuple"] is not None:
            self.tuple = TransportTuple.from_table(answer["tuple"])
        if answer["rtcp_tuple"] is not None:
            self.rtcp_tuple = TransportTuple.from_table(answer["rtcp_tuple"])
        if answer["srtp_parameters"] is not None:
            self.srtp_parameters = SrtpParameters.from_table(answer["srtp_parameters"])

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        if event == "plaintransport_tuple":
            self.tuple = TransportTuple.from_table(body["tuple"])
            self.on_tuple.emit(self.tuple)
        elif event == "plaintransport_rtcp_tuple":
            self.rtcp_tuple = rtcp_tuple = TransportTuple.from_table(body["tuple"])
            self.on_rtcp_tuple.emit(rtcp_tuple)
        else:
            super()._notified(event, body)
