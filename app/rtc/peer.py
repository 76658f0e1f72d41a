"""A peer: one client in one room."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.auth.grants import Grants
from app.errors import BadRequest, WrongState
from app.mediasoup import ortc
from app.mediasoup.producer import Producer
from app.mediasoup.rtp_parameters import RtpCapabilities
from app.mediasoup.signal import Signal

from . import permissions
from .admission import Admission
from .events import Actor, Client, Device, Farewell, PeerInfo
from .meeting_events import now_ms
from .peer_media import PeerMedia
from .quality import Quality, connection_quality
from .self_description import check_metadata, merge_attributes
from .session import Session

if TYPE_CHECKING:
    from loguru import Logger

    from .facts import PeerFact
    from .records import PeerRecord


class Peer:
    """
    Present from the moment its socket connects; seen by others once it has joined, unless its grants hide it. It
    belongs to a ``session``, not to a socket: who joined stays for a while when that is lost.

    Made by ``room.enter()``. ``since``: when it came, in milliseconds since 1970. ``grants`` and ``role`` are those of
    ``admission`` until the room changes them, ``metadata`` and ``attributes`` until the peer does. ``dynacast``: its
    client does not send what nobody wants. ``on_close`` fires once, before the media are closed, with the reason: a
    :class:`Farewell`'s, or ``left``, ``connection-lost`` or ``protocol-error``.
    """

    def __init__(
        self,
        id: str,
        session: Session,
        media: PeerMedia,
        admission: Admission,
        max_name_length: int,
        log: Logger,
        since: int | None = None,
    ) -> None:
        self.id = id
        self.since = now_ms() if since is None else since
        self.session = session
        self.media = media
        self.admission = admission
        self.grants: Grants = admission.grants
        self.role = admission.role
        self.metadata = admission.metadata
        self.attributes: Mapping[str, str] = admission.attributes
        self.log = log
        self.display_name = ""
        self.device = Device()
        self.joined_at: datetime | None = None
        self.closed = False
        self.dynacast = False
        #: Who it was in another part of the room, before it came to this one.
        self.former: PeerFact | None = None
        self.on_close: Signal[str] = Signal()
        self._max_name_length = max_name_length

    @property
    def client(self) -> Client:
        """The way to its client, which hears nothing while the session is away."""
        return self.session

    @property
    def identity(self) -> str:
        """Who this is, whatever the peer id."""
        return self.admission.identity

    @property
    def away(self) -> bool:
        """Whether it hears nothing."""
        return self.session.away

    @property
    def waits_in_lobby(self) -> bool:
        """Whether somebody must admit it, if the room has a lobby."""
        return self.admission.waits_in_lobby

    @property
    def joined(self) -> bool:
        """Whether it takes part in the call."""
        return self.joined_at is not None

    @property
    def visible(self) -> bool:
        """Whether others know of it."""
        return self.joined_at is not None and not self.grants.hidden

    @property
    def info(self) -> PeerInfo:
        """What others may know."""
        return PeerInfo(
            id=self.id,
            display_name=self.display_name,
            device=self.device,
            metadata=self.metadata,
            attributes=self.attributes,
            role=self.role,
        )

    @property
    def actor(self) -> Actor:
        """How others are told who did something to them."""
        return Actor(peer_id=self.id, name=self.display_name)

    @property
    def quality(self) -> Quality | None:
        """How well media flow from and to it; ``None`` while none do."""
        return connection_quality(sent=self.media.sent_scores, received=self.media.received_scores)

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
        self.rename(permissions.display_name(self.grants, self.admission.name, display_name))
        self.device = device
        self.media.subscriber.rtp_capabilities = rtp_capabilities

    def join(self) -> None:
        """Take part from now on."""
        self.joined_at = datetime.now(UTC)

    def restore(self, record: PeerRecord) -> None:
        """Be as it was before this process began, its media aside."""
        self.grants, self.role = record.grants, record.role
        self.metadata, self.attributes = record.metadata, record.attributes
        self.display_name, self.device = record.display_name, record.device
        self.dynacast, self.joined_at = record.dynacast, record.joined_at
        self.media.subscriber.rtp_capabilities = record.rtp_capabilities
        self.media.receive(record.grants.can_subscribe)

    def resemble(self, former: PeerFact) -> None:
        """
        Be as it was in another part of the room, where that was otherwise than its token says.

        Its role is the one that it comes with. If it had another one there, that has changed since, and what it might
        do in it does not count any more.
        """
        self.former = former
        if former.granted and former.role == self.role:
            self.grants = former.grants
            self.media.receive(former.grants.can_subscribe)
        if former.described:
            self.metadata, self.attributes = former.metadata, former.attributes

    def rename(self, display_name: str) -> None:
        """Take another name. Raises BadRequest when it is too long."""
        if len(display_name) > self._max_name_length:
            raise BadRequest(f"data.displayName: longer than {self._max_name_length} characters")
        self.display_name = display_name

    def describe(self, metadata: str | None, attributes: Mapping[str, str]) -> None:
        """
        Change what it says of itself; ``None`` keeps the metadata, an empty value removes an attribute.

        :raises BadRequest: something of it is too long, or there would be too many attributes
        """
        merged = merge_attributes(self.attributes, attributes)
        if metadata is not None:
            self.metadata = check_metadata(metadata)
        self.attributes = merged

    def dismiss(self, farewell: Farewell) -> None:
        """Let it leave, and its client know why."""
        self.close(farewell.value)
        self.client.end(farewell)

    def close(self, reason: str = "left") -> None:
        """Leave the room, and take everything from the worker that was made for this peer."""
        if not self.closed:
            self.closed = True
            self.on_close.emit(reason)
            self.media.close()


def source_of(producer: Producer) -> str:
    """Say what ``producer`` is a picture or the sound of."""
    return permissions.source_of(producer.kind, producer.app_data)
