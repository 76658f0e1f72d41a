"""
Records: what a room and its peers are besides what their worker tells, as texts that outlive this process.

One for each room, for each peer who joined and for each message of the chat. Whoever starts next reads them, see
:mod:`.adoption`. A text that can't be read, or is of another :data:`VERSION`, counts as none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from loguru import logger

from app.auth.grants import Grants
from app.mediasoup.data_structures import ConsumerLayers
from app.mediasoup.memory import TransportMemory
from app.mediasoup.rtp_parameters import RtpCapabilities

from .admission import Admission, Ban
from .chat import HISTORY
from .events import Device
from .hands import Hand
from .meeting_events import ChatMessage
from .pipe_records import PipesRecord
from .room_config import Moment, RoomConfig

#: To be raised with every change after which old texts would be read wrongly, or not at all.
VERSION: Final = 1


class Record(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Something that is kept, under the key that belongs to it."""


R = TypeVar("R", bound=Record)


class TransportRecord(Record, frozen=True):
    """A transport: whether consumers go on it, and what the library must remember of it."""

    consuming: bool
    memory: TransportMemory = TransportMemory()


class DataProducerRecord(Record, frozen=True):
    """A data channel that is sent on; ``audience``: peer ids with their identities, ``None`` if it is for all."""

    app_data: dict[str, Any] = {}
    audience: list[tuple[str, str]] | None = None


class ChoiceRecord(Record, frozen=True):
    """See :class:`app.rtc.subscriptions.Choice`."""

    subscribed: bool | None = None
    layers: ConsumerLayers | None = None
    priority: int = 1
    visible: bool = True


class PeerRecord(Record, frozen=True, kw_only=True):
    """
    A peer who joined; its media by their ids.

    ``since``: when it came, in milliseconds since 1970. ``token_digest`` is of the secret that resumes its session.
    ``producers`` are their ``appData``, ``paused`` the consumers that the client itself has paused; how else a consumer
    is, the worker tells, or the client.
    """

    id: str
    session_id: str
    token_digest: bytes | None
    admission: Admission
    grants: Grants
    role: str | None
    metadata: str
    attributes: dict[str, str]
    display_name: str
    device: Device
    rtp_capabilities: RtpCapabilities | None
    dynacast: bool
    joined_at: Moment
    since: int | None = None
    transports: dict[str, TransportRecord] = {}
    producers: dict[str, dict[str, Any]] = {}
    data_producers: dict[str, DataProducerRecord] = {}
    auto: bool = True
    choices: dict[str, ChoiceRecord] = {}
    last_n: int | None = None
    paused: list[str] = []


class DoorRecord(Record, frozen=True):
    """Whom the call keeps out, and whom it knows, with what a moderator muted of them. The last known come last."""

    bans: list[tuple[Ban, Moment | None]] = []
    listed_bans: list[Ban] = []
    known: dict[str, list[str]] = {}


class RoomRecord(Record, frozen=True, kw_only=True):
    """
    A room and its router.

    ``deaths``: when its workers died, in seconds since 1970. ``call_id`` is its name in the history of calls.
    ``number``: which of the room's parts on this node it is; ``pipes`` are those to the other parts, if there are any.
    """

    config: RoomConfig
    codecs: tuple[str, ...] | None
    rtp_capabilities: RtpCapabilities
    observer_id: str
    opened_at: Moment
    call_id: UUID
    hands: list[Hand] = []
    door: DoorRecord = DoorRecord()
    deaths: list[float] = []
    number: int | None = None
    pipes: PipesRecord | None = None


class ChatRecord(Record, frozen=True):
    """A message of the chat, and how many there were before it."""

    number: int
    message: ChatMessage

    @property
    def slot(self) -> int:
        """Which of the messages that are kept it is."""
        return self.number % HISTORY


class _Kept(msgspec.Struct, frozen=True):
    version: int
    record: msgspec.Raw = msgspec.Raw(b"null")


# Keys. That of the router leads to all that belongs to a room.


def room_key(router_id: str) -> str:
    """Give the key of a room's record."""
    return f"room:{router_id}"


def peer_key(router_id: str, session_id: str) -> str:
    """Give the key of a peer's record."""
    return f"peer:{router_id}:{session_id}"


def chat_key(router_id: str, slot: int) -> str:
    """Give the key of a message's record; there are as many slots as messages are kept."""
    return f"chat:{router_id}:{slot}"


# Texts.

_encoder = msgspec.json.Encoder()


def encode(record: Record) -> str:
    """Give the text of ``record``."""
    return _encoder.encode({"version": VERSION, "record": record}).decode()


def decode(text: str, kind: type[R]) -> R | None:
    """Read a text; ``None`` if it is not to be read here."""
    try:
        kept = msgspec.json.decode(text, type=_Kept)
        return msgspec.json.decode(kept.record, type=kind) if kept.version == VERSION else None
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        logger.debug("a record that can't be read: {}", error)
        return None


class Legacy(msgspec.Struct, frozen=True):
    """All records of one room, and its router's id; of ``peers`` those who came first go first, none twice."""

    router_id: str
    room: RoomRecord
    peers: list[PeerRecord]
    chat: list[ChatRecord]


class Estate(msgspec.Struct, frozen=True):
    """All records of one worker: ``unread`` could not be read, ``keys`` are all that there are."""

    rooms: list[Legacy]
    unread: int
    keys: frozenset[str]


def read_estate(texts: Mapping[str, str]) -> Estate:
    """Sort records, by their keys, into rooms; those of a room whose own can't be read count as unread, too."""
    rooms = {
        key.partition(":")[2]: record
        for key, text in texts.items()
        if key.startswith("room:") and (record := decode(text, RoomRecord)) is not None
    }
    peers: dict[str, list[PeerRecord]] = {}
    chats: dict[str, list[ChatRecord]] = {}
    read = len(rooms)
    for key, text in texts.items():
        kind, _, rest = key.partition(":")
        router_id = rest.partition(":")[0]
        if router_id not in rooms:
            continue
        if kind == "peer" and (peer := decode(text, PeerRecord)) is not None:
            peers.setdefault(router_id, []).append(peer)
            read += 1
        elif kind == "chat" and (message := decode(text, ChatRecord)) is not None:
            chats.setdefault(router_id, []).append(message)
            read += 1
    legacies = [
        Legacy(
            router_id,
            room,
            _last_of_each(peers.get(router_id, [])),
            sorted(chats.get(router_id, []), key=lambda message: message.number),
        )
        for router_id, room in rooms.items()
    ]
    return Estate(legacies, len(texts) - read, frozenset(texts))


def _last_of_each(peers: Iterable[PeerRecord]) -> list[PeerRecord]:
    """Put them in order. Should the end of somebody who was replaced not have been put down, the last one counts."""
    last = {peer.id: peer for peer in _in_order(peers)}
    return _in_order(last.values())


def _in_order(peers: Iterable[PeerRecord]) -> list[PeerRecord]:
    return sorted(peers, key=lambda peer: peer.joined_at)
