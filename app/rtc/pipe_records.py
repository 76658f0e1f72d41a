"""What is kept of pipes for the next process, which finds in the worker what they are made of, but not why."""

from __future__ import annotations

from app.mediasoup.rtp_parameters import Value

from .bus import PartId


class ImportRecord(Value, frozen=True):
    """Something of another part: its id there, and here."""

    producer_id: str
    local_id: str


class ExportRecord(Value, frozen=True):
    """Something that another part gets: the consumers that send it, and the highest layer that is wanted there."""

    consumer_ids: list[str]
    level: int


class LinkRecord(Value, frozen=True):
    """A link, see :class:`app.rtc.pipe_link.Link`, and what it carries by the names that both ends have for it."""

    id: str
    part: PartId
    other: str
    ours: bool
    imports: dict[str, ImportRecord]
    exports: dict[str, ExportRecord]


class PipesRecord(Value, frozen=True):
    """All pipes of a part of a room: what others know them by, and the links by their transports."""

    process: str
    links: dict[str, LinkRecord]
