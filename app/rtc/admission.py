"""What is known of somebody who was let through the door of a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.auth.grants import Grants


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """
    Who enters, and with which rights.

    ``identity`` names a person or program within the room: two peers of the same identity may replace each other,
    others may not. ``name`` is the display name that the token fixes, ``None`` to let the client choose one.
    ``waits_in_lobby``: if the room has a lobby, somebody must admit them. ``token_id`` serves to revoke.
    """

    identity: str
    grants: Grants
    name: str | None = None
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    waits_in_lobby: bool = False
    token_id: str | None = None
