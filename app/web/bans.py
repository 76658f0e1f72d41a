"""Bans from rooms: ``/api/rooms/{code}/bans``."""

from __future__ import annotations

from marshmallow import fields as base
from marshmallow.validate import OneOf

from app.services.bans import Bans as BansService
from app.services.callers import Caller, Holder
from app.stores.models import Ban
from app.stores.pages import Page

from . import fields
from .endpoint import Request, endpoint
from .schemas import PageQuery, RoomPath, Schema, page_of

KINDS = ("identity", "token")
#: Characters of an identity or a token's id, and of the reason.
MAX_VALUE, MAX_REASON = 128, 500

Moderating = Request[Caller | Holder]


class BanPath(RoomPath):
    """``{code}`` and ``{id}`` in a path."""

    id = fields.Uuid(required=True)


class NewBan(Schema):
    """Whom to keep out."""

    kind = base.String(
        required=True,
        validate=OneOf(KINDS),
        metadata={"description": "`identity` for a person; `token` to revoke the room token of this id."},
    )
    value = fields.Text(min=1, max=MAX_VALUE, required=True)
    reason = fields.Text(max=MAX_REASON, load_default="")
    expires_at = fields.Time(load_default=None, allow_none=True)


class BanAnswer(Schema):
    """Who is kept out."""

    id = fields.Uuid(required=True)
    kind = base.String(required=True, validate=OneOf(KINDS))
    value = base.String(required=True)
    reason = base.String(required=True)
    created_at = fields.Time(required=True)
    expires_at = fields.Time(required=True, allow_none=True, metadata={"description": "null: for good."})


class Bans:
    """For owner and moderators, and for room tokens with `roomAdmin`."""

    def __init__(self, bans: BansService) -> None:
        self._bans = bans

    @endpoint(
        "POST",
        "/api/rooms/{code}/bans",
        summary="Ban somebody",
        tag="bans",
        auth="room",
        params=RoomPath,
        body=NewBan,
        answers={201: BanAnswer},
        errors=(403, 404, 429),
    )
    async def create(self, request: Moderating) -> Ban:
        """Those who are in the call are removed. Who is banned already is banned anew. Guests get another identity each
        time: what keeps them out is a lobby, or a lock."""
        return await self._bans.add(request.caller, **request.params, **request.body)

    @endpoint(
        "GET",
        "/api/rooms/{code}/bans",
        summary="The bans of a room",
        tag="bans",
        auth="room",
        params=RoomPath,
        query=PageQuery,
        answers={200: page_of(BanAnswer)},
        errors=(403, 404),
    )
    async def list(self, request: Moderating) -> Page[Ban]:
        """Those that hold now, newest first."""
        return await self._bans.page(request.caller, **request.params, **request.query)

    @endpoint(
        "DELETE",
        "/api/rooms/{code}/bans/{id}",
        summary="Lift a ban",
        tag="bans",
        auth="room",
        params=BanPath,
        answers={204: None},
        errors=(403, 404),
    )
    async def delete(self, request: Moderating) -> None:
        """Lets them enter again."""
        await self._bans.delete(request.caller, **request.params)
