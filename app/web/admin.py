"""What admins do with the server itself: ``/api/admin``."""

from __future__ import annotations

from marshmallow import fields as base

from app.services.callers import Caller
from app.services.drain import Drain, DrainState

from . import fields
from .endpoint import Request, endpoint
from .schemas import Schema

#: Seconds in a day: who has more time needs no deadline.
LONGEST_DRAIN = 86_400


class DrainBody(Schema):
    """How long the calls that are on have."""

    deadline_seconds = fields.Whole(
        min=0,
        max=LONGEST_DRAIN,
        load_default=None,
        allow_none=True,
        metadata={"description": "When those are ended that are left. null: they take as long as they take."},
    )


class DrainAnswer(Schema):
    """How far a drain is."""

    draining = base.Boolean(required=True)
    since = fields.Time(required=True, allow_none=True)
    deadline = fields.Time(required=True, allow_none=True)
    rooms = base.Integer(required=True, metadata={"description": "Calls that are on."})
    peers = base.Integer(required=True, metadata={"description": "Those who are in them."})


class Admin:
    """For admins, and for the operator's commands."""

    def __init__(self, drain: Drain) -> None:
        self._drain = drain

    @endpoint(
        "GET",
        "/api/admin/drain",
        summary="How far this server is drained",
        tag="admin",
        auth="user",
        answers={200: DrainAnswer},
        errors=(403,),
    )
    async def get_drain(self, request: Request[Caller]) -> DrainState:
        """When nobody is left the server can be stopped, and nobody notices."""
        return self._drain.state(request.caller)

    @endpoint(
        "POST",
        "/api/admin/drain",
        summary="Drain this server",
        tag="admin",
        auth="user",
        body=DrainBody,
        answers={200: DrainAnswer},
        errors=(403,),
    )
    async def drain(self, request: Request[Caller]) -> DrainState:
        """From now on nobody new comes in: 503, `draining`. Those who are in a call go on, and come back to it.
        `/health/ready` answers 503, `/health/live` stays as it is. Asked again, it sets another deadline."""
        return self._drain.begin(request.caller, **request.body)

    @endpoint(
        "DELETE",
        "/api/admin/drain",
        summary="Let everybody in again",
        tag="admin",
        auth="user",
        answers={204: None},
        errors=(403,),
    )
    async def undrain(self, request: Request[Caller]) -> None:
        """A restart of the app does the same."""
        self._drain.end(request.caller)
