"""What runs here."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

import app
from app.rtc.worker_pool import WorkerPool

from .endpoint import Request, endpoint
from .schemas import Schema


class VersionAnswer(Schema):
    """Which releases run."""

    version = fields.String(required=True, metadata={"example": "0.4.0"})
    mediasoup = fields.String(
        required=True, allow_none=True, metadata={"description": "The workers'; null until they are known."}
    )


class Version:
    """``GET /api/version``."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    @endpoint("GET", "/api/version", summary="What runs here", tag="server", answers={200: VersionAnswer})
    async def version(self, request: Request[None]) -> dict[str, Any]:
        """Answer our version and the workers'."""
        return {"version": app.__version__, "mediasoup": self._pool.release}
