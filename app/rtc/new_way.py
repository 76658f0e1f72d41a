"""What is done when media find another way through the network."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.mediasoup.errors import MediasoupError
from app.mediasoup.webrtc_transport import WebRtcTransport

if TYPE_CHECKING:
    from loguru import Logger

#: Seconds in which the worker learns what a new way carries.
LEARNING = 3.0


class NewWay:
    """
    Has a transport send at once on a way that is new to it, with ``bitrate`` bits a second at least at first.

    While the old way was cut the worker's estimate of it fell to nothing. It says nothing of the new way, but without
    help the worker takes seconds to feel its way up from there, and sends no video meanwhile.
    """

    def __init__(self, transport: WebRtcTransport, bitrate: int, log: Logger) -> None:
        self._transport = transport
        self._bitrate = bitrate
        self._log = log
        self._learning = False

    async def try_out(self) -> None:
        """Believe in the way for a while. Does nothing while it does so already."""
        if self._learning:
            return
        self._learning = True
        try:
            await self._transport.set_min_outgoing_bitrate(self._bitrate)
            await asyncio.sleep(LEARNING)
            await self._transport.set_min_outgoing_bitrate(0)
        except MediasoupError as error:
            if not self._transport.closed:
                self._log.info("transport {} is not helped on its way: {}", self._transport.id, error)
        finally:
            self._learning = False
