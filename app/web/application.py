"""The aiohttp application: which path leads where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from app.rtc.worker_pool import WorkerPool

from .health import Health
from .middlewares import add_security_headers, answer_errors
from .pages import Pages
from .version import Version

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_application(pool: WorkerPool, signaling: Handler, web_dir: Path) -> web.Application:
    """Make the application; ``signaling`` gets every websocket, ``web_dir`` holds the built page."""
    pages = Pages(web_dir)

    async def root(request: web.Request) -> web.StreamResponse:
        # Clients of mediasoup-demo know no path.
        is_websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        return await (signaling if is_websocket else pages.index)(request)

    application = web.Application(middlewares=[answer_errors])
    application.on_response_prepare.append(add_security_headers)
    application.add_routes(
        [
            web.get("/", root),
            web.get("/ws", signaling, allow_head=False),
            *Health(pool).routes(),
            *Version(pool).routes(),
            *pages.routes(),
        ]
    )
    return application
