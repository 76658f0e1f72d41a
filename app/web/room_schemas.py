"""What :mod:`app.web.rooms` takes and gives."""

from __future__ import annotations

from typing import Any

from marshmallow import fields as base
from marshmallow.validate import OneOf

from app.rtc.media_codecs import CODEC_NAMES
from app.rtc.self_description import MAX_METADATA

from . import fields
from .auth import MAX_NAME
from .schemas import Schema

ACCESS = ("anyone", "users", "members")
ROLES = ("owner", "moderator", "member", "guest")


def _access(**more: Any) -> base.String:
    about = "Who may join: `anyone` (guests too, by the link), `users` (who are signed in), `members`."
    return base.String(validate=OneOf(ACCESS), metadata={"description": about}, **more)


class RoomPatch(Schema):
    """What shall change of a room; moderators change `locked`, `lobby` and `metadata` alone."""

    name = fields.Name(max=120, metadata={"example": "The kitchen"})
    access = _access()
    lobby = fields.Flag(metadata={"description": "Whether moderators admit those who are no members."})
    locked = fields.Flag(metadata={"description": "Whether nobody new may enter."})
    unmute_allowed = fields.Flag(metadata={"description": "Whether who was muted by a moderator may unmute."})
    max_participants = fields.Whole(min=1, max=10_000, allow_none=True)
    codecs = fields.Items(
        base.String(validate=OneOf(CODEC_NAMES)),
        min=1,
        max=len(CODEC_NAMES),
        allow_none=True,
        metadata={"description": "Best first; null for all. A call that is on keeps those that it has."},
    )
    last_n = fields.Whole(
        min=0,
        max=1_000,
        allow_none=True,
        metadata={"description": "Of how many people, of those who spoke last, cameras are sent; null for all."},
    )
    metadata = fields.Text(
        max=MAX_METADATA,
        attribute="metadata_text",
        metadata={"description": "A text for programs, whose meaning is theirs."},
    )
    permanent = fields.Flag(metadata={"description": "Whether the room stays when its call has ended."})
    starts_at = fields.Time(allow_none=True)
    ends_at = fields.Time(allow_none=True)


class NewRoom(RoomPatch):
    """How a room shall be."""

    name = fields.Name(max=120, required=True, metadata={"example": "The kitchen"})


class PresentAnswer(Schema):
    """Somebody who is in the room now."""

    peer_id = base.String(required=True, attribute="id")
    identity = base.String(required=True)
    display_name = base.String(required=True)
    joined_at = fields.Time(required=True)


class RoomAnswer(Schema):
    """A room."""

    code = base.String(required=True, metadata={"example": "bcdf-ghjk-mnpq"})
    name = base.String(required=True)
    access = _access(required=True)
    lobby = base.Boolean(required=True)
    locked = base.Boolean(required=True)
    unmute_allowed = base.Boolean(required=True)
    max_participants = base.Integer(required=True, allow_none=True)
    codecs = base.List(base.String(), required=True, allow_none=True)
    last_n = base.Integer(required=True, allow_none=True)
    metadata = base.String(required=True)
    permanent = base.Boolean(required=True)
    starts_at = fields.Time(required=True, allow_none=True)
    ends_at = fields.Time(required=True, allow_none=True)
    created_at = fields.Time(required=True)
    updated_at = fields.Time(required=True)
    role = base.String(
        required=True,
        allow_none=True,
        validate=OneOf(ROLES),
        metadata={"description": "The caller's; null for who is no member."},
    )
    participant_count = base.Integer(required=True, metadata={"description": "How many are in it now."})
    participants = base.List(
        base.Nested(PresentAnswer),
        required=True,
        allow_none=True,
        metadata={"description": "Who is in it now; null for who is no member."},
    )


class JoinBody(Schema):
    """As whom."""

    display_name = fields.Name(
        max=MAX_NAME, load_default=None, metadata={"description": "Guests need one; others have their account's."}
    )


class IceServerAnswer(Schema):
    """An `RTCIceServer`."""

    urls = base.List(base.String(), required=True)
    username = base.String()
    credential = base.String()


class JoinAnswer(Schema):
    """All that a client needs to enter the call: connect to `url` with `roomId`, `peerId` and `token` in its query."""

    token = base.String(required=True)
    token_id = base.String(required=True, metadata={"description": "To ban who holds the token."})
    room_id = base.String(required=True)
    room = base.Nested(
        RoomAnswer,
        required=True,
        allow_none=True,
        metadata={"description": "null for a room that is open to everybody, and so needs no record."},
    )
    peer_id = base.String(required=True)
    identity = base.String(required=True)
    role = base.String(required=True, validate=OneOf(ROLES))
    url = base.String(required=True, metadata={"example": "wss://node1.example.org/ws"})
    fallback_url = base.String(
        required=True,
        metadata={
            "description": "For when `url` can't be reached. Whichever node that leads to serves the call as well.",
            "example": "wss://calls.example.org/ws",
        },
    )
    ice_servers = base.List(base.Nested(IceServerAnswer), required=True)
    expires_at = fields.Time(required=True, metadata={"description": "Until when one may connect with the token."})
