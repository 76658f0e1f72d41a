"""Invitations to become a member of a room: ``/api/rooms/{code}/invitations`` and ``/api/invitations/accept``."""

from __future__ import annotations

from typing import Any

from marshmallow import fields as base
from marshmallow.validate import OneOf

from app.services.callers import Caller
from app.services.invitations import Invitations as InvitationsService
from app.stores.models import Invitation
from app.stores.pages import Page

from . import fields
from .auth import MAX_TOKEN
from .endpoint import Request, endpoint
from .schemas import PageQuery, RoomPath, Schema, page_of

INVITED_ROLES = ("moderator", "member")


class InvitationPath(RoomPath):
    """``{code}`` and ``{id}`` in a path."""

    id = fields.Uuid(required=True)


class NewInvitation(Schema):
    """Whom to invite, to what."""

    role = base.String(required=True, validate=OneOf(INVITED_ROLES))
    email = fields.Email(
        load_default=None,
        allow_none=True,
        metadata={"description": "Only for the account of this address. Nothing is sent there."},
    )
    max_uses = fields.Whole(min=1, max=10_000, load_default=None, allow_none=True)
    expires_at = fields.Time(load_default=None, allow_none=True)


class InvitationAnswer(Schema):
    """An invitation that is good."""

    id = fields.Uuid(required=True)
    role = base.String(required=True, validate=OneOf(INVITED_ROLES))
    email = base.String(required=True, allow_none=True)
    max_uses = base.Integer(required=True, allow_none=True)
    uses = base.Integer(required=True)
    created_at = fields.Time(required=True)
    expires_at = fields.Time(required=True)


class NewInvitationAnswer(InvitationAnswer):
    """An invitation just made."""

    token = base.String(required=True, metadata={"description": "Told this once."})
    url = base.String(required=True, metadata={"description": "The page that accepts it, for people."})


class InvitationToken(Schema):
    """What an invitation's link holds."""

    token = fields.Text(min=1, max=MAX_TOKEN, required=True)


class InvitedRoomAnswer(Schema):
    """A room, in short."""

    code = base.String(required=True)
    name = base.String(required=True)
    access = base.String(required=True)
    lobby = base.Boolean(required=True)
    locked = base.Boolean(required=True)


class MembershipAnswer(Schema):
    """What the caller is now, and where."""

    room = base.Nested(InvitedRoomAnswer, required=True)
    role = base.String(required=True)


class Invitations:
    """Made by owner and moderators; accepted by whoever has the link."""

    def __init__(self, invitations: InvitationsService) -> None:
        self._invitations = invitations

    @endpoint(
        "POST",
        "/api/rooms/{code}/invitations",
        summary="Invite somebody",
        tag="invitations",
        auth="user",
        params=RoomPath,
        body=NewInvitation,
        answers={201: NewInvitationAnswer},
        errors=(403, 404, 429),
    )
    async def create(self, request: Request[Caller]) -> dict[str, Any]:
        """Moderators invite members; the owner invites moderators, too. Good for a week unless it says otherwise, and a
        year at most."""
        made = await self._invitations.create(request.caller, **request.params, **request.body)
        # Behind the #, so that no server on the way, ours included, ever logs it.
        url = f"{request.origin}/invite#{made.token}"
        shown = {name: getattr(made.record, name) for name in InvitationAnswer().fields}
        return {**shown, "token": made.token, "url": url}

    @endpoint(
        "GET",
        "/api/rooms/{code}/invitations",
        summary="The invitations to a room",
        tag="invitations",
        auth="user",
        params=RoomPath,
        query=PageQuery,
        answers={200: page_of(InvitationAnswer)},
        errors=(403, 404),
    )
    async def list(self, request: Request[Caller]) -> Page[Invitation]:
        """For owner and moderators: those that were neither revoked nor expired, newest first."""
        return await self._invitations.page(request.caller, **request.params, **request.query)

    @endpoint(
        "DELETE",
        "/api/rooms/{code}/invitations/{id}",
        summary="Revoke an invitation",
        tag="invitations",
        auth="user",
        params=InvitationPath,
        answers={204: None},
        errors=(403, 404),
    )
    async def revoke(self, request: Request[Caller]) -> None:
        """For owner and moderators. Who accepted it stays a member."""
        await self._invitations.revoke(request.caller, **request.params)

    @endpoint(
        "POST",
        "/api/invitations/accept",
        summary="Accept an invitation",
        tag="invitations",
        auth="user",
        body=InvitationToken,
        answers={200: MembershipAnswer},
        errors=(403, 404, 429),
        rate="join",
    )
    async def accept(self, request: Request[Caller]) -> object:
        """Makes the caller a member. 404 when the invitation is not good, or not any more."""
        return await self._invitations.accept(request.caller, **request.body)
