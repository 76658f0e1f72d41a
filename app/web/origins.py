"""Whose pages may use the API and the websocket: CORS and the websocket's Origin check ask the same object."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from app.config import Settings

from .proxies import Proxies

DEFAULT_PORTS = {"http": 80, "https": 443}
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")

#: Scheme, host and port.
Origin = tuple[str, str, int]


class Origins:
    """Decides by the header ``Origin``, which browsers set and pages can't forge."""

    def __init__(self, settings: Settings) -> None:
        self._proxies = Proxies(settings.trusted_proxies)
        self._all = "*" in settings.allowed_origins
        self._local = settings.open_rooms
        listed = (*settings.allowed_origins, *((settings.public_url,) if settings.public_url else ()))
        self._listed = {_parse(each) for each in listed if each != "*"}

    def allows(self, request: web.BaseRequest) -> bool:
        """Whether who sent this request may: no page at all, our own page, or one of an origin that is listed."""
        text = request.headers.get(hdrs.ORIGIN)
        if text is None or self._all:
            return True
        origin = _parse(text)
        if origin is None:
            return False
        return origin in self._listed or self._is_ours(request, origin) or (self._local and origin[1] in THIS_MACHINE)

    def _is_ours(self, request: web.BaseRequest, origin: Origin) -> bool:
        """
        Compare with where the request went.

        Not the scheme: a proxy that ends TLS and is not set up as trusted would make every page a foreign one, and no
        answer depends on cookies, so that a page of the same host gains nothing.
        """
        client = self._proxies.client_of(request)
        _, host, port = origin
        ours = _parse(f"{client.scheme}://{client.host}")
        return ours is not None and ours[1] == host and (ours[2] == port or _both_default(ours, origin))


def _both_default(one: Origin, other: Origin) -> bool:
    return all(port == DEFAULT_PORTS[scheme] for scheme, _, port in (one, other))


def _parse(text: str) -> Origin | None:
    """Take an origin apart; ``None`` for ``null`` and what else is none."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    bare = parts._replace(scheme="", netloc="") == ("", "", "", "", "") and "@" not in parts.netloc
    if parts.scheme not in DEFAULT_PORTS or not host or not bare:
        return None
    return parts.scheme, host, port if port is not None else DEFAULT_PORTS[parts.scheme]
