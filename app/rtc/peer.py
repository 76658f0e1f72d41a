"""A peer: one client in one room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import BadRequest, WrongState
from app.mediasoup import ortc
from app.mediasoup.rtp_parameters import RtpCapabilities
from app.mediasoup.signal import Signal

from .events import Client, Device, PeerInfo
from .peer_media import PeerMedia

if TYPE_CHECKING:
    from loguru import Logger


class Peer:
    """
    Present from the moment its socket connects; seen by others once it has joined.

    Made by ``room.enter()``. ``on_close`` fires once, before the media are closed.
    """

    def __init__(self, id: str, client: Client, media: PeerMedia, max_name_length: int, log: Logger) -> None:
        self.id = id
        self.client = client
        self.media = media
        self.log = log
        self.display_name = ""
        self.device = Device()
        self.joined = False
        self.closed = False
        self.on_close: Signal[()] = Signal()
        self._max_name_length = max_name_length

    @property
    def info(self) -> PeerInfo:
        """What others may know."""
        return PeerInfo(id=self.id, display_name=self.display_name, device=self.device)

    def introduce(self, *, display_name: str, device: Device, rtp_capabilities: RtpCapabilities | None) -> None:
        """
        Say who this is and what it can receive; ``None`` means that it only sends.

        :raises WrongState: it has joined before
        :raises BadRequest: the name is too long
        :raises InvalidValueError: the capabilities contradict themselves
        """
        if self.joined or self.closed:
            raise WrongState("this peer has joined already" if self.joined else "this peer has left")
        if rtp_capabilities is not None:
            # Now, and not only when there is something to consume: the client should hear of it.
            rtp_capabilities = ortc.validate_and_normalize_rtp_capabilities(rtp_capabilities)
        self.rename(display_name)
        self.device = device
        self.media.subscriber.rtp_capabilities = rtp_capabilities
        self.joined = True

    def rename(self, display_name: str) -> None:
        """Take another name. Raises BadRequest when it is too long."""
        if len(display_name) > self._max_name_length:
            raise BadRequest(f"data.displayName: longer than {self._max_name_length} characters")
        self.display_name = display_name

    def close(self) -> None:
        """Leave the room, and take everything from the worker that was made for this peer."""
        if not self.closed:
            self.closed = True
            self.on_close.emit()
            self.media.close()
