"""Rows for tests, with all that a test does not care for filled in."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

from sqlalchemy import func, select

from app.stores.database import Database
from app.stores.models import (
    Ban,
    BanKind,
    CallMetric,
    Invitation,
    ParticipantRecord,
    RefreshToken,
    RoomRecord,
    SessionRecord,
    User,
)
from app.stores.types import now

numbers = count(1)


def moment(seconds: float = 0) -> datetime:
    """A time so many seconds from now; negative for the past."""
    return now() + timedelta(seconds=seconds)


def a_user(email: str | None = None) -> User:
    return User(email=email or f"user-{next(numbers)}@example.org", password_hash="$argon2id$", display_name="Zoé")


def a_room(owner: User, code: str | None = None, created: float = 0) -> RoomRecord:
    return RoomRecord(code=code or f"room-{next(numbers)}", name="Daily", owner_id=owner.id, created_at=moment(created))


def a_token(user: User, family_id: UUID | None = None, expires: float = 60) -> RefreshToken:
    return RefreshToken(
        user_id=user.id,
        family_id=family_id or uuid4(),
        token_hash=secrets.token_bytes(32),
        expires_at=moment(expires),
    )


def an_invitation(room: RoomRecord, expires: float = 60, created: float = 0) -> Invitation:
    return Invitation(
        room_id=room.id,
        created_by=room.owner_id,
        token_hash=secrets.token_bytes(32),
        created_at=moment(created),
        expires_at=moment(expires),
    )


def a_ban(
    room: RoomRecord, value: str, kind: BanKind = "identity", expires: float | None = None, created: float = 0
) -> Ban:
    expires_at = None if expires is None else moment(expires)
    return Ban(room_id=room.id, kind=kind, value=value, created_at=moment(created), expires_at=expires_at)


def a_session(room: RoomRecord, started: float = 0, ended: float | None = None) -> SessionRecord:
    return SessionRecord(room_id=room.id, started_at=moment(started), ended_at=None if ended is None else moment(ended))


def a_participant(session: SessionRecord, joined: float = 0, left: float | None = None) -> ParticipantRecord:
    return ParticipantRecord(
        session_id=session.id,
        identity="zoe",
        peer_id="zoe-1",
        display_name="Zoé",
        joined_at=moment(joined),
        left_at=None if left is None else moment(left),
    )


def a_minute(participant: ParticipantRecord, minute: float = 0) -> CallMetric:
    return CallMetric(participant_id=participant.id, minute=moment(minute), bitrate_in=64_000, bitrate_out=1_000_000)


async def count_users(database: Database) -> int:
    """See what another transaction sees."""
    async with database.transaction(read_only=True) as tx:
        return await tx.scalar(select(func.count()).select_from(User)) or 0
