"""A peer's transports, and what it sends and receives through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.config import Settings
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
from .events import Client, DownlinkBwe, ProducerScoreChanged
from .media_subscriber import MediaSubscriber
from .registry import Registry
from .stage import Stage
from .subscriber import DataSubscriber
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger


class PeerMedia:
    """
    Everything of one peer that lives in the worker; closing it leaves nothing there.

    ``on_produce`` and ``on_produce_data`` fire for every new producer, the latter with whom it is for (``None``: all).
    ``subscriber`` and ``data_subscriber`` consume what others produce; ``stage`` is the room's.
    """

    def __init__(
        self,
        router: Router,
        webrtc_server: WebRtcServer,
        client: Client,
        settings: Settings,
        log: Logger,
        stage: Stage,
    ) -> None:
        limits = settings.limits
        self._router = router
        self._webrtc_server = webrtc_server
        self._client = client
        self._settings = settings
        self._log = log
        self._stage = stage
        self._tasks = TaskSet()
        self.transports: Registry[WebRtcTransport] = Registry("transport", limits.max_transports_per_peer)
        self.producers: Registry[Producer] = Registry("producer", limits.max_producers_per_peer)
        self.data_producers: Registry[DataProducer] = Registry("data producer", limits.max_data_producers_per_peer)
        self.subscriber = MediaSubscriber(
            client, self._tasks, limits.max_consumers_per_peer, self._consuming_transport, log, stage
        )
        self.data_subscriber = DataSubscriber(
            client, self._tasks, limits.max_data_consumers_per_peer, self._consuming_sctp_transport, log
        )
        self.on_produce: Signal[Producer] = Signal()
        self.on_produce_data: Signal[DataProducer, Audience | None] = Signal()

    async def create_transport(
        self, *, producing: bool, consuming: bool, force_tcp: bool, sctp: bool
    ) -> WebRtcTransport:
        """
        Make a transport. One that is ``consuming`` carries consumers; ``sctp`` allows data channels on it.

        :raises LimitReached: the peer has as many as it may
        """
        transport = await self.transports.make(
            lambda: self._make_transport(
                max_incoming_bitrate=self._settings.max_incoming_bitrate if producing or not consuming else None,
                trace=["bwe"] if consuming else [],
                enable_udp=not force_tcp,
                enable_sctp=sctp,
                app_data={"consuming": consuming},
            )
        )
        transport.on_dtls_state_change.add(lambda state: self._dtls_changed(transport, state))
        transport.on_trace.add(self._tell_bandwidth)
        if consuming:
            transport.on_ice_selected_tuple_change.add(lambda _: self.subscriber.refresh())
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
            lambda: transport.produce(kind=kind, rtp_parameters=rtp_parameters, app_data=app_data)
        )
        producer.on_score.add(lambda score: self._tell_score(producer, score))
        self.on_produce.emit(producer)
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
        self.on_produce_data.emit(data_producer, audience)
        return data_producer

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

    def close(self) -> None:
        """Close all of it, and what is still being made."""
        self._tasks.cancel()
        self.subscriber.close()
        self.data_subscriber.close()
        # The worker closes what a transport carries with it: one message for each transport is enough.
        self.transports.close()
        self.producers.close()
        self.data_producers.close()

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
        return next((each for each in self.transports if each.app_data["consuming"]), None)

    def _consuming_sctp_transport(self) -> WebRtcTransport | None:
        usable = (each for each in self.transports if each.app_data["consuming"] and each.sctp_parameters)
        return next(usable, None)

    def _tell_score(self, producer: Producer, score: list[ProducerScore]) -> None:
        self._client.notify(ProducerScoreChanged(producer_id=producer.id, score=score))

    def _tell_bandwidth(self, trace: TransportTrace) -> None:
        if trace.info is not None and trace.direction == "out":
            self._client.notify(
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
