"""
Plain transports: RTP over UDP without ICE and DTLS, for bots, ffmpeg, GStreamer and gateways.

Nobody proves there who it is, and the server sends wherever it is told to, or to whoever was the first to send. Hence
the other end must be in a network that the operator has named, whichever way it gets known.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final, Literal

from app.config import Settings
from app.errors import BadRequest, NotAllowed, Unavailable
from app.mediasoup.data_structures import ListenInfo, PortRange, TransportTuple
from app.mediasoup.errors import RequestRefusedError
from app.mediasoup.plain_transport import PlainTransport
from app.mediasoup.router import Router
from app.mediasoup.srtp_parameters import SrtpCryptoSuite, SrtpParameters

from .events import Client, Event
from .worker_pool import SOCKET_BUFFER

if TYPE_CHECKING:
    from loguru import Logger

#: Below are those of services that a system has, and whose users have nothing to do with RTP.
FIRST_PORT: Final = 1_024
#: Why a transport was closed.
Reason = Literal["address-not-allowed", "permissions-changed"]


class TransportClosed(Event, frozen=True):
    """The server closed a transport of the client's, and all that was on it."""

    METHOD = "transportClosed"

    transport_id: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainOptions:
    """
    How a plain transport shall be, in mediasoup's words.

    With ``comedia`` its other end is where the first packet comes from. ``srtp``: how it encrypts, ``None``: not at
    all.
    """

    rtcp_mux: bool = True
    comedia: bool = False
    srtp: SrtpCryptoSuite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEnd:
    """Where the other end of a plain transport is, and how it encrypts; see :meth:`PlainTransport.connect`."""

    ip: str | None = None
    port: int | None = None
    rtcp_port: int | None = None
    srtp_parameters: SrtpParameters | None = None


class PlainTransports:
    """Makes and connects those of one peer, whose ``client`` is told of each that is closed here."""

    def __init__(self, client: Client, settings: Settings, log: Logger) -> None:
        self._client = client
        self._settings = settings
        self._log = log

    async def make(self, router: Router, options: PlainOptions, app_data: dict[str, Any]) -> PlainTransport:
        """
        Make one.

        :raises NotAllowed: the operator has named no networks
        :raises Unavailable: there is no port for it
        """
        if not self._settings.plain_networks:
            raise NotAllowed("plain transports are switched off on this server (CONNECT_PLAIN_NETWORKS)")
        try:
            return await router.create_plain_transport(
                listen_info=_listen_info(self._settings),
                rtcp_mux=options.rtcp_mux,
                comedia=options.comedia,
                enable_srtp=options.srtp is not None,
                srtp_crypto_suite=options.srtp or "AES_CM_128_HMAC_SHA1_80",
                app_data=app_data,
            )
        except RequestRefusedError as error:
            raise Unavailable(f"no port could be opened for a plain transport: {error.reason}") from error

    async def connect(self, transport: PlainTransport, end: OtherEnd) -> None:
        """
        Say where the other end is. Raises as :meth:`PlainTransport.connect` does.

        :raises BadRequest: that is no address
        :raises NotAllowed: media may not go there
        """
        if end.ip is not None:
            self._check_address(end.ip)
        for field, port in (("port", end.port), ("rtcpPort", end.rtcp_port)):
            if port is not None and port < FIRST_PORT:
                raise NotAllowed(f"data.{field}: no media go to ports below {FIRST_PORT}")
        await transport.connect(ip=end.ip, port=end.port, rtcp_port=end.rtcp_port, srtp_parameters=end.srtp_parameters)

    def watch(self, transport: PlainTransport) -> None:
        """Close it as soon as its other end is where it may not be; that may be now, if it is older than we are."""
        transport.on_tuple.add(lambda found: self._look(transport, found))
        transport.on_rtcp_tuple.add(lambda found: self._look(transport, found))
        for known in (transport.tuple, transport.rtcp_tuple):
            if known is not None:
                self._look(transport, known)

    def forbid(self, transport: PlainTransport) -> None:
        """Close one whose peer may not use it any more."""
        self._close(transport, "permissions-changed")

    def _check_address(self, ip: str) -> None:
        try:
            address = ip_address(ip)
        except ValueError:
            raise BadRequest("data.ip: no IP address") from None
        if address.version != ip_address(self._settings.rtc_ip).version:
            raise BadRequest(f"data.ip: media do not leave here by IPv{address.version}")
        if not self._allows(ip):
            raise NotAllowed("data.ip: not in the networks of plain transports (CONNECT_PLAIN_NETWORKS)")

    def _allows(self, ip: str) -> bool:
        address = ip_address(ip)
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or address
        return any(address in ip_network(each) for each in self._settings.plain_networks)

    def _look(self, transport: PlainTransport, found: TransportTuple) -> None:
        if found.remote_ip is not None and not transport.closed and not self._allows(found.remote_ip):
            self._log.warning("transport {} ends: its other end is {}", transport.id, found.remote_ip)
            self._close(transport, "address-not-allowed")

    def _close(self, transport: PlainTransport, reason: Reason) -> None:
        transport.close()
        self._client.notify(TransportClosed(transport_id=transport.id, reason=reason))


def _listen_info(settings: Settings) -> ListenInfo:
    first, last = settings.plain_ports
    return ListenInfo(
        protocol="udp",
        ip=settings.rtc_ip,
        announced_address=settings.announced_address,
        port_range=PortRange(first, last),
        send_buffer_size=SOCKET_BUFFER,
        recv_buffer_size=SOCKET_BUFFER,
    )
