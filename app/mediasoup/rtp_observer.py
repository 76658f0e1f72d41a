"""What the observers of a router's audio have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from .channel.channel import Channel
from .errors import NotFoundError
from .producer import Producer
from .signal import Signal
from .worker_object import WorkerObject


class RtpObserver(WorkerObject):
    """
    Looks at the audio producers that were added to it.

    ``on_pause`` and ``on_resume`` fire when it changes, ``on_router_close`` before ``on_close``.
    """

    type: ClassVar[Literal["activespeaker", "audiolevel"]]

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        router_id: str,
        producers: Mapping[str, Producer],
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, app_data)
        self._router_id = router_id
        self._producers = producers
        self.paused = False
        self.on_router_close: Signal[()] = Signal()
        self.on_pause: Signal[()] = Signal()
        self.on_resume: Signal[()] = Signal()
        self.on_add_producer: Signal[Producer] = Signal()
        self.on_remove_producer: Signal[Producer] = Signal()
        channel.subscribe(id, self._notified)

    async def pause(self) -> None:
        """Stop observing."""
        await self._request("rtpobserver_pause")
        if not self.paused:
            self.paused = True
            self.on_pause.emit()

    async def resume(self) -> None:
        """Observe again."""
        await self._request("rtpobserver_resume")
        if self.paused:
            self.paused = False
            self.on_resume.emit()

    async def add_producer(self, *, producer_id: str) -> None:
        """Look at one producer more. Raises NotFoundError when the router has none with that id."""
        producer = self._producer(producer_id)
        await self._request(
            "rtpobserver_add_producer", ("RtpObserver_AddProducerRequest", {"producer_id": producer_id})
        )
        self.on_add_producer.emit(producer)

    async def remove_producer(self, *, producer_id: str) -> None:
        """Look at one producer less. Raises NotFoundError when the router has none with that id."""
        producer = self._producer(producer_id)
        await self._request(
            "rtpobserver_remove_producer", ("RtpObserver_RemoveProducerRequest", {"producer_id": producer_id})
        )
        self.on_remove_producer.emit(producer)

    def close(self) -> None:
        """Stop observing for good."""
        if self._shut():
            self._channel.post(
                "router_close_rtpobserver",
                self._router_id,
                ("Router_CloseRtpObserverRequest", {"rtp_observer_id": self.id}),
            )
            self.on_close.emit()

    def _router_closed(self) -> None:
        if self._shut():
            self.on_router_close.emit()
            self.on_close.emit()

    def _producer(self, producer_id: str) -> Producer:
        producer = self._producers.get(producer_id)
        if producer is None:
            raise NotFoundError(f"no producer {producer_id}")
        return producer

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        """Handle what the worker tells; each kind of observer has its own."""
        raise TypeError(f"{type(self).__name__} expects no {event}")
