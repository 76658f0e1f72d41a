"""
The tables, as typed models. Lengths are given where PostgreSQL should insist; the edges limit every text anyway.

Times are aware and in UTC. Models are plain values: nothing is loaded behind one's back, so a relationship that the
repository did not load raises. What a model's name shares with the domain has the suffix ``Record``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, dataclass_transform
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, relationship

from .types import PlainText, UtcDateTime, now

Role = Literal["owner", "moderator", "member"]
InvitedRole = Literal["moderator", "member"]
Access = Literal["anyone", "users", "members"]
BanKind = Literal["identity", "token"]

#: Constraints need names of their own, so that later migrations can change them on both databases.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def _belongs_to(column: str, *, primary_key: bool = False, index: bool = False) -> Any:
    """A column that names the row which takes this one with it when it goes."""
    return mapped_column(ForeignKey(column, ondelete="CASCADE"), primary_key=primary_key, index=index)


@dataclass_transform(kw_only_default=True, field_specifiers=(mapped_column, relationship, _belongs_to))
class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, repr=False, eq=False):
    """Base of all models; equal is only what is the same object, and nothing secret shows in a ``repr``."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime, str: PlainText}  # noqa: RUF012


class User(Base):
    """Somebody with an account. ``email`` is kept as :func:`app.stores.users.plain_email` makes it."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=uuid4)
    email: Mapped[str] = mapped_column(PlainText(254), unique=True)
    password_hash: Mapped[str] = mapped_column(PlainText(255))
    display_name: Mapped[str]
    is_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    updated_at: Mapped[datetime] = mapped_column(default_factory=now, onupdate=now)


class RefreshToken(Base):
    """
    One link in a chain of refresh tokens. A login begins a chain, its family; each use adds a link.

    ``token_hash`` is SHA-256 of the token, which itself is nowhere.
    """

    __tablename__ = "refresh_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=uuid4)
    user_id: Mapped[UUID] = _belongs_to("users.id", index=True)
    family_id: Mapped[UUID] = mapped_column(index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class ApiKeyRecord(Base):
    """A key with which other programs sign room tokens; ``sealed_secret`` opens with the server's secret keys."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(PlainText(64), primary_key=True)
    owner_id: Mapped[UUID] = _belongs_to("users.id", index=True)
    name: Mapped[str]
    sealed_secret: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)

    owner: Mapped[User] = relationship(init=False, lazy="raise")


class RoomRecord(Base):
    """
    A room, whether or not there is a call in it. One that is not ``permanent`` goes when its call ends.

    ``metadata_text`` are its metadata: SQLAlchemy has a meaning of its own for that name.
    """

    __tablename__ = "rooms"
    __table_args__ = (
        CheckConstraint("access IN ('anyone', 'users', 'members')", name="access"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=uuid4)
    code: Mapped[str] = mapped_column(PlainText(64), unique=True)
    name: Mapped[str] = mapped_column(PlainText(120))
    owner_id: Mapped[UUID] = _belongs_to("users.id", index=True)
    access: Mapped[Access] = mapped_column(PlainText(16), default="anyone")
    lobby: Mapped[bool] = mapped_column(default=False)
    locked: Mapped[bool] = mapped_column(default=False)
    unmute_allowed: Mapped[bool] = mapped_column(default=True)
    max_participants: Mapped[int | None] = mapped_column(default=None)
    codecs: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True), default=None)
    last_n: Mapped[int | None] = mapped_column(default=None)
    metadata_text: Mapped[str] = mapped_column(default="")
    permanent: Mapped[bool] = mapped_column(default=True)
    starts_at: Mapped[datetime | None] = mapped_column(default=None)
    ends_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    updated_at: Mapped[datetime] = mapped_column(default_factory=now, onupdate=now)


class Member(Base):
    """Somebody who belongs to a room; its owner does, too."""

    __tablename__ = "members"
    __table_args__ = (CheckConstraint("role IN ('owner', 'moderator', 'member')", name="role"),)

    room_id: Mapped[UUID] = _belongs_to("rooms.id", primary_key=True)
    user_id: Mapped[UUID] = _belongs_to("users.id", primary_key=True, index=True)
    role: Mapped[Role] = mapped_column(PlainText(16))
    created_at: Mapped[datetime] = mapped_column(default_factory=now)

    room: Mapped[RoomRecord] = relationship(init=False, lazy="raise")
    user: Mapped[User] = relationship(init=False, lazy="raise")


class Invitation(Base):
    """
    A link that makes who follows it a member; ``max_uses`` None is for any number of them.

    With an ``email``, only for the account of that address. ``token_hash`` is SHA-256 of the token in the link.
    """

    __tablename__ = "invitations"
    __table_args__ = (CheckConstraint("role IN ('moderator', 'member')", name="role"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=uuid4)
    room_id: Mapped[UUID] = _belongs_to("rooms.id", index=True)
    created_by: Mapped[UUID] = _belongs_to("users.id", index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    email: Mapped[str | None] = mapped_column(PlainText(254), default=None)
    role: Mapped[InvitedRole] = mapped_column(PlainText(16), default="member")
    max_uses: Mapped[int | None] = mapped_column(default=None)
    uses: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class Ban(Base):
    """Who may not enter a room: ``value`` is an identity, or the id of a token. Without ``expires_at``: for good."""

    __tablename__ = "bans"
    __table_args__ = (
        CheckConstraint("kind IN ('identity', 'token')", name="kind"),
        UniqueConstraint("room_id", "kind", "value"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=uuid4)
    room_id: Mapped[UUID] = _belongs_to("rooms.id")
    kind: Mapped[BanKind] = mapped_column(PlainText(16))
    value: Mapped[str] = mapped_column(PlainText(512))
    reason: Mapped[str] = mapped_column(default="")
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True, default=None
    )
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    expires_at: Mapped[datetime | None] = mapped_column(index=True, default=None)


class SessionRecord(Base):
    """One call in a room, from its first participant to its last; without ``ended_at`` it is on."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "room_id", "started_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=uuid4)
    room_id: Mapped[UUID] = _belongs_to("rooms.id")
    started_at: Mapped[datetime] = mapped_column(default_factory=now)
    ended_at: Mapped[datetime | None] = mapped_column(index=True, default=None)
    end_reason: Mapped[str | None] = mapped_column(default=None)
    peak_participants: Mapped[int] = mapped_column(default=0)


class ParticipantRecord(Base):
    """Somebody's stay in a call; who comes again is another one."""

    __tablename__ = "participants"
    __table_args__ = (Index(None, "session_id", "joined_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=uuid4)
    session_id: Mapped[UUID] = _belongs_to("sessions.id")
    identity: Mapped[str]
    peer_id: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True, default=None)
    display_name: Mapped[str]
    joined_at: Mapped[datetime] = mapped_column(default_factory=now)
    left_at: Mapped[datetime | None] = mapped_column(index=True, default=None)
    leave_reason: Mapped[str | None] = mapped_column(default=None)


class CallMetric(Base):
    """
    How a participant's media fared in one minute; ``in`` is what the server received from them.

    Bitrates in bits a second, loss from 0 to 1, times in milliseconds, score from 0 to 10.
    """

    __tablename__ = "call_metrics"

    participant_id: Mapped[UUID] = _belongs_to("participants.id", primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    bitrate_in: Mapped[int]
    bitrate_out: Mapped[int]
    loss_in: Mapped[float | None] = mapped_column(default=None)
    loss_out: Mapped[float | None] = mapped_column(default=None)
    jitter_ms: Mapped[float | None] = mapped_column(default=None)
    round_trip_ms: Mapped[float | None] = mapped_column(default=None)
    score: Mapped[float | None] = mapped_column(default=None)
