"""The access log: a line for each HTTP request, at level debug."""

from __future__ import annotations

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from loguru import logger

from .middlewares import CLIENT, REQUEST_ID
from .proxies import shortened


class AccessLog(AbstractAccessLogger):
    """Logs requests without their queries, since a websocket's may hold a token, and without whole addresses."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log one request that took ``time`` seconds, a websocket's whole life included."""
        # The middleware has not seen what can't be read as HTTP.
        address = request[CLIENT].address if CLIENT in request else request.remote or ""
        with logger.contextualize(**({"request_id": request[REQUEST_ID]} if REQUEST_ID in request else {})):
            logger.debug(
                "{} {} {} {} in {:.3f} s", shortened(address), request.method, request.path, response.status, time
            )
