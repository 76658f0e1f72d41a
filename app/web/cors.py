"""Lets pages of other origins use the API, if they may (Fetch standard, CORS protocol)."""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from app.errors import NotAllowed

from .origins import Origins

#: Nothing here depends on cookies, so there is no ``Access-Control-Allow-Credentials``.
PREFLIGHT_HEADERS = {
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, HEAD, POST, PUT, PATCH, DELETE",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type, X-Request-Id",
    hdrs.ACCESS_CONTROL_MAX_AGE: "600",
}
EXPOSED = "Retry-After, X-Request-Id"


class Cors:
    """Answers preflights, and marks answers that other pages may read."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    @web.middleware
    async def answer_preflights(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer what a browser asks before it lets a page of another origin send its request."""
        asks = hdrs.ORIGIN in request.headers and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        if request.method != hdrs.METH_OPTIONS or not asks:
            return await handler(request)
        if not self._origins.allows(request):
            raise NotAllowed("pages of this origin may not use the API")
        return web.Response(status=204, headers=PREFLIGHT_HEADERS)

    async def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers; for the application's ``on_response_prepare``."""
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and self._origins.allows(request):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED
