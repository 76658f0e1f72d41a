"""API keys: ``/api/api-keys``."""

from __future__ import annotations

from typing import Any

from marshmallow import fields as base

from app.services.api_keys import ApiKeys as ApiKeysService
from app.services.callers import Caller
from app.stores.models import ApiKeyRecord
from app.stores.pages import Page

from . import fields
from .endpoint import Request, endpoint
from .schemas import PageQuery, Schema, page_of


class KeyPath(Schema):
    """``{id}`` of a key in a path."""

    id = fields.Id(required=True)


class NewApiKey(Schema):
    """What the key is for."""

    name = fields.Name(max=120, required=True, metadata={"example": "Our booking system"})


class ApiKeyAnswer(Schema):
    """A key; its id is the `iss` of the room tokens that it signs."""

    id = base.String(required=True, metadata={"example": "CKh2Vn9wXbQ4rTz"})
    name = base.String(required=True)
    created_at = fields.Time(required=True)


class NewApiKeyAnswer(ApiKeyAnswer):
    """A key just made."""

    secret = base.String(required=True, metadata={"description": "Told this once."})


class ApiKeys:
    """Those who hold one mint room tokens themselves, with LiveKit's server SDKs if they like."""

    def __init__(self, keys: ApiKeysService) -> None:
        self._keys = keys

    @endpoint(
        "POST",
        "/api/api-keys",
        summary="Make an API key",
        tag="api-keys",
        auth="user",
        body=NewApiKey,
        answers={201: NewApiKeyAnswer},
        errors=(403, 429),
    )
    async def create(self, request: Request[Caller]) -> dict[str, Any]:
        """It signs tokens for rooms that its owner owns, and for rooms that do not exist: those are made, for one call.
        An admin's key signs for all rooms."""
        made = await self._keys.create_for(request.caller, **request.body)
        record = made.record
        return {"id": record.id, "name": record.name, "created_at": record.created_at, "secret": made.secret}

    @endpoint(
        "GET",
        "/api/api-keys",
        summary="My API keys",
        tag="api-keys",
        auth="user",
        query=PageQuery,
        answers={200: page_of(ApiKeyAnswer)},
        errors=(403,),
    )
    async def list(self, request: Request[Caller]) -> Page[ApiKeyRecord]:
        """Those that were not revoked, newest first."""
        return await self._keys.page(request.caller, **request.query)

    @endpoint(
        "DELETE",
        "/api/api-keys/{id}",
        summary="Revoke an API key",
        tag="api-keys",
        auth="user",
        params=KeyPath,
        answers={204: None},
        errors=(403, 404),
    )
    async def revoke(self, request: Request[Caller]) -> None:
        """Nobody enters with its tokens any more. Those who did already stay."""
        await self._keys.revoke(request.caller, **request.params)
