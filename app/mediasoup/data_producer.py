"""A data producer: messages that a transport receives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .channel.channel import Channel
from .data_structures import SctpStreamParameters
from .dumps import DataProducerDump
from .sctp_messages import message_to_table
from .signal import Signal
from .stats import DataProducerStats
from .tables import read
from .worker_object import WorkerObject


class DataProducer(WorkerObject):
    """
    Made by ``transport.produce_data()``.

    ``type`` is ``sctp`` or ``direct``. ``on_pause`` and ``on_resume`` fire when it changes, ``on_transport_close``
    before ``on_close``.
    """

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        transport_id: str,
        type: str,
        sctp_stream_parameters: SctpStreamParameters | None,
        label: str,
        protocol: str,
        paused: bool,
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, app_data)
        self._transport_id = transport_id
        self.type = type
        self.sctp_stream_parameters = sctp_stream_parameters
        self.label = label
        self.protocol = protocol
        self.paused = paused
        self.on_transport_close: Signal[()] = Signal()
        self.on_pause: Signal[()] = Signal()
        self.on_resume: Signal[()] = Signal()

    async def dump(self) -> DataProducerDump:
        """Ask the worker what the data producer holds."""
        return read(DataProducerDump, await self._request("dataproducer_dump"))

    async def get_stats(self) -> list[DataProducerStats]:
        """Ask the worker for its statistics; always one entry."""
        return [read(DataProducerStats, await self._request("dataproducer_get_stats"))]

    async def pause(self) -> None:
        """Stop forwarding to data consumers, who are told."""
        await self._request("dataproducer_pause")
        if not self.paused:
            self.paused = True
            self.on_pause.emit()

    async def resume(self) -> None:
        """Forward to data consumers again."""
        await self._request("dataproducer_resume")
        if self.paused:
            self.paused = False
            self.on_resume.emit()

    def send(
        self,
        message: str | bytes,
        ppid: int | None = None,
        *,
        subchannels: Sequence[int] = (),
        required_subchannel: int | None = None,
        ignored_subchannel: int | None = None,
    ) -> None:
        """
        Pass a message to the router, as if it had been received; meant for direct transports.

        ``ppid`` says whether it is text or bytes, and is chosen by the type of ``message`` unless given. The message
        goes to the data consumers that have one of ``subchannels``, that have ``required_subchannel``, and that do not
        have ``ignored_subchannel``, as far as these are given; all are 16-bit numbers. Raises ChannelFullError when
        the worker does not read. A message above the transport's ``max_receive_message_size`` is dropped by the worker.
        """
        self._check_open()
        fields = {
            **message_to_table(message, ppid),
            "subchannels": list(subchannels),
            "required_subchannel": required_subchannel,
            "ignored_subchannel": ignored_subchannel,
        }
        self._channel.notify("dataproducer_send", self.id, ("DataProducer_SendNotification", fields))

    def close(self) -> None:
        """Stop receiving; its data consumers close too."""
        if self._shut():
            self._channel.post(
                "transport_close_dataproducer",
                self._transport_id,
                ("Transport_CloseDataProducerRequest", {"data_producer_id": self.id}),
            )
            self.on_close.emit()

    def _transport_closed(self) -> None:
        if self._shut():
            self.on_transport_close.emit()
            self.on_close.emit()
