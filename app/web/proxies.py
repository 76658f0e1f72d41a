"""Who the client really is, when there are proxies before us."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import hdrs, web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: A host, perhaps with its port, that can do no harm where it is put.
HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request comes from, and under which address the client knows us."""

    address: str
    scheme: str
    host: str

    @property
    def origin(self) -> str:
        """The origin of our own page, as the client sees it."""
        return f"{self.scheme}://{self.host}"


class Proxies:
    """Believes ``X-Forwarded-For``, ``-Proto`` and ``-Host``, but only what trusted proxies wrote."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted: tuple[Network, ...] = tuple(map(ipaddress.ip_network, trusted))

    def client_of(self, request: web.BaseRequest) -> Client:
        """
        Find out whose request it is.

        Each proxy appends the address that it saw: the rightmost one that is no proxy of ours is the client. What
        stands left of it, the client wrote itself.
        """
        address, scheme, host = request.remote or "", request.url.scheme, request.headers.get(hdrs.HOST, "")
        if not self._trusts(address):
            return Client(address, scheme, host)
        for hop in reversed(_list(request, "X-Forwarded-For")):
            if not _is_address(hop):
                break
            address = hop
            if not self._trusts(address):
                break
        protocol = _list(request, "X-Forwarded-Proto")[-1:]
        forwarded_host = _list(request, "X-Forwarded-Host")[-1:]
        if protocol and protocol[0] in ("http", "https"):
            scheme = protocol[0]
        if forwarded_host and HOST.fullmatch(forwarded_host[0]):
            host = forwarded_host[0]
        return Client(address, scheme, host)

    def _trusts(self, address: str) -> bool:
        if not _is_address(address):
            return False
        parsed = ipaddress.ip_address(address)
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._trusted)


def shortened(address: str) -> str:
    """Give an address for logs: of a person, only the network (/24 or /48)."""
    if not _is_address(address):
        return "-"
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _list(request: web.BaseRequest, header: str) -> list[str]:
    """Read a header that may be there more than once and hold a list each time."""
    return [part.strip() for value in request.headers.getall(header, []) for part in value.split(",")]
