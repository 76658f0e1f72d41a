"""What every answer has in common: whose request it was, how errors look, which headers keep browsers careful."""

from __future__ import annotations

import http
import re
import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from loguru import logger

from app.errors import BadRequest, ConnectError, Draining, InternalError, LimitReached, TooManyRequests, Unavailable
from app.rtc.bus import BusUnavailable

from .proxies import Client, Proxies

CLIENT = web.RequestKey("client", Client)
REQUEST_ID = web.RequestKey("request_id", str)

#: What logs say of a request whose client did not wait for the answer; nginx calls it so, too.
CLIENT_GONE = 499
#: An id that a proxy or client may give its request.
_SANE_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}")
#: Names of errors that the framework raises; the others' are made of what HTTP calls them.
_NAMES = {413: "too_large", 500: InternalError.code}
#: Seconds after which to come back, where the error itself knows none; the first that fits.
_RETRY_AFTER: dict[type[ConnectError], int] = {Draining: 10, BusUnavailable: 1, Unavailable: 2, LimitReached: 30}
#: For all answers but pages, which bring their own: there is nothing to show.
_POLICY = "default-src 'none'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # A link to a room is all that one needs to enter it.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Instead of aiohttp's, which tells its version and Python's.
    hdrs.SERVER: "connect",
}
_HSTS = "max-age=31536000"


def identify(proxies: Proxies) -> Middleware:
    """Make the middleware that finds out who asks, and gives each request an id for logs and answers."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("X-Request-Id", "")
        request[REQUEST_ID] = given if _SANE_ID.fullmatch(given) else secrets.token_urlsafe(12)
        request[CLIENT] = proxies.client_of(request)
        with logger.contextualize(request_id=request[REQUEST_ID]):
            return await handler(request)

    return middleware


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as JSON: ``{"error": {"name", "message", "fields"}}``. The one place which does."""
    try:
        return await handler(request)
    except ConnectError as error:
        return error_answer(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = plain_error(error.status, (error.text or error.reason).removeprefix(f"{error.status}: "))
        if hdrs.ALLOW in error.headers:
            answer.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return answer
    except Exception as error:
        transport = request.transport
        if isinstance(error, ConnectionResetError) and (transport is None or transport.is_closing()):
            logger.debug("{} {}: {}", request.method, request.path, error)
            return web.Response(status=CLIENT_GONE)
        logger.exception("{} {} failed", request.method, request.path)
        return plain_error(InternalError.status, "a fault of ours; the log has the details")


def error_answer(error: ConnectError, more: Mapping[str, Any] = {}) -> web.Response:
    """Make the answer for one of our errors; ``more`` stands beside it."""
    fields = error.fields if isinstance(error, BadRequest) else {}
    answer = _answer(error.status, error.code, str(error), fields, more)
    if error.status == 401:
        answer.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    elif isinstance(error, TooManyRequests):
        answer.headers[hdrs.RETRY_AFTER] = str(error.retry_after)
    elif error.status in (429, 503):
        answer.headers[hdrs.RETRY_AFTER] = str(next(s for kind, s in _RETRY_AFTER.items() if isinstance(error, kind)))
    return answer


def plain_error(status: int, message: str) -> web.Response:
    """Make the answer for an error that is none of ours, but the framework's."""
    name = _NAMES.get(status) or http.HTTPStatus(status).phrase.lower().replace(" ", "_")
    return _answer(status, name, message)


async def add_security_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Add what every answer carries."""
    response.headers.update(SECURITY_HEADERS)
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    if REQUEST_ID in request:
        response.headers["X-Request-Id"] = request[REQUEST_ID]
    if CLIENT in request and request[CLIENT].scheme == "https":
        response.headers["Strict-Transport-Security"] = _HSTS


def _answer(
    status: int, name: str, message: str, fields: Mapping[str, Any] = {}, more: Mapping[str, Any] = {}
) -> web.Response:
    body = {"error": {"name": name, "message": message, "fields": dict(fields)}, **more}
    return web.json_response(body, status=status)
