"""Swagger UI, which shows the OpenAPI document and lets one try it; its files come with the built page."""

from __future__ import annotations

from pathlib import Path

from aiohttp import hdrs, web

from app.errors import NotFound

from .pages import FILE_NAME, not_built

HEADERS = {
    hdrs.CACHE_CONTROL: "no-cache",
    # Swagger UI's style sheet holds pictures as data: URLs.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


class ApiDocs:
    """``GET /docs`` and the files that it needs."""

    def __init__(self, web_dir: Path) -> None:
        self._dir = web_dir / "docs"

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/docs", self.index), web.get(f"/docs/{{name:{FILE_NAME}}}", self.file)]

    async def index(self, request: web.Request) -> web.StreamResponse:
        """Answer the page."""
        index = self._dir / "index.html"
        return web.FileResponse(index, headers=HEADERS) if index.is_file() else not_built(index)

    async def file(self, request: web.Request) -> web.FileResponse:
        """Answer one of its files."""
        path = self._dir / request.match_info["name"]
        if not path.is_file():
            raise NotFound(f"there is no {request.path}")
        return web.FileResponse(path, headers=HEADERS)
