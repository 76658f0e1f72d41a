"""The page to call with, as ``npm run build`` in ``web/`` left it."""

from __future__ import annotations

from pathlib import Path

from aiohttp import hdrs, web

from app.errors import NotFound

PAGE_HEADERS = {
    # The page's name stays while its content changes with each build: ask every time.
    hdrs.CACHE_CONTROL: "no-cache",
    # Everything comes from here. ``ws:`` and ``wss:`` since not every browser counts websockets as 'self'.
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob:; img-src 'self' data: blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
}
#: The names of assets hold a hash of their content.
ASSET_HEADERS = {hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable"}
#: One file name that can neither climb out of its folder nor be hidden.
FILE_NAME = r"[A-Za-z0-9_][A-Za-z0-9._\-]{0,200}"


class Pages:
    """``GET /``, ``GET /r/{room}`` and the files that the page needs."""

    def __init__(self, web_dir: Path) -> None:
        self._index = web_dir / "index.html"
        self._assets = web_dir / "assets"

    def routes(self) -> list[web.RouteDef]:
        """All but ``/``, which websockets share."""
        return [
            web.get("/r/{room}", self.index),
            web.get(f"/assets/{{name:{FILE_NAME}}}", self.asset),
        ]

    async def index(self, request: web.Request) -> web.StreamResponse:
        """Answer the page; which room it shows, it reads off its address."""
        if self._index.is_file():
            return web.FileResponse(self._index, headers=PAGE_HEADERS)
        help = f"The page is not built: there is no {self._index}. `make run` builds it. Signaling works without."
        return web.Response(text=help, status=503)

    async def asset(self, request: web.Request) -> web.FileResponse:
        """Answer a file that the page refers to."""
        path = self._assets / request.match_info["name"]
        if not path.is_file():
            raise NotFound(f"there is no {request.path}")
        return web.FileResponse(path, headers=ASSET_HEADERS)
