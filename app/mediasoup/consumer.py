"""A consumer: a producer's stream as a transport sends it to one receiver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .channel.channel import Channel
from .data_structures import ConsumerLayers, ConsumerScore
from .dumps import ConsumerDump
from .rtp_parameters import MediaKind, RtpParameters
from .rtp_parameters_tables import rtp_parameters_from_table
from .rtp_traces import ConsumerTraceEventType, RtpTrace
from .signal import Signal
from .stats import RtpStreamStats
from .tables import read
from .worker_object import WorkerObject


class Consumer(WorkerObject):
    """
    Made by ``transport.consume()``.

    ``type`` is that of the producer, or ``pipe``. ``score``, ``preferred_layers`` and ``current_layers`` are the last
    that were told; layers are None where there are none. ``on_pause`` and ``on_resume`` fire when what is sent
    changes: with its own pause or its producer's, ``on_trace`` as :meth:`enable_trace_event` asked for. ``on_rtp``
    tells every packet, on a direct transport only. ``on_transport_close`` and ``on_producer_close`` fire before
    ``on_close``.
    """

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        transport_id: str,
        producer_id: str,
        kind: MediaKind,
        type: str,
        rtp_parameters: RtpParameters,
        paused: bool,
        producer_paused: bool,
        score: ConsumerScore,
        preferred_layers: ConsumerLayers | None,
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, app_data)
        self._transport_id = transport_id
        self.producer_id = producer_id
        self.kind: MediaKind = kind
        self.type = type
        self.rtp_parameters = rtp_parameters
        self.paused = paused
        self.producer_paused = producer_paused
        self.priority = 1
        self.score = score
        self.preferred_layers = preferred_layers
        self.current_layers: ConsumerLayers | None = None
        self.on_transport_close: Signal[()] = Signal()
        self.on_producer_close: Signal[()] = Signal()
        self.on_producer_pause: Signal[()] = Signal()
        self.on_producer_resume: Signal[()] = Signal()
        self.on_pause: Signal[()] = Signal()
        self.on_resume: Signal[()] = Signal()
        self.on_score: Signal[ConsumerScore] = Signal()
        self.on_layers_change: Signal[ConsumerLayers | None] = Signal()
        self.on_trace: Signal[RtpTrace] = Signal()
        self.on_rtp: Signal[bytes] = Signal()
        channel.subscribe(id, self._notified)

    async def dump(self) -> ConsumerDump:
        """Ask the worker what the consumer holds."""
        table = (await self._request("consumer_dump"))["data"]
        base = table["base"]
        parameters = rtp_parameters_from_table(base["rtp_parameters"])
        return read(ConsumerDump, {**table, **base, "rtp_parameters": parameters})

    async def get_stats(self) -> list[RtpStreamStats]:
        """Ask the worker for the statistics of its stream, and of the producer's stream behind it."""
        table = await self._request("consumer_get_stats")
        return [RtpStreamStats.from_table(row) for row in table["stats"]]

    async def pause(self) -> None:
        """Stop sending."""
        await self._request("consumer_pause")
        if not self.paused:
            self.paused = True
            if not self.producer_paused:
                self.on_pause.emit()

    async def resume(self) -> None:
        """Send again; a video consumer asks its producer for a key frame."""
        await self._request("consumer_resume")
        if self.paused:
            self.paused = False
            if not self.producer_paused:
                self.on_resume.emit()

    async def set_preferred_layers(self, *, spatial_layer: int, temporal_layer: int | None = None) -> None:
        """Ask for these layers of simulcast or SVC at most, counted from 0; others have none to prefer."""
        layers = {"spatial_layer": spatial_layer, "temporal_layer": temporal_layer}
        answer = await self._request(
            "consumer_set_preferred_layers",
            ("Consumer_SetPreferredLayersRequest", {"preferred_layers": layers}),
        )
        self.preferred_layers = layers_from_table(answer.get("preferred_layers"))

    async def set_priority(self, priority: int) -> None:
        """Set how early the consumer gets its share of the transport's bandwidth: 1 (as made) to 255."""
        answer = await self._request("consumer_set_priority", ("Consumer_SetPriorityRequest", {"priority": priority}))
        self.priority = answer["priority"]

    async def unset_priority(self) -> None:
        """Set the priority back to 1."""
        await self.set_priority(1)

    async def request_key_frame(self) -> None:
        """Ask the producer for a key frame; audio has none."""
        await self._request("consumer_request_key_frame")

    async def enable_trace_event(self, types: Sequence[ConsumerTraceEventType] = ()) -> None:
        """Have ``on_trace`` tell these kinds of events, and no others."""
        body = ("Consumer_EnableTraceEventRequest", {"events": list(types)})
        await self._request("consumer_enable_trace_event", body)

    def close(self) -> None:
        """Stop sending for good."""
        if self._shut():
            self._channel.post(
                "transport_close_consumer",
                self._transport_id,
                ("Transport_CloseConsumerRequest", {"consumer_id": self.id}),
            )
            self.on_close.emit()

    def _transport_closed(self) -> None:
        if self._shut():
            self.on_transport_close.emit()
            self.on_close.emit()

    def _producer_closed(self) -> None:
        # The worker has dropped the consumer already.
        if self._shut():
            self.on_producer_close.emit()
            self.on_close.emit()

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        if event == "consumer_rtp":
            self.on_rtp.emit(body["data"])
        elif event == "consumer_score":
            self.score = ConsumerScore.from_table(body["score"])
            self.on_score.emit(self.score)
        elif event == "consumer_layers_change":
            self.current_layers = layers_from_table(body["layers"])
            self.on_layers_change.emit(self.current_layers)
        elif event == "consumer_producer_close":
            self._producer_closed()
        elif event == "consumer_producer_pause":
            self._producer_paused()
        elif event == "consumer_producer_resume":
            self._producer_resumed()
        elif event == "consumer_trace":
            self.on_trace.emit(RtpTrace.from_table(body))

    def _producer_paused(self) -> None:
        if not self.producer_paused:
            self.producer_paused = True
            self.on_producer_pause.emit()
            if not self.paused:
                self.on_pause.emit()

    def _producer_resumed(self) -> None:
        if self.producer_paused:
            self.producer_paused = False
            self.on_producer_resume.emit()
            if not self.paused:
                self.on_resume.emit()


def layers_from_table(table: dict[str, Any] | None) -> ConsumerLayers | None:
    """Read the worker's ``FBS.Consumer.ConsumerLayers``."""
    return None if table is None else ConsumerLayers(**table)
