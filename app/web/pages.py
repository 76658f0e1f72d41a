"""The page to call with, as ``npm run build`` in ``web/`` left it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from app.config import Settings
from app.errors import NotFound, Unavailable

from .middlewares import CLIENT, error_answer
from .proxies import HOST

PAGE_HEADERS = {
    # The page's name stays while its content changes with each build: ask every time.
    hdrs.CACHE_CONTROL: "no-cache",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
}
#: Everything comes from here, and nothing goes elsewhere.
POLICY = (
    "default-src 'self'; connect-src 'self'{websockets}; media-src 'self' blob:; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
#: Nodes that the policy names: it has to fit into what proxies take for headers.
MAX_LISTED = 20
#: The names of assets hold a hash of their content.
ASSET_HEADERS = {hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable"}
#: One file name that can neither climb out of its folder nor be hidden.
FILE_NAME = r"[A-Za-z0-9_][A-Za-z0-9._\-]{0,200}"


#: The paths of the page's views, all but ``/``; the page itself reads off its address which one to show.
VIEWS = ("/r/{room}", "/signin", "/signup", "/rooms", "/account", "/invite")


class Pages:
    """
    ``GET /``, the page's other views, and the files that it needs.

    ``node_urls`` gives the websockets of nodes, to which the page may connect, too.
    """

    def __init__(self, settings: Settings, node_urls: Callable[[], Iterable[str]] = tuple) -> None:
        self._node_urls = node_urls
        self._index = settings.web_dir / "index.html"
        self._assets = settings.web_dir / "assets"
        self._public_host = urlsplit(settings.public_url).netloc if settings.public_url else None

    def routes(self) -> list[web.RouteDef]:
        """All but ``/``, which websockets share."""
        return [
            *(web.get(view, self.index) for view in VIEWS),
            web.get(f"/assets/{{name:{FILE_NAME}}}", self.asset),
        ]

    async def index(self, request: web.Request) -> web.StreamResponse:
        """Answer the page."""
        if not self._index.is_file():
            return not_built(self._index)
        policy = POLICY.format(websockets=self._websockets(request[CLIENT].host))
        return web.FileResponse(self._index, headers=PAGE_HEADERS | {"Content-Security-Policy": policy})

    async def asset(self, request: web.Request) -> web.FileResponse:
        """Answer a file that the page refers to."""
        path = self._assets / request.match_info["name"]
        if not path.is_file():
            raise NotFound(f"there is no {request.path}")
        return web.FileResponse(path, headers=ASSET_HEADERS)

    def _websockets(self, host: str) -> str:
        """List our own websockets for the policy: not every browser counts them as 'self'."""
        hosts = {each for each in (host, self._public_host) if each and HOST.fullmatch(each)}
        ours = [f"{scheme}://{each}" for each in sorted(hosts) for scheme in ("ws", "wss")]
        return "".join(f" {each}" for each in (*ours, *self._others()))

    def _others(self) -> list[str]:
        """List those of nodes, which the page also asks by HTTP why a websocket was refused."""
        parts = [urlsplit(url) for url in self._node_urls()]
        if len(parts) > MAX_LISTED:
            return ["wss:", "https:"]
        schemes = ("ws", "http")
        return [f"{part.scheme.replace('ws', scheme)}://{part.netloc}" for part in parts for scheme in schemes]


def not_built(index: Path) -> web.Response:
    """Answer that there is no page, and how to get it."""
    return error_answer(
        Unavailable(f"The page is not built: there is no {index}. `make run` builds it. Signaling works without.")
    )
