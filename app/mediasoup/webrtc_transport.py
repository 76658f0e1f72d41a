"""A WebRTC transport: ICE and DTLS with a browser or another WebRTC endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .channel.channel import Channel
from .data_structures import (
    DtlsParameters,
    DtlsState,
    IceCandidate,
    IceParameters,
    IceRole,
    IceState,
    TransportTuple,
)
from .dumps import WebRtcTransportDump
from .sctp_transport import SctpTransport
from .signal import Signal
from .stats import WebRtcTransportStats
from .tables import read
from .transport import with_base

if TYPE_CHECKING:
    from .router import Router


class WebRtcTransport(SctpTransport):
    """
    Made by ``router.create_webrtc_transport()``.

    The client needs ``ice_parameters``, ``ice_candidates``, ``dtls_parameters`` and ``sctp_parameters``. The states are
    the last that were told, and ``closed`` at the end. ``ice_state`` ``disconnected`` says that the other side has not
    been heard for the transport's consent timeout.
    """

    type = "webrtc"

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        router: Router,
        dump: WebRtcTransportDump,
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, router=router, dump=dump, app_data=app_data)
        self.ice_role: IceRole = dump.ice_role
        self.ice_parameters: IceParameters = dump.ice_parameters
        self.ice_candidates: list[IceCandidate] = dump.ice_candidates
        self.ice_state: IceState = dump.ice_state
        self.ice_selected_tuple: TransportTuple | None = dump.ice_selected_tuple
        self.dtls_parameters: DtlsParameters = dump.dtls_parameters
        self.dtls_state: DtlsState = dump.dtls_state
        self.dtls_remote_cert: str | None = None
        self.on_ice_state_change: Signal[IceState] = Signal()
        self.on_ice_selected_tuple_change: Signal[TransportTuple] = Signal()
        self.on_dtls_state_change: Signal[DtlsState] = Signal()

    async def dump(self) -> WebRtcTransportDump:
        """Ask the worker what the transport holds."""
        return read(WebRtcTransportDump, with_base(await self._request("transport_dump")))

    async def get_stats(self) -> list[WebRtcTransportStats]:
        """Ask the worker for the transport's statistics; always one entry."""
        return [read(WebRtcTransportStats, with_base(await self._request("transport_get_stats")))]

    async def connect(self, *, dtls_parameters: DtlsParameters) -> None:
        """Say who the other side is. Raises RequestRefusedError when that was said before."""
        answer = await self._request(
            "webrtctransport_connect",
            ("WebRtcTransport_ConnectRequest", {"dtls_parameters": dtls_parameters.to_table()}),
        )
        self.dtls_parameters = msgspec.structs.replace(self.dtls_parameters, role=answer["dtls_local_role"])

    async def restart_ice(self) -> IceParameters:
        """Make new ICE credentials, which the client must be given."""
        self.ice_parameters = IceParameters(**await self._request("transport_restart_ice"))
        return self.ice_parameters

    def _shut(self) -> bool:
        if not super()._shut():
            return False
        self.ice_state = self.dtls_state = "closed"
        self.ice_selected_tuple = None
        return True

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        if event == "webrtctransport_ice_state_change":
            self.ice_state = body["ice_state"]
            self.on_ice_state_change.emit(self.ice_state)
        elif event == "webrtctransport_ice_selected_tuple_change":
            self.ice_selected_tuple = selected = TransportTuple.from_table(body["tuple"])
            self.on_ice_selected_tuple_change.emit(selected)
        elif event == "webrtctransport_dtls_state_change":
            self.dtls_state = body["dtls_state"]
            if self.dtls_state == "connected":
                self.dtls_remote_cert = body["remote_cert"]
            self.on_dtls_state_change.emit(self.dtls_state)
        else:
            super()._notified(event, body)
