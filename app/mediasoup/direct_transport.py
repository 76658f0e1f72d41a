"""A direct transport: media and messages between a router and this program, over the worker's channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .channel.channel import Channel
from .dumps import TransportDump
from .errors import UnsupportedError
from .signal import Signal
from .stats import DirectTransportStats
from .tables import read
from .transport import Transport, with_base

if TYPE_CHECKING:
    from .router import Router


class DirectTransport(Transport):
    """
    Made by ``router.create_direct_transport()``.

    Packets go in by ``producer.send()``, messages by ``data_producer.send()``; they come out by ``consumer.on_rtp`` and
    ``data_consumer.on_message``. ``on_rtcp(packet)`` tells what the router says to the producers' sender.
    """

    type = "direct"

    def __init__(self, channel: Channel, id: str, *, router: Router, app_data: dict[str, Any] | None) -> None:
        super().__init__(channel, id, router=router, app_data=app_data)
        self.on_rtcp: Signal[bytes] = Signal()

    async def dump(self) -> TransportDump:
        """Ask the worker what the transport holds."""
        return read(TransportDump, with_base(await self._request("transport_dump")))

    async def get_stats(self) -> list[DirectTransportStats]:
        """Ask the worker for the transport's statistics; always one entry."""
        return [read(DirectTransportStats, with_base(await self._request("transport_get_stats")))]

    async def connect(self) -> None:
        """Do nothing: this program is the other end."""

    def send_rtcp(self, packet: bytes) -> None:
        """
        Pass an RTCP packet, single or compound, to the router.

        Raises ChannelFullError when the worker does not read. What is no RTCP is dropped by the worker.
        """
        self._check_open()
        self._channel.notify("transport_send_rtcp", self.id, ("Transport_SendRtcpNotification", {"data": packet}))

    async def _set_bitrate(self, which: str, bitrate: int) -> None:
        raise UnsupportedError("a direct transport has no bitrate to limit")

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        if event == "directtransport_rtcp":
            self.on_rtcp.emit(body["data"])
        else:
            super()._notified(event, body)
