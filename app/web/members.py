"""Members of rooms: ``/api/rooms/{code}/members``."""

from __future__ import annotations

from marshmallow import fields as base
from marshmallow.validate import OneOf

from app.services.callers import Caller
from app.services.members import Members as MembersService
from app.stores.models import Member
from app.stores.pages import Page

from . import fields
from .endpoint import Request, endpoint
from .schemas import PageQuery, RoomPath, Schema, page_of

MEMBER_ROLES = ("owner", "moderator", "member")


class MemberPath(RoomPath):
    """``{code}`` and ``{userId}`` in a path."""

    user_id = fields.Uuid(required=True)


class MemberPatch(Schema):
    """What a member shall be."""

    role = base.String(
        required=True,
        validate=OneOf(MEMBER_ROLES),
        metadata={"description": "`owner` hands the room over; who owned it before is a moderator then."},
    )


class MemberAnswer(Schema):
    """Somebody who belongs to a room."""

    user_id = fields.Uuid(required=True)
    display_name = base.String(required=True, attribute="user.display_name")
    role = base.String(required=True, validate=OneOf(MEMBER_ROLES))
    created_at = fields.Time(required=True)


class Members:
    """Those who are connected feel a change at once."""

    def __init__(self, members: MembersService) -> None:
        self._members = members

    @endpoint(
        "GET",
        "/api/rooms/{code}/members",
        summary="The members of a room",
        tag="members",
        auth="user",
        params=RoomPath,
        query=PageQuery,
        answers={200: page_of(MemberAnswer)},
        errors=(403, 404),
    )
    async def list(self, request: Request[Caller]) -> Page[Member]:
        """For members, in the order in which they became such."""
        return await self._members.page(request.caller, **request.params, **request.query)

    @endpoint(
        "PATCH",
        "/api/rooms/{code}/members/{userId}",
        summary="Change a member's role",
        tag="members",
        auth="user",
        params=MemberPath,
        body=MemberPatch,
        answers={200: MemberAnswer},
        errors=(403, 404, 429),
    )
    async def update(self, request: Request[Caller]) -> Member:
        """For the owner."""
        return await self._members.change_role(request.caller, **request.params, **request.body)

    @endpoint(
        "DELETE",
        "/api/rooms/{code}/members/{userId}",
        summary="End a membership",
        tag="members",
        auth="user",
        params=MemberPath,
        answers={204: None},
        errors=(403, 404),
    )
    async def remove(self, request: Request[Caller]) -> None:
        """The owner removes anybody, a moderator those who are none, and everybody themselves. It ends their presence
        in the call; where the room lets anyone in, they may come again as guests: a ban keeps them out."""
        await self._members.remove(request.caller, **request.params)
