"""What parts of a room ask each other for pipes: JSON on the bus. Each kind says which method it is of."""

from __future__ import annotations

from typing import ClassVar

from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.rtp_parameters import MediaKind, RtpParameters, Value
from app.mediasoup.srtp_parameters import SrtpParameters

from .bus import PartId


class Request(Value, frozen=True, kw_only=True):
    """Of the part ``sender`` of a room to the part with this ``number`` on the node that is asked."""

    METHOD: ClassVar[str]

    room: str
    number: int
    sender: PartId


class LinkRequest(Request, frozen=True, kw_only=True):
    """About the link of this id."""

    link: str


class End(Value, frozen=True):
    """Where one end of a pair of pipe transports listens, and how it encrypts."""

    ip: str
    port: int
    srtp: SrtpParameters | None


class Connect(LinkRequest, frozen=True, kw_only=True):
    """Make the other end of a pair. ``pipes`` is of the sender, see :attr:`app.rtc.pipes.Pipes.id`."""

    METHOD = "pipe.connect"

    pipes: str
    end: End


class Connected(Value, frozen=True):
    """The other end is this."""

    pipes: str
    end: End


class Open(LinkRequest, frozen=True, kw_only=True):
    """
    Send a producer through the link; the sender names that ``export``, so that it can drop it whatever it is answered.

    ``missing``: the parts that were said to have it, but had not.
    """

    METHOD = "pipe.open"

    export: str
    producer_id: str
    missing: list[PartId]


class Media(Value, frozen=True):
    """Audio or video that comes through a link now."""

    kind: MediaKind
    rtp_parameters: RtpParameters


class Data(Value, frozen=True):
    """A data channel that comes through a link now."""

    sctp_stream_parameters: SctpStreamParameters
    label: str
    protocol: str


class Opened(Value, frozen=True):
    """What comes now; or the part to ``ask``, which has it, too; or, if all are ``None``, that it is not there."""

    media: Media | None = None
    data: Data | None = None
    ask: PartId | None = None


class Tell(LinkRequest, frozen=True, kw_only=True):
    """
    News of one end of a link for the other.

    ``wishes``: the highest layer that is wanted of an export, see :mod:`app.rtc.demand`, ``None`` if it is of no use
    any more. ``ended``: the exports of the sender which have come to an end, though their owners' producers have not.
    """

    METHOD = "pipe.tell"

    wishes: dict[str, int | None]
    ended: list[str]


class Names(Value, frozen=True):
    """Of what one end of a link gets, and of what it sends; what is on its way counts."""

    imports: list[str]
    exports: list[str]


class Check(Request, frozen=True, kw_only=True):
    """
    See whether both parts mean the same: after one of them was away, or another process has it.

    ``links`` are all that the sender has to the part that it asks. What only that one has of them, it closes.
    """

    METHOD = "pipe.check"

    links: dict[str, Names]


class Checked(Value, frozen=True):
    """What only the sender has of the links that both have; others are over."""

    links: dict[str, Names]
