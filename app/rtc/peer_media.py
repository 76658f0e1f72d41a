"""What a peer sends and receives through its transports."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from app.config import Settings
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import ProducerScore, SctpStreamParameters
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import MediaKind, RtpParameters
from app.mediasoup.signal import Signal
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport

from .audience import Audience
from .client_transports import ClientTransport, as_webrtc
from .data_subscriber import DataSubscriber
from .events import ProducerScoreChanged
from .held import Held
from .media_subscriber import MediaSubscriber
from .peer_transports import PeerTransports
from .quality import FLOWING, LISTENING
from .registry import Registry, WorkerThing
from .session import Session
from .stage import Stage

if TYPE_CHECKING:
    from loguru import Logger


#: Milliseconds in which a producer is asked for one key frame only, and for one more after them if somebody else needs
#: one by then: browsers ignore what they are asked within 300 ms, and the worker would ask again only after a second.
KEY_FRAME_REQUEST_DELAY = 350


class PeerMedia(PeerTransports):
    """
    Everything of one peer that lives in the worker; closing it leaves nothing there.

    ``on_produce`` and ``on_produce_data`` fire for every new producer, the latter with whom it is for (``None``: all).
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
        super().__init__(router, webrtc_server, session, settings, log)
        self._stage = stage
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
        self.on_produce: Signal[Producer] = Signal()
        self.on_produce_data: Signal[DataProducer, Audience | None] = Signal()

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
            lambda: as_webrtc(transport).produce_data(
                sctp_stream_parameters=sctp_stream_parameters,
                label=label,
                protocol=protocol,
                app_data=app_data,
            )
        )
        self._has_data_producer(data_producer, audience)
        return data_producer

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

    def keep(self, held: Held) -> None:
        """Close all that the client does not have; of what others send it gets that anew when it is offered."""
        _keep(self.transports, held.transports)
        _keep(self.producers, held.producers)
        if held.data_producers is not None:
            _keep(self.data_producers, held.data_producers)
        self.subscriber.keep(held.consumers)
        if held.data_consumers is not None:
            self.data_subscriber.keep(held.data_consumers)

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

    def patience_with(self, transport: ClientTransport) -> float | None:
        """
        Give the seconds for which nothing may come by a transport, ``None`` if that may be for ever.

        What comes are media, or reports of those that are received.
        """
        rests = self._stage.dynacast.rests
        if any(not (each.paused or rests(each.id)) for each in transport.producers.values()):
            return FLOWING
        if not isinstance(transport, WebRtcTransport):
            # Browsers report; what listens to plain RTP need not.
            return None
        flowing = {each.kind for each in transport.consumers.values() if not (each.paused or each.producer_paused)}
        if not flowing:
            return None
        return FLOWING if "video" in flowing else LISTENING

    def close(self) -> None:
        """Close all of it, and what is still being made."""
        self._tasks.cancel()
        self.subscriber.close()
        self.data_subscriber.close()
        # The worker closes what a transport carries with it: one message for each transport is enough.
        self.transports.close()
        self.producers.close()
        self.data_producers.close()

    def _proceed(self) -> None:
        self.subscriber.proceed()
        self.data_subscriber.proceed()

    def _refresh(self) -> None:
        self.subscriber.refresh()

    def _has_producer(self, producer: Producer) -> None:
        producer.on_score.add(lambda score: self._tell_score(producer, score))
        self.on_produce.emit(producer)

    def _has_data_producer(self, data_producer: DataProducer, audience: Audience | None) -> None:
        if audience is not None:
            self.audiences[data_producer.id] = audience
            data_producer.on_close.add(lambda: self.audiences.pop(data_producer.id, None))
        self.on_produce_data.emit(data_producer, audience)

    def _tell_score(self, producer: Producer, score: list[ProducerScore]) -> None:
        self._session.notify(ProducerScoreChanged(producer_id=producer.id, score=score))


def _keep(things: Iterable[WorkerThing], ids: Collection[str]) -> None:
    for thing in things:
        if thing.id not in ids:
            thing.close()
