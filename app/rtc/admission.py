"""What is known of somebody who was let through the door of a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.auth.grants import Grants

from .room_config import RoomConfig

#: What a ban is about, and its value: an identity or a token's id.
BanKind = Literal["identity", "token"]
Ban = tuple[BanKind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """
    Who enters, and with which rights.

    ``identity`` names a person or program within the room: two peers of the same identity may replace each other,
    others may not. ``name`` is the display name that the token fixes, ``None`` to let the client choose one. ``role``
    is ``owner``, ``moderator``, ``member`` or ``guest``, ``None`` where others minted the token.
    ``waits_in_lobby``: if the room has a lobby, somebody must admit them. ``token_id`` serves to revoke.
    """

    identity: str
    grants: Grants
    name: str | None = None
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    role: str | None = None
    waits_in_lobby: bool = False
    token_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    Somebody at the door of a room, as the gate knows both.

    ``config`` makes the room if it isn't there yet. ``bans`` are all that are on record for the room; the room keeps
    them in mind for when they can't be looked up: ``None`` if that is now.
    """

    config: RoomConfig
    admission: Admission
    bans: frozenset[Ban] | None = None
