"""What :mod:`app.web.participants` takes and gives."""

from __future__ import annotations

from typing import Any

from marshmallow import fields as base
from marshmallow.validate import OneOf

from app.auth.grants import SOURCES

from . import fields
from .bans import MAX_REASON
from .schemas import RoomPath, Schema

#: How many characters a message to participants may have, and how many of them it may name.
MAX_PAYLOAD, MAX_RECEIVERS = 15 * 1024, 1_000


class PeerPath(RoomPath):
    """``{code}`` and ``{peerId}`` in a path."""

    peer_id = fields.Id(required=True)


class TrackPath(PeerPath):
    """``{code}``, ``{peerId}`` and ``{producerId}`` in a path."""

    producer_id = fields.Id(required=True)


class Sources(fields.Items):
    """Sources of media; a set inside."""

    def __init__(self, **more: Any) -> None:
        super().__init__(base.String(validate=OneOf(SOURCES)), min=1, max=len(SOURCES), **more)

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> Any:
        return frozenset(super()._deserialize(value, *rest, **more))


class PermissionsPatch(Schema):
    """What shall be otherwise; the names are those of a room token's claim ``video``."""

    can_publish = fields.Flag()
    can_publish_sources = Sources(allow_none=True, metadata={"description": "Media of these alone; null for any."})
    can_subscribe = fields.Flag()
    can_publish_data = fields.Flag()
    can_update_own_metadata = fields.Flag()
    room_admin = fields.Flag()
    hidden = fields.Flag()


class ParticipantPatch(Schema):
    """What shall change of a participant."""

    permissions = base.Nested(PermissionsPatch, required=True)


class PermissionsAnswer(Schema):
    """What a participant may do."""

    can_publish = fields.Flag(required=True)
    can_publish_sources = base.List(base.String(), required=True, allow_none=True)
    can_subscribe = fields.Flag(required=True)
    can_publish_data = fields.Flag(required=True)
    can_update_own_metadata = fields.Flag(required=True)
    room_admin = fields.Flag(required=True)
    hidden = fields.Flag(required=True)
    can_use_plain_transports = fields.Flag(required=True)


class TrackAnswer(Schema):
    """A stream of audio or video that a participant sends."""

    producer_id = base.String(required=True)
    kind = base.String(required=True, validate=OneOf(("audio", "video")))
    source = base.String(required=True, metadata={"example": "microphone"})
    paused = fields.Flag(required=True)
    score = base.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "How well it arrives, from 0 to 10; null until it is known.", "example": 10},
    )
    type = base.String(required=True, validate=OneOf(("simple", "simulcast", "svc")))
    codec = base.String(required=True, metadata={"example": "audio/opus"})


class ParticipantAnswer(Schema):
    """Somebody in a call, or in its lobby."""

    peer_id = base.String(required=True)
    identity = base.String(required=True)
    display_name = base.String(required=True)
    role = base.String(
        required=True, allow_none=True, metadata={"description": "null for who came with the token of an API key."}
    )
    joined_at = fields.Time(required=True, allow_none=True)
    lobby = fields.Flag(required=True, metadata={"description": "Waits to be admitted."})
    permissions = base.Nested(PermissionsAnswer, required=True)
    metadata = base.String(required=True)
    attributes = base.Dict(keys=base.String(), values=base.String(), required=True)
    quality = base.String(
        required=True,
        allow_none=True,
        validate=OneOf(("excellent", "good", "poor", "lost", None)),
        metadata={"description": "Of the worse direction; null while no media flow."},
    )
    tracks = base.List(base.Nested(TrackAnswer), required=True)


class ParticipantsAnswer(Schema):
    """All who are in a call."""

    items = base.List(base.Nested(ParticipantAnswer), required=True)


class NewParticipantBan(Schema):
    """Why, and until when; without ``expiresAt`` for good."""

    reason = fields.Text(max=MAX_REASON, load_default="")
    expires_at = fields.Time(load_default=None, allow_none=True)


class Mute(Schema):
    """Whether to mute, or to allow the participant to unmute."""

    muted = fields.Flag(required=True)


class Data(Schema):
    """A message for participants."""

    topic = fields.Text(max=100, load_default="")
    payload = fields.Text(max=MAX_PAYLOAD, required=True)
    to = fields.Items(
        fields.Id(),
        max=MAX_RECEIVERS,
        load_default=None,
        allow_none=True,
        metadata={"description": "Peer ids; null for everybody. Those who are not there are left out."},
    )


class Sent(Schema):
    """How many participants a message went to."""

    receivers = base.Integer(required=True)
