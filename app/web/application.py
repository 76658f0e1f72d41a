"""The aiohttp application: which path leads where."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiohttp import web
from aiohttp.typedefs import Handler

from app.config import Settings
from app.errors import Unauthorized
from app.rtc.worker_pool import WorkerPool

from .api_docs import ApiDocs
from .config import Config
from .cors import Cors
from .endpoint import Auth, Authenticate, endpoints_of
from .health import Health
from .middlewares import add_security_headers, answer_errors, identify
from .openapi import OpenApi
from .operations import Operations
from .origins import Origins
from .pages import Pages
from .proxies import Proxies
from .rate_limits import RateLimits
from .version import Version


async def nobody(token: str, auth: Auth) -> object:
    """Know no tokens: for an application without accounts."""
    raise Unauthorized("tokens are not known here")


def make_application(
    pool: WorkerPool,
    signaling: Handler,
    settings: Settings,
    *,
    resources: Iterable[object] = (),
    authenticate: Authenticate = nobody,
    hindrance: Callable[[], str | None] = lambda: None,
    bus_problem: Callable[[], str | None] = lambda: None,
    node_urls: Callable[[], Iterable[str]] = tuple,
) -> web.Application:
    """
    Make the application.

    ``signaling`` gets every websocket. ``resources`` have handlers that :func:`app.web.endpoint.endpoint` decorates;
    ``authenticate`` tells whose their callers' tokens are. ``hindrance`` and ``bus_problem`` are for
    :class:`app.web.health.Health`, ``node_urls`` are the websockets to which pages may connect besides ours.
    """
    pages = Pages(settings, node_urls)
    rate_limits = RateLimits(settings)
    cors = Cors(Origins(settings))
    endpoints = [each for resource in (*resources, Config(settings), Version(pool)) for each in endpoints_of(resource)]

    async def root(request: web.Request) -> web.StreamResponse:
        # Clients of mediasoup-demo know no path.
        is_websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        return await (signaling if is_websocket else pages.index)(request)

    async def close_rate_limits(application: web.Application) -> None:
        await rate_limits.close()

    application = web.Application(
        middlewares=[identify(Proxies(settings.trusted_proxies)), answer_errors, cors.answer_preflights],
        client_max_size=settings.limits.max_body_size,
    )
    application.on_response_prepare.extend([add_security_headers, cors.mark])
    application.on_cleanup.append(close_rate_limits)
    application.add_routes(
        [
            web.get("/", root),
            web.get("/ws", signaling, allow_head=False),
            *Health(pool, hindrance, bus_problem).routes(),
            *Operations(settings, authenticate, rate_limits).routes(endpoints),
            *OpenApi(endpoints).routes(),
            *ApiDocs(settings.web_dir).routes(),
            *pages.routes(),
        ]
    )
    return application
