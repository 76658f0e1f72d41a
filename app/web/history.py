"""The calls of a room, past and present: ``/api/rooms/{code}/sessions``."""

from __future__ import annotations

from marshmallow import fields as base

from app.services.callers import Caller
from app.services.past_calls import PastCalls
from app.stores.models import CallMetric, ParticipantRecord, SessionRecord
from app.stores.pages import Page

from . import fields
from .endpoint import Request, endpoint
from .schemas import PageQuery, RoomPath, Schema, page_of

ERRORS = (403, 404)


class SessionPath(RoomPath):
    """``{code}`` and ``{sessionId}`` in a path."""

    session_id = fields.Uuid(required=True)


class MetricsQuery(PageQuery):
    """Which part of the metrics, and of whom."""

    participant = fields.Uuid(load_default=None, metadata={"description": "Of this participant alone."})


class SessionAnswer(Schema):
    """A call."""

    id = fields.Uuid(required=True)
    started_at = fields.Time(required=True)
    ended_at = fields.Time(required=True, allow_none=True, metadata={"description": "null while the call is on."})
    end_reason = base.String(required=True, allow_none=True, metadata={"example": "room-empty"})
    peak_participants = base.Integer(
        required=True, metadata={"description": "How many there were at once; known when the call has ended."}
    )


class PastParticipantAnswer(Schema):
    """Somebody's stay in a call; who comes again is another one."""

    id = fields.Uuid(required=True)
    identity = base.String(required=True)
    peer_id = base.String(required=True)
    user_id = fields.Uuid(required=True, allow_none=True, metadata={"description": "null for who has no account."})
    display_name = base.String(required=True)
    joined_at = fields.Time(required=True)
    left_at = fields.Time(required=True, allow_none=True)
    leave_reason = base.String(required=True, allow_none=True, metadata={"example": "left"})


class CallMetricAnswer(Schema):
    """How a participant's media fared in one minute; `In` is what came from the participant. null: unknown."""

    participant_id = fields.Uuid(required=True)
    minute = fields.Time(required=True)
    bitrate_in = base.Integer(required=True, metadata={"description": "Bits a second."})
    bitrate_out = base.Integer(required=True, metadata={"description": "Bits a second."})
    loss_in = base.Float(required=True, allow_none=True, metadata={"description": "From 0 to 1."})
    loss_out = base.Float(required=True, allow_none=True, metadata={"description": "From 0 to 1."})
    jitter_ms = base.Float(required=True, allow_none=True)
    round_trip_ms = base.Float(required=True, allow_none=True)
    score = base.Float(required=True, allow_none=True, metadata={"description": "From 0 to 10, of what was sent."})


class CallHistory:
    """For owner, moderators and admins."""

    def __init__(self, calls: PastCalls) -> None:
        self._calls = calls

    @endpoint(
        "GET",
        "/api/rooms/{code}/sessions",
        summary="The calls of a room",
        tag="history",
        auth="user",
        params=RoomPath,
        query=PageQuery,
        answers={200: page_of(SessionAnswer)},
        errors=ERRORS,
    )
    async def sessions(self, request: Request[Caller]) -> Page[SessionRecord]:
        """Newest first."""
        return await self._calls.sessions(request.caller, **request.params, **request.query)

    @endpoint(
        "GET",
        "/api/rooms/{code}/sessions/{sessionId}",
        summary="One call of a room",
        tag="history",
        auth="user",
        params=SessionPath,
        answers={200: SessionAnswer},
        errors=ERRORS,
    )
    async def session(self, request: Request[Caller]) -> SessionRecord:
        """Past, or on."""
        return await self._calls.session(request.caller, **request.params)

    @endpoint(
        "GET",
        "/api/rooms/{code}/sessions/{sessionId}/participants",
        summary="Who was in a call",
        tag="history",
        auth="user",
        params=SessionPath,
        query=PageQuery,
        answers={200: page_of(PastParticipantAnswer)},
        errors=ERRORS,
    )
    async def participants(self, request: Request[Caller]) -> Page[ParticipantRecord]:
        """In the order of coming."""
        return await self._calls.participants(request.caller, **request.params, **request.query)

    @endpoint(
        "GET",
        "/api/rooms/{code}/sessions/{sessionId}/metrics",
        summary="How media fared in a call",
        tag="history",
        auth="user",
        params=SessionPath,
        query=MetricsQuery,
        answers={200: page_of(CallMetricAnswer)},
        errors=ERRORS,
    )
    async def metrics(self, request: Request[Caller]) -> Page[CallMetric]:
        """A line a minute for each participant, oldest first."""
        return await self._calls.metrics(request.caller, **request.params, **request.query)
