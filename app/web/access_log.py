"""The access log: a line for each HTTP request, at level debug."""

from __future__ import annotations

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from loguru import logger


class AccessLog(AbstractAccessLogger):
    """Logs requests without their queries: a websocket's may hold a token."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log one request that took ``time`` seconds, a websocket's whole life included."""
        logger.debug("{} {} {} {} in {:.3f} s", request.remote, request.method, request.path, response.status, time)
