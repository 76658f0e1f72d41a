"""What runs here."""

from __future__ import annotations

from aiohttp import web

import app
from app.rtc.worker_pool import WorkerPool


class Version:
    """``GET /api/version``."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/version", self.version)]

    async def version(self, request: web.Request) -> web.Response:
        """Answer our version and the workers' (null until they are known)."""
        return web.json_response({"version": app.__version__, "mediasoup": self._pool.release})
