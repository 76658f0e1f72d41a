"""A peer's transports, and what it sends and receives through them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from app.config import Settings
from app.errors import Unavailable
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import (
    DtlsState,
    ProducerScore,
    SctpStreamParameters,
    TransportTrace,
    TransportTraceEventType,
)
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import MediaKind, RtpParameters
from app.mediasoup.signal import Signal
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport

from .audience import Audience
from .data_subscriber import DataSubscriber
from .events import DownlinkBwe, ProducerScoreChanged
from .held import Held
from .media_subscriber import MediaSubscriber
from .new_way import NewWay
from .registry import Registry, WorkerThing
from .session import Session
from .stage import Stage
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger


#: Seconds without a sign of life until ICE counts as lost: the least that the worker knows.
ICE_CONSENT_TIMEOUT = 10
CONNECTED = ("connected", "completed")
#: Milliseconds in which a producer is asked for one key frame only, and for one more after them if somebody else needs
#: one by then: browsers ignore what they are asked within 300 ms, and the worker would ask again only after a second.
KEY_FRAME_REQUEST_DELAY = 350


class PeerMedia:
    """
    Everything of one peer that lives in the worker; closing it leaves nothing there.

    ``on_produce`` and ``on_produce_data`` fire for every new producer, the latter with whom it is for (``None``: all).
    ``on_new_way``: what is sent comes by another way through the network.
    ``subscriber`` and ``data_subscriber`` consume what others produce; ``stage`` is the room's.
    """

    def __init__(
        self,
        router: Router,
        webrtc_server: WebRtcServer,
        session: Session,
        settings: Settings,
        log: Logger,
        stage: Stage,
    ) -> None:
        limits = settings.limits
        self._router = router
        self._webrtc_server = webrtc_server
        self._session = session
        self._settings = settings
        self._log = log
        self._stage = stage
        self._tasks = TaskSet()
        self.transports: Registry[WebRtcTransport] = Registry("transport", limits.max_transports_per_peer)
        self.producers: Registry[Producer] = Registry("producer", limits.max_producers_per_peer)
        self.data_producers: Registry[DataProducer] = Registry("data producer", limits.max_data_producers_per_peer)
        self.subscriber = MediaSubscriber(
            session, self._tasks, limits.max_consumers_per_peer, self._consuming_transport, log, stage
        )
        self.data_subscriber = DataSubscriber(
            session, self._tasks, limits.max_data_consumers_per_peer, self._consuming_sctp_transport, log
        )
        #: Whom data producers are for, by their ids; those that are not here are for all.
        self.audiences: dict[str, Audience] = {}
        #: How many there ever were.
        self.transports_made = 0
        self.on_produce: Signal[Producer] = Signal()
        self.on_produce_data: Signal[DataProducer, Audience | None] = Signal()
        self.on_new_way: Signal[()] = Signal()

    async def create_transport(
        self, *, producing: bool, consuming: bool, force_tcp: bool, sctp: bool
    ) -> WebRtcTransport:
        """
        Make a transport. One that is ``consuming`` carries consumers; ``sctp`` allows data channels on it.

        :raises LimitReached: the peer has as many as it may
        :raises Unavailable: the worker died, and the room has no other one yet
        """
        if self.lost:
            raise Unavailable("the media worker is being replaced; try again in a moment")
        transport = await self.transports.make(
            lambda: self._make_transport(
                max_incoming_bitrate=self._settings.max_incoming_bitrate if producing or not consuming else None,
                trace=["bwe"] if consuming else [],
                enable_udp=not force_tcp,
                enable_sctp=sctp,
                app_data={"consuming": consuming},
            )
        )
        self._has_transport(transport)
        # Nothing is awaited from here on: the client must know the transport before it hears of consumers on it.
        self.subscriber.proceed()
        self.data_subscriber.proceed()
        return transport

    async def produce(
        self, *, transport_id: str, kind: MediaKind, rtp_parameters: RtpParameters, app_data: dict[str, Any]
    ) -> Producer:
        """
        Start to receive audio or video from the client.

        :raises NotFound: the peer has no such transport
        :raises LimitReached: the peer has as many producers as it may
        """
        transport = self.transports.get(transport_id)
        producer = await self.producers.make(
            lambda: transport.produce(
                kind=kind,
                rtp_parameters=rtp_parameters,
                key_frame_request_delay=KEY_FRAME_REQUEST_DELAY if kind == "video" else 0,
                app_data=app_data,
            )
        )
        self._has_producer(producer)
        return producer

    async def produce_data(
        self,
        *,
        transport_id: str,
        sctp_stream_parameters: SctpStreamParameters,
        label: str,
        protocol: str,
        app_data: dict[str, Any],
        audience: Audience | None = None,
    ) -> DataProducer:
        """Start to receive messages from the client, for ``audience`` or all. Raises as :meth:`produce` does."""
        transport = self.transports.get(transport_id)
        data_producer = await self.data_producers.make(
            lambda: transport.produce_data(
                sctp_stream_parameters=sctp_stream_parameters,
                label=label,
                protocol=protocol,
                app_data=app_data,
            )
        )
        self._has_data_producer(data_producer, audience)
        return data_producer

    def adopt_transport(self, transport: WebRtcTransport) -> None:
        """Have a transport from before this process began; whoever had it was within the limits."""
        self.transports.adopt(transport)
        self._has_transport(transport)

    def adopt_producer(self, producer: Producer) -> None:
        """Have a producer from before this process began; it is offered to the others as if it were new."""
        self.producers.adopt(producer)
        self._has_producer(producer)

    def adopt_data_producer(self, data_producer: DataProducer, audience: Audience | None) -> None:
        """Have a data producer from before this process began, for ``audience`` or all; it is offered, too."""
        self.data_producers.adopt(data_producer)
        self._has_data_producer(data_producer, audience)

    def receive(self, allowed: bool) -> bool:
        """
        Consume what is offered, or nothing: what is consumed already is closed then.

        Gives whether that is a change; what was offered in between has to be offered again.
        """
        if allowed == self.subscriber.allowed:
            return False
        for subscriber in (self.subscriber, self.data_subscriber):
            subscriber.allow() if allowed else subscriber.forbid()
        return True

    @property
    def lost(self) -> bool:
        """Whether the worker died, and nothing can be made before :meth:`move`."""
        return self._router.closed

    @property
    def connected(self) -> bool:
        """Whether the client is heard on any of the transports."""
        return any(each.ice_state in CONNECTED for each in self.transports)

    def keep(self, held: Held) -> None:
        """Close all that the client does not have; of what others send it gets that anew when it is offered."""
        _keep(self.transports, held.transports)
        _keep(self.producers, held.producers)
        if held.data_producers is not None:
            _keep(self.data_producers, held.data_producers)
        self.subscriber.keep(held.consumers)
        if held.data_consumers is not None:
            self.data_subscriber.keep(held.data_consumers)

    def move(self, router: Router, webrtc_server: WebRtcServer) -> None:
        """Make what comes in another worker: the one before died, and with it all that was there."""
        self._router, self._webrtc_server = router, webrtc_server

    @property
    def sent_scores(self) -> list[int]:
        """How well each producer arrives that is to be sent, from 0 to 10. One of which nothing came yet has none."""
        return [
            max(each.score for each in producer.score)
            for producer in self.producers
            if producer.score and not (producer.paused or self._stage.dynacast.rests(producer.id))
        ]

    @property
    def received_scores(self) -> list[int]:
        """How well each consumer arrives that flows, from 0 to 10."""
        flowing = (each for each in self.subscriber.consumers if not (each.paused or each.producer_paused))
        return [each.score.score for each in flowing]

    def is_used(self, transport: WebRtcTransport) -> bool:
        """Whether media flow through a transport now, and so reports of them do, too."""
        rests = self._stage.dynacast.rests
        return any(not (each.paused or each.producer_paused) for each in transport.consumers.values()) or any(
            not (each.paused or rests(each.id)) for each in transport.producers.values()
        )

    def close(self) -> None:
        """Close all of it, and what is still being made."""
        self._tasks.cancel()
        self.subscriber.close()
        self.data_subscriber.close()
        # The worker closes what a transport carries with it: one message for each transport is enough.
        self.transports.close()
        self.producers.close()
        self.data_producers.close()

    def _has_transport(self, transport: WebRtcTransport) -> None:
        self.transports_made += 1
        transport.on_dtls_state_change.add(lambda state: self._dtls_changed(transport, state))
        transport.on_trace.add(self._tell_bandwidth)
        new_way = NewWay(transport, self._settings.initial_outgoing_bitrate, self._log)
        transport.on_ice_selected_tuple_change.add(lambda _: self._goes_another_way(transport, new_way))

    def _goes_another_way(self, transport: WebRtcTransport, way: NewWay) -> None:
        if transport.app_data["consuming"]:
            self._tasks.start(way.try_out(), name="trying out a new way")
            self.subscriber.refresh()
        if transport.producers:
            self.on_new_way.emit()

    def _has_producer(self, producer: Producer) -> None:
        producer.on_score.add(lambda score: self._tell_score(producer, score))
        self.on_produce.emit(producer)

    def _has_data_producer(self, data_producer: DataProducer, audience: Audience | None) -> None:
        if audience is not None:
            self.audiences[data_producer.id] = audience
            data_producer.on_close.add(lambda: self.audiences.pop(data_producer.id, None))
        self.on_produce_data.emit(data_producer, audience)

    async def _make_transport(
        self,
        *,
        max_incoming_bitrate: int | None,
        trace: list[TransportTraceEventType],
        enable_udp: bool,
        enable_sctp: bool,
        app_data: dict[str, Any],
    ) -> WebRtcTransport:
        transport = await self._router.create_webrtc_transport(
            webrtc_server=self._webrtc_server,
            enable_udp=enable_udp,
            enable_tcp=True,
            prefer_udp=True,
            enable_sctp=enable_sctp,
            ice_consent_timeout=ICE_CONSENT_TIMEOUT,
            initial_available_outgoing_bitrate=self._settings.initial_outgoing_bitrate,
            app_data=app_data,
        )
        try:
            if max_incoming_bitrate is not None:
                await transport.set_max_incoming_bitrate(max_incoming_bitrate)
            if trace:
                await transport.enable_trace_event(trace)
        except BaseException:
            transport.close()
            raise
        return transport

    def _consuming_transport(self) -> WebRtcTransport | None:
        if self._session.away:
            return None
        return next((each for each in self.transports if each.app_data["consuming"]), None)

    def _consuming_sctp_transport(self) -> WebRtcTransport | None:
        if self._session.away:
            return None
        usable = (each for each in self.transports if each.app_data["consuming"] and each.sctp_parameters)
        return next(usable, None)

    def _tell_score(self, producer: Producer, score: list[ProducerScore]) -> None:
        self._session.notify(ProducerScoreChanged(producer_id=producer.id, score=score))

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


def _keep(things: Iterable[WorkerThing], ids: Collection[str]) -> None:
    for thing in things:
        if thing.id not in ids:
            thing.close()
