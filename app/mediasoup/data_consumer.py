"""A data consumer: a data producer's messages as a transport sends them to one receiver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .channel.channel import Channel
from .data_structures import SctpStreamParameters
from .dumps import DataConsumerDump
from .errors import UnsupportedError
from .sctp_messages import message_to_table
from .signal import Signal
from .stats import DataConsumerStats
from .tables import read
from .worker_object import WorkerObject


class DataConsumer(WorkerObject):
    """
    Made by ``transport.consume_data()``.

    ``type`` is ``sctp`` or ``direct``. ``on_pause`` and ``on_resume`` fire when what is sent changes: with its own
    pause or its producer's. ``on_message(data, ppid)`` fires on a direct transport only; of an empty message the data
    is one byte, and the ``ppid`` 56 or 57. ``on_sctp_send_buffer_full`` tells that a message was lost, since too much
    waits to be sent; ``on_buffered_amount_low(amount)`` that no more than the threshold still waits.
    ``on_transport_close`` and ``on_data_producer_close`` fire before ``on_close``. Amounts are in bytes.
    """

    def __init__(
        self,
        channel: Channel,
        id: str,
        *,
        transport_id: str,
        data_producer_id: str,
        type: str,
        sctp_stream_parameters: SctpStreamParameters | None,
        label: str,
        protocol: str,
        paused: bool,
        data_producer_paused: bool,
        subchannels: Sequence[int],
        app_data: dict[str, Any] | None,
    ) -> None:
        super().__init__(channel, id, app_data)
        self._transport_id = transport_id
        self.data_producer_id = data_producer_id
        self.type = type
        self.sctp_stream_parameters = sctp_stream_parameters
        self.label = label
        self.protocol = protocol
        self.paused = paused
        self.data_producer_paused = data_producer_paused
        self.subchannels = list(subchannels)
        self.on_transport_close: Signal[()] = Signal()
        self.on_data_producer_close: Signal[()] = Signal()
        self.on_data_producer_pause: Signal[()] = Signal()
        self.on_data_producer_resume: Signal[()] = Signal()
        self.on_pause: Signal[()] = Signal()
        self.on_resume: Signal[()] = Signal()
        self.on_message: Signal[bytes, int] = Signal()
        self.on_sctp_send_buffer_full: Signal[()] = Signal()
        self.on_buffered_amount_low: Signal[int] = Signal()
        channel.subscribe(id, self._notified)

    async def dump(self) -> DataConsumerDump:
        """Ask the worker what the data consumer holds."""
        return read(DataConsumerDump, await self._request("dataconsumer_dump"))

    async def get_stats(self) -> list[DataConsumerStats]:
        """Ask the worker for its statistics; always one entry."""
        return [read(DataConsumerStats, await self._request("dataconsumer_get_stats"))]

    async def pause(self) -> None:
        """Stop sending; messages that come meanwhile are lost to this receiver."""
        await self._request("dataconsumer_pause")
        if not self.paused:
            self.paused = True
            if not self.data_producer_paused:
                self.on_pause.emit()

    async def resume(self) -> None:
        """Send again."""
        await self._request("dataconsumer_resume")
        if self.paused:
            self.paused = False
            if not self.data_producer_paused:
                self.on_resume.emit()

    async def set_buffered_amount_low_threshold(self, threshold: int) -> None:
        """Have ``on_buffered_amount_low`` fire when no more than ``threshold`` bytes still wait to be sent."""
        await self._request(
            "dataconsumer_set_buffered_amount_low_threshold",
            ("DataConsumer_SetBufferedAmountLowThresholdRequest", {"threshold": threshold}),
        )

    async def get_buffered_amount(self) -> int:
        """Ask the worker how many bytes wait to be sent."""
        answer = await self._request("dataconsumer_get_buffered_amount")
        amount: int = answer["buffered_amount"]
        return amount

    async def send(self, message: str | bytes, ppid: int | None = None) -> int:
        """
        Send a message of our own to the receiver; tell how many bytes wait to be sent.

        ``ppid`` says whether it is text or bytes, and is chosen by the type of ``message`` unless given. Raises
        UnsupportedError on a direct transport, where this program is the receiver, RequestRefusedError when too much
        waits to be sent.
        """
        if self.type == "direct":
            raise UnsupportedError("a data consumer of a direct transport has nobody to send to")
        answer = await self._request("dataconsumer_send", ("DataConsumer_SendRequest", message_to_table(message, ppid)))
        amount: int = answer["buffered_amount"]
        return amount

    async def set_subchannels(self, subchannels: Sequence[int]) -> None:
        """Get messages for these subchannels, 16-bit numbers, and no others; messages for all come anyway."""
        body = ("DataConsumer_SetSubchannelsRequest", {"subchannels": list(subchannels)})
        self.subchannels = (await self._request("dataconsumer_set_subchannels", body))["subchannels"]

    async def add_subchannel(self, subchannel: int) -> None:
        """Get messages for one subchannel more."""
        body = ("DataConsumer_AddSubchannelRequest", {"subchannel": subchannel})
        self.subchannels = (await self._request("dataconsumer_add_subchannel", body))["subchannels"]

    async def remove_subchannel(self, subchannel: int) -> None:
        """Get messages for one subchannel less."""
        body = ("DataConsumer_RemoveSubchannelRequest", {"subchannel": subchannel})
        self.subchannels = (await self._request("dataconsumer_remove_subchannel", body))["subchannels"]

    def close(self) -> None:
        """Stop sending for good."""
        if self._shut():
            self._channel.post(
                "transport_close_dataconsumer",
                self._transport_id,
                ("Transport_CloseDataConsumerRequest", {"data_consumer_id": self.id}),
            )
            self.on_close.emit()

    def _transport_closed(self) -> None:
        if self._shut():
            self.on_transport_close.emit()
            self.on_close.emit()

    def _data_producer_closed(self) -> None:
        # The worker has dropped the data consumer already.
        if self._shut():
            self.on_data_producer_close.emit()
            self.on_close.emit()

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        if event == "dataconsumer_message":
            self.on_message.emit(body["data"], body["ppid"])
        elif event == "dataconsumer_dataproducer_close":
            self._data_producer_closed()
        elif event == "dataconsumer_dataproducer_pause":
            self._data_producer_paused()
        elif event == "dataconsumer_dataproducer_resume":
            self._data_producer_resumed()
        elif event == "dataconsumer_sctp_sendbuffer_full":
            self.on_sctp_send_buffer_full.emit()
        elif event == "dataconsumer_buffered_amount_low":
            self.on_buffered_amount_low.emit(body["buffered_amount"])

    def _data_producer_paused(self) -> None:
        if not self.data_producer_paused:
            self.data_producer_paused = True
            self.on_data_producer_pause.emit()
            if not self.paused:
                self.on_pause.emit()

    def _data_producer_resumed(self) -> None:
        if self.data_producer_paused:
            self.data_producer_paused = False
            self.on_data_producer_resume.emit()
            if not self.paused:
                self.on_resume.emit()
