"""What a room is, before anybody is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec

#: A time with its zone: those without can't be compared, and are not read.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomConfig:
    """
    How a room is to be; :meth:`app.rtc.room.Room.configure` changes it while people are in it.

    ``metadata`` are a text for programs, whose meaning is theirs. ``unmute_allowed``: who was muted by a moderator may
    unmute. ``max_participants``: ``None`` leaves it to the settings' limit. ``codecs``: names of
    :data:`app.rtc.media_codecs.CODEC_NAMES`, in order of preference; ``None`` for all that the server offers.
    ``last_n``: nobody gets the cameras of more peers than that, of those who spoke last; ``None`` for all. ``ends_at``:
    the call is over then, for everybody.
    """

    id: str
    name: str = ""
    metadata: str = ""
    lobby: bool = False
    locked: bool = False
    unmute_allowed: bool = True
    max_participants: int | None = None
    last_n: int | None = None
    codecs: tuple[str, ...] | None = None
    ends_at: Moment | None = None
