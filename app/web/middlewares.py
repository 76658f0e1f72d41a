"""What every answer has in common: how errors look, and which headers keep browsers careful."""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from loguru import logger

from app.errors import ConnectError, InternalError


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as JSON: ``{"error": {"code", "message"}}``. The one place which does."""
    try:
        return await handler(request)
    except ConnectError as error:
        return _error(error.status, error.code, str(error))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = _error(error.status, error.reason.lower().replace(" ", "_"), error.reason)
        if hdrs.ALLOW in error.headers:
            answer.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return answer
    except Exception:
        logger.exception("{} {} failed", request.method, request.path)
        return _error(InternalError.status, InternalError.code, "a fault of ours; the log has the details")


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """
    Add what every answer carries.

    No referrer: a link to a room is all that one needs to enter it.
    """
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    # Instead of aiohttp's, which tells its version and Python's.
    response.headers[hdrs.SERVER] = "connect"


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
