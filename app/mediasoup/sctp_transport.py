"""What the transports that can carry SCTP have in common: all but the direct kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .channel.channel import Channel
from .data_structures import SctpNegotiatedCapabilities, SctpParameters, SctpState
from .dumps import TransportDump
from .signal import Signal
from .transport import Transport

if TYPE_CHECKING:
    from .router import Router


class SctpTransport(Transport):
    """
    ``sctp_parameters`` and ``sctp_state`` are None without SCTP, ``sctp_negotiated_capabilities`` also until both ends
    have agreed. The state is the last that was told, and ``closed`` at the end.
    """

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        router: Router,
        dump: TransportDump,
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, router=router, app_data=app_data)
        self.sctp_parameters: SctpParameters | None = dump.sctp_parameters
        self.sctp_state: SctpState | None = dump.sctp_state
        self.sctp_negotiated_capabilities: SctpNegotiatedCapabilities | None = None
        negotiated = dump.sctp_negotiated_capabilities
        # Until then the worker says 0.
        if negotiated is not None and negotiated.negotiated_max_outbound_streams:
            self._negotiated(negotiated)
        self.on_sctp_state_change: Signal[SctpState] = Signal()

    def _shut(self) -> bool:
        if not super()._shut():
            return False
        if self.sctp_state is not None:
            self.sctp_state = "closed"
        return True

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        if event == "transport_sctp_state_change":
            self.sctp_state = state = body["sctp_state"]
            self.on_sctp_state_change.emit(state)
        elif event == "transport_sctp_negotiated_capabilities":
            self._negotiated(SctpNegotiatedCapabilities(**body["negotiated_capabilities"]))
        else:
            super()._notified(event, body)

    def _negotiated(self, capabilities: SctpNegotiatedCapabilities) -> None:
        self.sctp_negotiated_capabilities = capabilities
        self._stream_ids.limit(capabilities.negotiated_max_outbound_streams)
