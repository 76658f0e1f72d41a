"""A WebRTC server: the sockets of one worker that all its WebRTC transports share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .channel.channel import Channel
from .dumps import WebRtcServerDump
from .signal import Signal
from .tables import read
from .worker_object import WorkerObject

if TYPE_CHECKING:
    from .webrtc_transport import WebRtcTransport


class WebRtcServer(WorkerObject):
    """
    Made by ``worker.create_webrtc_server()``.

    Tells ``on_worker_close()``, and which transports it serves by ``on_transport_handled(transport)`` and
    ``on_transport_unhandled(transport)``.
    """

    def __init__(self, channel: Channel, id: str, app_data: dict[str, Any] | None) -> None:
        super().__init__(channel, id, app_data)
        self._transports: dict[str, WebRtcTransport] = {}
        # Ids of those that it had when it was adopted itself.
        self._waiting_for: set[str] = set()
        self.on_worker_close: Signal[()] = Signal()
        self.on_transport_handled: Signal[WebRtcTransport] = Signal()
        self.on_transport_unhandled: Signal[WebRtcTransport] = Signal()

    async def dump(self) -> WebRtcServerDump:
        """Ask the worker what the server holds."""
        return read(WebRtcServerDump, await self._request("webrtcserver_dump"))

    def close(self) -> None:
        """Close its sockets, and all transports that use them."""
        if self._shut():
            self._channel.post(
                "worker_webrtcserver_close",
                body=("Worker_CloseWebRtcServerRequest", {"web_rtc_server_id": self.id}),
            )
            for transport in tuple(self._transports.values()):
                transport._listen_server_closed()
            self.on_close.emit()

    def _worker_closed(self) -> None:
        # The transports end with their routers.
        if self._shut():
            self.on_worker_close.emit()
            self.on_close.emit()

    def _adopt(self, transport: WebRtcTransport) -> None:
        """Handle ``transport`` if it is one of those from before our time."""
        if transport.id in self._waiting_for:
            self._waiting_for.discard(transport.id)
            self._handle(transport)

    def _handle(self, transport: WebRtcTransport) -> None:
        """Keep account of ``transport``, however it comes to its end."""
        self._transports[transport.id] = transport
        self.on_transport_handled.emit(transport)

        def unhandle() -> None:
            del self._transports[transport.id]
            self.on_transport_unhandled.emit(transport)

        transport.on_close.add(unhandle)
