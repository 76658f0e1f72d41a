"""A router: forwards between the transports that belong to it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from . import ortc
from .active_speaker_observer import ActiveSpeakerObserver
from .audio_level_observer import AudioLevelObserver
from .channel.channel import Body, Channel
from .data_producer import DataProducer
from .data_structures import ListenInfo, SctpOptions
from .dumps import RouterDump
from .errors import InvalidStateError, InvalidValueError, MediasoupError
from .producer import Producer
from .rtp_observer import RtpObserver
from .rtp_parameters import RtpCapabilities, RtpCodecCapability
from .signal import Signal
from .tables import read
from .transport import Transport
from .webrtc_server import WebRtcServer
from .webrtc_transport import WebRtcTransport, dump_from_table
from .worker_object import WorkerObject, new_id

logger = logging.getLogger(__name__)

Observer = TypeVar("Observer", bound=RtpObserver)


class Router(WorkerObject):
    """
    Made by ``worker.create_router()``.

    ``rtp_capabilities`` is what its clients may use. ``transports``, ``rtp_observers``, ``producers`` and
    ``data_producers`` hold what is open, by id; new ones are told by ``on_new_transport`` and
    ``on_new_rtp_observer``. ``on_worker_close`` fires before ``on_close``.
    """

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        rtp_capabilities: RtpCapabilities,
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, app_data)
        self.rtp_capabilities = rtp_capabilities
        self.transports: dict[str, Transport] = {}
        self.rtp_observers: dict[str, RtpObserver] = {}
        self.producers: dict[str, Producer] = {}
        self.data_producers: dict[str, DataProducer] = {}
        self.on_worker_close: Signal[()] = Signal()
        self.on_new_transport: Signal[Transport] = Signal()
        self.on_new_rtp_observer: Signal[RtpObserver] = Signal()

    async def dump(self) -> RouterDump:
        """Ask the worker what the router holds."""
        return read(RouterDump, await self._request("router_dump"))

    def update_media_codecs(self, media_codecs: Sequence[RtpCodecCapability]) -> None:
        """Use other codecs for what is produced from now on."""
        self.rtp_capabilities = ortc.generate_router_rtp_capabilities(media_codecs)

    def can_consume(self, *, producer_id: str, rtp_capabilities: RtpCapabilities) -> bool:
        """Tell whether an endpoint with these capabilities could consume that producer."""
        producer = self.producers.get(producer_id)
        if producer is None:
            return False
        try:
            return ortc.can_consume(producer.consumable_rtp_parameters, rtp_capabilities)
        except MediasoupError as error:
            logger.debug("capabilities that can't be consumed with: %s", error)
            return False

    async def create_webrtc_transport(
        self,
        *,
        webrtc_server: WebRtcServer | None = None,
        listen_infos: Sequence[ListenInfo] | None = None,
        enable_udp: bool = True,
        enable_tcp: bool | None = None,
        prefer_udp: bool = False,
        prefer_tcp: bool = False,
        ice_consent_timeout: int = 30,
        initial_available_outgoing_bitrate: int = 600_000,
        enable_sctp: bool = False,
        sctp: SctpOptions | None = None,
        app_data: dict[str, Any] | None = None,
    ) -> WebRtcTransport:
        """
        Make a transport for a WebRTC endpoint.

        It listens on the sockets of ``webrtc_server`` or on its own, given by ``listen_infos``. ``enable_tcp`` is true
        with a server and false without, unless given. ``ice_consent_timeout`` is in seconds, 0 for none;
        ``initial_available_outgoing_bitrate`` in bits a second is the first guess of the bandwidth estimation.
        """
        if (webrtc_server is None) == (listen_infos is None):
            raise InvalidValueError("webrtc_server", "give either it or listen_infos")
        method, listen = "router_create_webrtctransport", _listen(webrtc_server, listen_infos)
        if webrtc_server is not None:
            method += "_with_server"
            if webrtc_server.closed:
                raise InvalidStateError(f"{webrtc_server!r} is closed")
        transport_id = new_id()
        options = {
            "base": {
                "initial_available_outgoing_bitrate": initial_available_outgoing_bitrate,
                "enable_sctp": enable_sctp,
                "is_data_channel": True,
                **msgspec.structs.asdict(sctp or SctpOptions()),
            },
            "listen": listen,
            "enable_udp": enable_udp,
            "enable_tcp": webrtc_server is not None if enable_tcp is None else enable_tcp,
            "prefer_udp": prefer_udp,
            "prefer_tcp": prefer_tcp,
            "ice_consent_timeout": ice_consent_timeout,
        }
        answer = await self._create_transport(
            method,
            transport_id,
            ("Router_CreateWebRtcTransportRequest", {"transport_id": transport_id, "options": options}),
        )
        transport = WebRtcTransport(
            self._channel, transport_id, router=self, dump=dump_from_table(answer), app_data=app_data
        )
        self._add_transport(transport)
        if webrtc_server is not None:
            webrtc_server._handle(transport)
        return transport

    async def _create_transport(self, method: str, id: str, body: Body) -> dict[str, Any]:
        return await self._create(
            method, id, body, ("router_close_transport", "Router_CloseTransportRequest", "transport_id")
        )

    def _add_transport(self, transport: Transport) -> None:
        self.transports[transport.id] = transport
        transport.on_close.add(lambda: self.transports.pop(transport.id, None))
        self.on_new_transport.emit(transport)

    async def create_active_speaker_observer(
        self, *, interval: int = 300, app_data: dict[str, Any] | None = None
    ) -> ActiveSpeakerObserver:
        """Make an observer that decides every ``interval`` milliseconds who speaks."""
        options = {"interval": interval}
        return await self._create_observer(ActiveSpeakerObserver, options, app_data)

    async def create_audio_level_observer(
        self,
        *,
        max_entries: int = 1,
        threshold: int = -80,
        interval: int = 1000,
        app_data: dict[str, Any] | None = None,
    ) -> AudioLevelObserver:
        """
        Make an observer that tells the ``max_entries`` loudest producers every ``interval`` milliseconds.

        Those below ``threshold``, in dBov from -127 to 0, count as silent.
        """
        if max_entries < 1:
            raise InvalidValueError("max_entries", f"{max_entries} is not positive")
        if not -127 <= threshold <= 0:
            raise InvalidValueError("threshold", f"{threshold} is not from -127 to 0")
        options = {"max_entries": max_entries, "threshold": threshold, "interval": interval}
        return await self._create_observer(AudioLevelObserver, options, app_data)

    async def _create_observer(
        self, cls: type[Observer], options: dict[str, Any], app_data: dict[str, Any] | None
    ) -> Observer:
        observer_id = new_id()
        await self._create(
            f"router_create_{cls.__name__.lower()}",
            observer_id,
            (f"Router_Create{cls.__name__}Request", {"rtp_observer_id": observer_id, "options": options}),
            ("router_close_rtpobserver", "Router_CloseRtpObserverRequest", "rtp_observer_id"),
        )
        observer = cls(self._channel, observer_id, router_id=self.id, producers=self.producers, app_data=app_data)
        self.rtp_observers[observer_id] = observer
        observer.on_close.add(lambda: self.rtp_observers.pop(observer_id, None))
        self.on_new_rtp_observer.emit(observer)
        return observer

    async def _create(self, method: str, id: str, body: Body, closing: tuple[str, str, str]) -> dict[str, Any]:
        """Ask the worker for a child; ``closing`` is the method, body and id field that would close it."""
        self._check_open()
        close_method, close_body, id_field = closing
        answer = await self._channel.create(
            method,
            self.id,
            body,
            new_id=id,
            undo=lambda: self._channel.post(close_method, self.id, (close_body, {id_field: id})),
        )
        if self.closed:
            # The worker dropped the child with its router.
            raise InvalidStateError(f"router {self.id} was closed meanwhile")
        return answer

    def close(self) -> None:
        """Close the router and all that belongs to it."""
        if self._shut():
            self._channel.post("worker_close_router", body=("Worker_CloseRouterRequest", {"router_id": self.id}))
            self._close_children()
            self.on_close.emit()

    def _worker_closed(self) -> None:
        if self._shut():
            self._close_children()
            self.on_worker_close.emit()
            self.on_close.emit()

    def _close_children(self) -> None:
        for transport in tuple(self.transports.values()):
            transport._router_closed()
        for observer in tuple(self.rtp_observers.values()):
            observer._router_closed()


def _listen(webrtc_server: WebRtcServer | None, listen_infos: Sequence[ListenInfo] | None) -> Body:
    """Give the member of ``FBS.WebRtcTransport.Listen``."""
    if webrtc_server is not None:
        return "ListenServer", {"web_rtc_server_id": webrtc_server.id}
    if not listen_infos:
        raise InvalidValueError("listen_infos", "is empty")
    return "ListenIndividual", {"listen_infos": [info.to_table() for info in listen_infos]}
