"""Roles: what people may do in a room. Pure."""

from __future__ import annotations

from typing import Literal

from app.auth.grants import Grants

Role = Literal["owner", "moderator", "member", "guest"]

_RANKS: dict[str, int] = {"guest": 0, "member": 1, "moderator": 2, "owner": 3}


def is_at_least(role: str, other: str) -> bool:
    """Whether ``role`` may do all that ``other`` may."""
    return _RANKS[role] >= _RANKS[other]


def grants_of(role: str) -> Grants:
    """What somebody of this role may do in a call."""
    return Grants(room_admin=is_at_least(role, "moderator"), can_update_own_metadata=True)
