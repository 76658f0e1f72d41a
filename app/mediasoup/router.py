"""A router: forwards between the transports that belong to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, TypeVar, Unpack, overload

import msgspec
from msgspec.structs import replace

from . import ortc
from .active_speaker_observer import ActiveSpeakerObserver
from .audio_level_observer import AudioLevelObserver
from .channel.channel import Body, Channel
from .consume_cache import ConsumeCache
from .data_producer import DataProducer
from .data_structures import ListenInfo, SctpOptions
from .direct_transport import DirectTransport
from .dumps import PipeTransportDump, PlainTransportDump, RouterDump, WebRtcTransportDump
from .errors import InvalidStateError, InvalidValueError, MediasoupError, NotFoundError
from .memory import RouterMemory
from .pipe_to_router import (
    PipedDataProducer,
    PipedProducer,
    PipeToRouterOptions,
    PipeTransportOptions,
    PipeTransportPair,
    pipe_data_producer,
    pipe_producer,
    pipe_transport_pair,
)
from .pipe_transport import PipeTransport
from .plain_transport import PlainTransport
from .producer import Producer
from .rtp_observer import RtpObserver
from .rtp_parameters import RtpCapabilities, RtpCodecCapability
from .signal import Signal
from .srtp_parameters import SrtpCryptoSuite
from .tables import read
from .transport import Transport, with_base
from .webrtc_server import WebRtcServer
from .webrtc_transport import WebRtcTransport
from .worker_object import WorkerObject, new_id

logger = logging.getLogger(__name__)

Observer = TypeVar("Observer", bound=RtpObserver)
AnyTransport = TypeVar("AnyTransport", bound=Transport)

#: Where pipe transports listen unless told otherwise: enough for routers on one host.
LOOPBACK: Final = ListenInfo(protocol="udp", ip="127.0.0.1")


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
        self._consume_cache = ConsumeCache(channel.codec)
        self._pipe_pairs: dict[str, asyncio.Task[PipeTransportPair]] = {}
        self.on_worker_close: Signal[()] = Signal()
        self.on_new_transport: Signal[Transport] = Signal()
        self.on_new_rtp_observer: Signal[RtpObserver] = Signal()

    @property
    def memory(self) -> RouterMemory:
        """What must be remembered of it besides what its dumps tell, for :meth:`Worker.adopt_router`."""
        transports = self.transports.values()
        media = [
            each for transport in transports for each in (*transport.producers.values(), *transport.consumers.values())
        ]
        data = [
            each
            for transport in transports
            for each in (*transport.data_producers.values(), *transport.data_consumers.values())
        ]
        objects: list[WorkerObject] = [*transports, *media, *data, *self.rtp_observers.values()]
        return RouterMemory(
            rtp_capabilities=self.rtp_capabilities,
            observers={observer.id: observer.type for observer in self.rtp_observers.values()},
            transports={transport.id: transport.memory for transport in transports},
            app_data={each.id: each.app_data for each in objects if each.app_data},
        )

    async def dump(self) -> RouterDump:
        """Ask the worker what the router holds."""
        return read(RouterDump, await self._request("router_dump"))

    def update_media_codecs(self, media_codecs: Sequence[RtpCodecCapability]) -> None:
        """Use other codecs for what is produced from now on."""
        codecs = ortc.generate_router_rtp_capabilities(media_codecs).codecs
        self.rtp_capabilities = replace(self.rtp_capabilities, codecs=codecs)

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
        with a server and false without, unless given. ``ice_consent_timeout`` is in seconds, 0 for none; the worker
        takes what is below 10 as 10, and above 60 as 60. ``initial_available_outgoing_bitrate`` in bits a second is the
        first guess of the bandwidth estimation.
        """
        if (webrtc_server is None) == (listen_infos is None):
            raise InvalidValueError("webrtc_server", "give either it or listen_infos")
        method, listen = "router_create_webrtctransport", _listen(webrtc_server, listen_infos)
        if webrtc_server is not None:
            method += "_with_server"
            if webrtc_server.closed:
                raise InvalidStateError(f"{webrtc_server!r} is closed")
        options = {
            "base": {
                **_base_options(enable_sctp, sctp),
                "initial_available_outgoing_bitrate": initial_available_outgoing_bitrate,
                "is_data_channel": True,
            },
            "listen": listen,
            "enable_udp": enable_udp,
            "enable_tcp": webrtc_server is not None if enable_tcp is None else enable_tcp,
            "prefer_udp": prefer_udp,
            "prefer_tcp": prefer_tcp,
            "ice_consent_timeout": ice_consent_timeout,
        }
        transport_id, answer = await self._create_transport("WebRtcTransport", options, method=method)
        dump = read(WebRtcTransportDump, answer)
        transport = WebRtcTransport(self._channel, transport_id, router=self, dump=dump, app_data=app_data)
        self._add_transport(transport)
        if webrtc_server is not None:
            webrtc_server._handle(transport)
        return transport

    async def create_plain_transport(
        self,
        *,
        listen_info: ListenInfo,
        rtcp_listen_info: ListenInfo | None = None,
        rtcp_mux: bool = True,
        comedia: bool = False,
        enable_sctp: bool = False,
        sctp: SctpOptions | None = None,
        enable_srtp: bool = False,
        srtp_crypto_suite: SrtpCryptoSuite = "AES_CM_128_HMAC_SHA1_80",
        app_data: dict[str, Any] | None = None,
    ) -> PlainTransport:
        """
        Make a transport for an endpoint that speaks RTP over UDP.

        With ``rtcp_mux`` RTP and RTCP share a port; ``rtcp_listen_info`` gives RTCP its own, which turns that off. With
        ``comedia`` the other end is where its first packet comes from, else it is told by ``connect()``. Raises
        RequestRefusedError when an address can't be listened on.
        """
        options = {
            "base": _base_options(enable_sctp, sctp),
            "listen_info": listen_info.to_table(),
            "rtcp_listen_info": None if rtcp_listen_info is None else rtcp_listen_info.to_table(),
            "rtcp_mux": rtcp_mux and rtcp_listen_info is None,
            "comedia": comedia,
            "enable_srtp": enable_srtp,
            "srtp_crypto_suite": srtp_crypto_suite.lower(),
        }
        transport_id, answer = await self._create_transport("PlainTransport", options)
        dump = read(PlainTransportDump, answer)
        return self._add_transport(
            PlainTransport(self._channel, transport_id, router=self, dump=dump, app_data=app_data)
        )

    async def create_pipe_transport(
        self,
        *,
        listen_info: ListenInfo,
        enable_sctp: bool = False,
        sctp: SctpOptions | None = None,
        enable_rtx: bool = False,
        enable_srtp: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> PipeTransport:
        """
        Make one end of a pipe to another router; :meth:`pipe_to_router` makes and connects both.

        ``enable_rtx`` has it retransmit what the network loses. Raises RequestRefusedError when the address can't be
        listened on.
        """
        options = {
            "base": _base_options(enable_sctp, sctp),
            "listen_info": listen_info.to_table(),
            "enable_rtx": enable_rtx,
            "enable_srtp": enable_srtp,
        }
        transport_id, answer = await self._create_transport("PipeTransport", options)
        dump = read(PipeTransportDump, answer)
        return self._add_transport(
            PipeTransport(self._channel, transport_id, router=self, dump=dump, app_data=app_data)
        )

    async def create_direct_transport(
        self,
        *,
        max_send_message_size: int = 262_144,
        max_receive_message_size: int = 262_144,
        app_data: dict[str, Any] | None = None,
    ) -> DirectTransport:
        """Make a transport whose endpoint is this program; sizes of messages in bytes."""
        base = {
            "direct": True,
            "max_send_message_size": max_send_message_size,
            "max_receive_message_size": max_receive_message_size,
        }
        transport_id, _ = await self._create_transport("DirectTransport", {"base": base})
        return self._add_transport(DirectTransport(self._channel, transport_id, router=self, app_data=app_data))

    async def _create_transport(
        self, kind: str, options: dict[str, Any], *, method: str | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Ask the worker for a transport; give its id and its dump."""
        transport_id = new_id()
        answer = await self._create(
            method or f"router_create_{kind.lower()}",
            transport_id,
            (f"Router_Create{kind}Request", {"transport_id": transport_id, "options": options}),
            ("router_close_transport", "Router_CloseTransportRequest", "transport_id"),
        )
        return transport_id, with_base(answer)

    def _add_transport(self, transport: AnyTransport) -> AnyTransport:
        self.transports[transport.id] = transport
        transport.on_close.add(lambda: self.transports.pop(transport.id, None))
        self.on_new_transport.emit(transport)
        return transport

    @overload
    async def pipe_to_router(
        self, *, router: Router, producer_id: str, **options: Unpack[PipeToRouterOptions]
    ) -> PipedProducer: ...

    @overload
    async def pipe_to_router(
        self, *, router: Router, data_producer_id: str, **options: Unpack[PipeToRouterOptions]
    ) -> PipedDataProducer: ...

    async def pipe_to_router(
        self,
        *,
        router: Router,
        producer_id: str | None = None,
        data_producer_id: str | None = None,
        keep_id: bool = True,
        listen_info: ListenInfo = LOOPBACK,
        enable_sctp: bool = True,
        sctp: SctpOptions | None = None,
        enable_rtx: bool = False,
        enable_srtp: bool = False,
    ) -> PipedProducer | PipedDataProducer:
        """
        Have a producer or a data producer of ours in another router too.

        There it has the same id, unless ``keep_id`` is false, as it must be when both routers are in one worker. The
        other options are those of :meth:`create_pipe_transport`, and matter when the first thing is piped: one pair of
        transports connects two routers in both directions, as long as none of them is closed. Raises NotFoundError
        when the router has no such producer or it closes meanwhile, InvalidStateError when a router is closed, then or
        meanwhile; nothing of what was begun is left then, but the pair if its routers are open.
        """
        self._check_open()
        if (producer_id is None) == (data_producer_id is None):
            raise InvalidValueError("producer_id", "give either it or data_producer_id")
        if router is self:
            raise InvalidValueError("router", "is the one that the producer is in")
        if keep_id and router._channel is self._channel:
            raise InvalidValueError("keep_id", "both routers are in one worker, where an id can't be there twice")
        source = self.producers.get(producer_id or "") or self.data_producers.get(data_producer_id or "")
        if source is None:
            missing = f"data producer {data_producer_id}" if producer_id is None else f"producer {producer_id}"
            raise NotFoundError(f"no {missing}")
        options: PipeTransportOptions = {
            "listen_info": listen_info,
            "enable_sctp": enable_sctp,
            "sctp": sctp,
            "enable_rtx": enable_rtx,
            "enable_srtp": enable_srtp,
        }
        pair = await pipe_transport_pair(self, router, options)
        here, there = pair[self.id], pair[router.id]
        if isinstance(source, Producer):
            return await pipe_producer(source, here, there, keep_id=keep_id)
        return await pipe_data_producer(source, here, there, keep_id=keep_id)

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
        return self._add_observer(cls, observer_id, app_data)

    def _add_observer(self, cls: type[Observer], observer_id: str, app_data: dict[str, Any] | None) -> Observer:
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


def _base_options(enable_sctp: bool, sctp: SctpOptions | None) -> dict[str, Any]:
    """Give the ``FBS.Transport.Options`` of a transport that can carry SCTP."""
    return {"enable_sctp": enable_sctp, **msgspec.structs.asdict(sctp or SctpOptions())}


def _listen(webrtc_server: WebRtcServer | None, listen_infos: Sequence[ListenInfo] | None) -> Body:
    """Give the member of ``FBS.WebRtcTransport.Listen``."""
    if webrtc_server is not None:
        return "ListenServer", {"web_rtc_server_id": webrtc_server.id}
    if not listen_infos:
        raise InvalidValueError("listen_infos", "is empty")
    return "ListenIndividual", {"listen_infos": [info.to_table() for info in listen_infos]}
