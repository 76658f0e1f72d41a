"""
What all parts of a room have in common: how it is, which call it is, whom it keeps out, whom it knows, what was said.

Each thing under its key; who says something newer of it is right. The name of the call is the exception: that of the
first part stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_type_hints
from uuid import UUID

import msgspec
from loguru import logger

from app.mediasoup.rtp_parameters import Value

from .admission import Ban
from .chat import HISTORY
from .events import Actor
from .facts import VERSION, decode, encode
from .meeting_events import ChatMessage
from .room_config import RoomConfig

if TYPE_CHECKING:
    from .room import Room

CALL = f"{VERSION}:call"
_SETTING, _BAN, _KNOWN, _CHAT = f"{VERSION}:config:", f"{VERSION}:ban:", f"{VERSION}:known:", f"{VERSION}:chat:"
#: The types of what may be otherwise in one room than in another, by name.
_SETTINGS = {name: kind for name, kind in get_type_hints(RoomConfig).items() if name != "id"}


class SettingSaid(Value, frozen=True):
    """How one field of the room's :class:`RoomConfig` is, and who changed it last, if it was a moderator."""

    value: msgspec.Raw
    by: Actor | None = None


class CallSaid(Value, frozen=True):
    """Which call it is: its id in the history."""

    opened_at: datetime
    id: UUID


class BanSaid(Value, frozen=True):
    """Whether somebody is kept out of the call, until when (``None``: its end), and by whom."""

    ban: Ban
    holds: bool = True
    until: datetime | None = None
    by: Actor | None = None


class KnownSaid(Value, frozen=True):
    """What the call knows of an identity: what a moderator muted, ``None`` if it counts as somebody new."""

    identity: str
    silenced: Collection[str] | None


def ban_key(ban: Ban) -> str:
    """Give the key of a :class:`BanSaid`."""
    return f"{_BAN}{ban[0]}:{ban[1]}"


def known_key(identity: str) -> str:
    """Give the key of a :class:`KnownSaid`."""
    return f"{_KNOWN}{identity}"


def chat_key(part_id: str, number: int) -> str:
    """Give the key of a message of the chat. Each part has as many of them as a history has messages."""
    return f"{_CHAT}{part_id}:{number % HISTORY}"


def next_number(part_id: str, common: Mapping[str, bytes]) -> int:
    """Give the number after that of a part's newest message in a room that is on: its oldest one makes way first."""
    said = ((number, common.get(chat_key(part_id, number))) for number in range(HISTORY))
    read = ((number, decode(text, ChatMessage)) for number, text in said if text is not None)
    newest = max(((message.sent_at, number) for number, message in read if message is not None), default=(0, -1))
    return newest[1] + 1


def changes_of(before: RoomConfig | None, config: RoomConfig, by: Actor | None) -> Iterator[tuple[str, SettingSaid]]:
    """Give what is to be said of how a room is now, with the keys. Each change by itself: none is to undo another."""
    for name in _SETTINGS:
        value = getattr(config, name)
        if before is None or value != getattr(before, name):
            yield f"{_SETTING}{name}", SettingSaid(msgspec.Raw(encode(value)), by)


def config_in(room_id: str, common: Mapping[str, bytes]) -> RoomConfig | None:
    """Say how a room is that is on; ``None`` if it is not, or how it is was said in a way that is not known here."""
    said = {name: read_setting(name, common[key]) for name in _SETTINGS if (key := f"{_SETTING}{name}") in common}
    changes = {name: value for each in said.values() if each is not None for name, value in each[0].items()}
    return RoomConfig(id=room_id, **changes) if changes else None


def read_setting(name: str, text: bytes) -> tuple[dict[str, Any], Actor | None] | None:
    """Read how a field is, and who says so; ``None`` if it makes no sense here."""
    said = decode(text, SettingSaid) if name in _SETTINGS else None
    try:
        return None if said is None else ({name: msgspec.json.decode(said.value, type=_SETTINGS[name])}, said.by)
    except msgspec.ValidationError as error:
        logger.warning("a setting of a room that can't be read: {}: {}", name, error)
        return None


def knows_in(common: Mapping[str, bytes]) -> frozenset[str]:
    """Give the identities that the call knows in a room that is on."""
    said = (decode(value, KnownSaid) for key, value in common.items() if key.startswith(_KNOWN))
    return frozenset(each.identity for each in said if each is not None and each.silenced is not None)


def take(room: Room, key: str, value: bytes) -> None:
    """Let ``room`` be so, too. What is of another version is left alone."""
    if key.startswith(_SETTING):
        if (setting := read_setting(key.removeprefix(_SETTING), value)) is not None:
            changes, by = setting
            room.take_config(replace(room.config, **changes), by)
    elif key == CALL:
        if (call := decode(value, CallSaid)) is not None:
            room.take_call(call)
    elif key.startswith(_BAN):
        if (ban := decode(value, BanSaid)) is not None:
            room.take_ban(ban)
    elif key.startswith(_KNOWN):
        if (known := decode(value, KnownSaid)) is not None:
            room.door.note(known.identity, known.silenced)
            room.on_change.emit()
    elif key.startswith(_CHAT) and (message := decode(value, ChatMessage)) is not None:
        room.chat.take(message)


def take_all(room: Room, common: Mapping[str, bytes]) -> frozenset[str]:
    """Let ``room`` be as its other parts are; what was said first is taken first. Gives the ids of what was said."""
    chat = [decode(value, ChatMessage) for key, value in common.items() if key.startswith(_CHAT)]
    for key, value in common.items():
        if not key.startswith(_CHAT):
            take(room, key, value)
    for message in sorted(filter(None, chat), key=lambda each: (each.sent_at, each.id))[-HISTORY:]:
        room.chat.take(message)
    return frozenset(message.id for message in chat if message is not None)


def all_of(room: Room) -> Iterator[tuple[str, Value]]:
    """Give all that a part may say of what is common, with the keys."""
    yield from changes_of(None, room.config, None)
    yield CALL, CallSaid(room.opened_at, room.call_id)
    for ban, until in room.door.bans.items():
        yield ban_key(ban), BanSaid(ban, until=until)
    for identity, sources in room.door.known.items():
        yield known_key(identity), KnownSaid(identity, sorted(sources))


def known_of(room: Room, identity: str) -> KnownSaid:
    """Say what ``room`` knows of an identity."""
    sources = room.door.known.get(identity)
    return KnownSaid(identity, None if sources is None else sorted(sources))
