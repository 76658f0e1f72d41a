"""A peer's transports: the ways by which its media come and go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.config import Settings
from app.errors import Unavailable
from app.mediasoup.data_structures import DtlsState, TransportTrace
from app.mediasoup.plain_transport import PlainTransport
from app.mediasoup.router import Router
from app.mediasoup.signal import Signal
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport

from .client_transports import ClientTransport, as_plain, as_webrtc, is_connected, prepare
from .events import DownlinkBwe
from .new_way import NewWay
from .plain_transports import PlainOptions, PlainTransports
from .registry import Registry
from .session import Session
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger

#: Seconds without a sign of life until ICE counts as lost: the least that the worker knows.
ICE_CONSENT_TIMEOUT = 10


class PeerTransports(ABC):
    """
    The part of :class:`app.rtc.peer_media.PeerMedia` below what flows. ``transports`` are of both kinds.

    ``on_new_way``: what is sent comes by another way through the network.
    """

    def __init__(
        self, router: Router, webrtc_server: WebRtcServer, session: Session, settings: Settings, log: Logger
    ) -> None:
        self._router = router
        self._webrtc_server = webrtc_server
        self._session = session
        self._settings = settings
        self._log = log
        self._tasks = TaskSet()
        self.transports: Registry[ClientTransport] = Registry("transport", settings.limits.max_transports_per_peer)
        self.plain = PlainTransports(session, settings, log)
        #: How many there ever were.
        self.transports_made = 0
        self.on_new_way: Signal[()] = Signal()

    async def create_transport(
        self, *, producing: bool, consuming: bool, force_tcp: bool, sctp: bool
    ) -> WebRtcTransport:
        """
        Make a transport. One that is ``consuming`` carries consumers; ``sctp`` allows data channels on it.

        :raises LimitReached: the peer has as many as it may
        :raises Unavailable: the worker died, and the room has no other one yet
        """

        async def make() -> WebRtcTransport:
            transport = await self._router.create_webrtc_transport(
                webrtc_server=self._webrtc_server,
                enable_udp=not force_tcp,
                enable_tcp=True,
                prefer_udp=True,
                enable_sctp=sctp,
                ice_consent_timeout=ICE_CONSENT_TIMEOUT,
                initial_available_outgoing_bitrate=self._settings.initial_outgoing_bitrate,
                app_data={"consuming": consuming},
            )
            return await prepare(transport, self._incoming_limit(producing, consuming), consuming)

        return as_webrtc(await self._create_transport(make))

    async def create_plain_transport(
        self, options: PlainOptions, *, producing: bool, consuming: bool
    ) -> PlainTransport:
        """Make a plain one. Raises as :meth:`create_transport` and :meth:`PlainTransports.make` do."""

        async def make() -> PlainTransport:
            transport = await self.plain.make(self._router, options, {"consuming": consuming})
            return await prepare(transport, self._incoming_limit(producing, consuming), consuming)

        return as_plain(await self._create_transport(make))

    def adopt_transport(self, transport: ClientTransport) -> None:
        """Have a transport from before this process began; whoever had it was within the limits."""
        self.transports.adopt(transport)
        self._has_transport(transport)

    def forbid_plain_transports(self) -> None:
        """Close those that there are."""
        for transport in self.transports:
            if isinstance(transport, PlainTransport):
                self.plain.forbid(transport)

    @property
    def lost(self) -> bool:
        """Whether the worker died, and nothing can be made before :meth:`move`."""
        return self._router.closed

    @property
    def connected(self) -> bool:
        """
        Whether the client is heard on any of the transports, or may be.

        There is no ICE on plain ones to tell, and none at all where there are no transports: they died with their
        worker, say.
        """
        heard = any(isinstance(each, PlainTransport) or is_connected(each) for each in self.transports)
        return heard or not len(self.transports)

    def move(self, router: Router, webrtc_server: WebRtcServer) -> None:
        """Make what comes in another worker: the one before died, and with it all that was there."""
        self._router, self._webrtc_server = router, webrtc_server

    @abstractmethod
    def _proceed(self) -> None:
        """There is a new transport, on which there may be something to consume."""

    @abstractmethod
    def _refresh(self) -> None:
        """What is sent to the client goes by a new way, and what was on the old one is lost."""

    async def _create_transport(self, make: Callable[[], Awaitable[ClientTransport]]) -> ClientTransport:
        if self.lost:
            raise Unavailable("the media worker is being replaced; try again in a moment")
        transport = await self.transports.make(make)
        self._has_transport(transport)
        # Nothing is awaited from here on: the client must know the transport before it hears of consumers on it.
        self._proceed()
        return transport

    def _incoming_limit(self, producing: bool, consuming: bool) -> int | None:
        return self._settings.max_incoming_bitrate if producing or not consuming else None

    def _has_transport(self, transport: ClientTransport) -> None:
        self.transports_made += 1
        transport.on_trace.add(self._tell_bandwidth)
        if isinstance(transport, PlainTransport):
            self.plain.watch(transport)
            return
        transport.on_dtls_state_change.add(lambda state: self._dtls_changed(transport, state))
        new_way = NewWay(transport, self._settings.initial_outgoing_bitrate, self._log)
        transport.on_ice_selected_tuple_change.add(lambda _: self._goes_another_way(transport, new_way))

    def _goes_another_way(self, transport: WebRtcTransport, way: NewWay) -> None:
        if transport.app_data["consuming"]:
            self._tasks.start(way.try_out(), name="trying out a new way")
            self._refresh()
        if transport.producers:
            self.on_new_way.emit()

    def _consuming_transport(self) -> ClientTransport | None:
        if self._session.away:
            return None
        return next((each for each in self.transports if each.app_data["consuming"]), None)

    def _consuming_sctp_transport(self) -> ClientTransport | None:
        if self._session.away:
            return None
        usable = (each for each in self.transports if each.app_data["consuming"] and each.sctp_parameters)
        return next(usable, None)

    def _tell_bandwidth(self, trace: TransportTrace) -> None:
        if trace.info is not None and trace.direction == "out":
            self._session.notify(
                DownlinkBwe(
                    desired_bitrate=trace.info.desired_bitrate,
                    effective_desired_bitrate=trace.info.effective_desired_bitrate,
                    available_bitrate=trace.info.available_bitrate,
                )
            )

    def _dtls_changed(self, transport: WebRtcTransport, state: DtlsState) -> None:
        # Neither state can be left again; the client that wants to go on makes a new transport.
        if state in ("failed", "closed"):
            self._log.info("transport {} ends: DTLS is {}", transport.id, state)
            transport.close()
