"""What a page must know before anybody has signed in."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

import app
from app.config import Settings

from .endpoint import Request, endpoint
from .schemas import Schema


class ConfigAnswer(Schema):
    """How this server is set up."""

    open_rooms = fields.Boolean(
        required=True, metadata={"description": "Whether rooms come to be by entering, without an account."}
    )
    registration = fields.Boolean(required=True, metadata={"description": "Whether one may make an account."})
    version = fields.String(required=True)


class Config:
    """``GET /api/config``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @endpoint("GET", "/api/config", summary="How this server is set up", tag="server", answers={200: ConfigAnswer})
    async def config(self, request: Request[None]) -> dict[str, Any]:
        """Answer what the page asks first."""
        settings = self._settings
        return {"open_rooms": settings.open_rooms, "registration": settings.registration, "version": app.__version__}
