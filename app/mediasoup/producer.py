"""A producer: a stream of audio or video that a transport receives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .channel.channel import Channel
from .data_structures import ProducerScore, VideoOrientation
from .dumps import ProducerDump
from .rtp_parameters import MediaKind, RtpParameters
from .rtp_parameters_tables import rtp_parameters_from_table
from .rtp_traces import ProducerTraceEventType, RtpTrace
from .signal import Signal
from .stats import RtpStreamStats
from .tables import read
from .worker_object import WorkerObject


class Producer(WorkerObject):
    """
    Made by ``transport.produce()``.

    ``type`` is ``simple``, ``simulcast`` or ``svc``; ``rtp_parameters`` is what the sender sends, and
    ``consumable_rtp_parameters`` what the router made of it for consumers. ``score`` is the last that was told.
    ``on_pause`` and ``on_resume`` fire when it changes, ``on_trace`` as :meth:`enable_trace_event` asked for,
    ``on_transport_close`` before ``on_close``.
    """

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        transport_id: str,
        kind: MediaKind,
        type: str,
        rtp_parameters: RtpParameters,
        consumable_rtp_parameters: RtpParameters,
        paused: bool,
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, app_data)
        self._transport_id = transport_id
        self.kind: MediaKind = kind
        self.type = type
        self.rtp_parameters = rtp_parameters
        self.consumable_rtp_parameters = consumable_rtp_parameters
        self.paused = paused
        self.score: list[ProducerScore] = []
        self.on_transport_close: Signal[()] = Signal()
        self.on_pause: Signal[()] = Signal()
        self.on_resume: Signal[()] = Signal()
        self.on_score: Signal[list[ProducerScore]] = Signal()
        self.on_video_orientation_change: Signal[VideoOrientation] = Signal()
        self.on_trace: Signal[RtpTrace] = Signal()
        channel.subscribe(id, self._notified)

    async def dump(self) -> ProducerDump:
        """Ask the worker what the producer holds."""
        table = await self._request("producer_dump")
        parameters = rtp_parameters_from_table(table["rtp_parameters"])
        return read(ProducerDump, {**table, "rtp_parameters": parameters})

    async def get_stats(self) -> list[RtpStreamStats]:
        """Ask the worker for the statistics of each of its streams."""
        table = await self._request("producer_get_stats")
        return [RtpStreamStats.from_table(row) for row in table["stats"]]

    async def pause(self) -> None:
        """Stop forwarding to consumers, who are told."""
        await self._request("producer_pause")
        self._set_paused(True)

    async def resume(self) -> None:
        """Forward to consumers again."""
        await self._request("producer_resume")
        self._set_paused(False)

    def follow(self, paused: bool) -> None:
        """Pause or resume without waiting, as what is at the other end of a pipe did."""
        if not self.closed:
            self._channel.post("producer_pause" if paused else "producer_resume", self.id)
            self._set_paused(paused)

    def _set_paused(self, paused: bool) -> None:
        if paused != self.paused:
            self.paused = paused
            (self.on_pause if paused else self.on_resume).emit()

    async def enable_trace_event(self, types: Sequence[ProducerTraceEventType] = ()) -> None:
        """Have ``on_trace`` tell these kinds of events, and no others."""
        body = ("Producer_EnableTraceEventRequest", {"events": list(types)})
        await self._request("producer_enable_trace_event", body)

    def send(self, packet: bytes) -> None:
        """
        Pass an RTP packet to the router, as if it had been received; meant for direct transports.

        Raises ChannelFullError when the worker does not read. What is no RTP, or of none of the producer's streams, is
        dropped by the worker.
        """
        self._check_open()
        self._channel.notify("producer_send", self.id, ("Producer_SendNotification", {"data": packet}))

    def close(self) -> None:
        """Stop receiving; its consumers close too."""
        if self._shut():
            self._channel.post(
                "transport_close_producer",
                self._transport_id,
                ("Transport_CloseProducerRequest", {"producer_id": self.id}),
            )
            self.on_close.emit()

    def _transport_closed(self) -> None:
        if self._shut():
            self.on_transport_close.emit()
            self.on_close.emit()

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        if event == "producer_score":
            self.score = [ProducerScore(**row) for row in body["scores"]]
            self.on_score.emit(self.score)
        elif event == "producer_video_orientation_change":
            self.on_video_orientation_change.emit(VideoOrientation(**body))
        elif event == "producer_trace":
            self.on_trace.emit(RtpTrace.from_table(body))
