from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from app.web.proxies import Client, Proxies, shortened


def request_from(address: str, *headers: tuple[str, str]) -> web.Request:
    request = make_mocked_request("GET", "/", headers=CIMultiDict([("Host", "inner:3000"), *headers]))
    return request.clone(remote=address)


PROXIES = Proxies(["10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        # Who is no proxy may claim what it likes.
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        # What stands left of the first stranger, the stranger wrote.
        ("10.0.0.1", ["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.66", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
    ],
)
def test_the_client_is_who_the_outermost_trusted_proxy_saw(peer: str, forwarded: list[str], client: str) -> None:
    request = request_from(peer, *(("X-Forwarded-For", value) for value in forwarded))
    assert PROXIES.client_of(request).address == client


def test_a_trusted_proxy_says_how_the_client_came() -> None:
    headers = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "calls.example.org")]
    assert PROXIES.client_of(request_from("10.0.0.1", *headers)).origin == "https://calls.example.org"
    assert PROXIES.client_of(request_from("203.0.113.9", *headers)) == Client("203.0.113.9", "http", "inner:3000")


def test_nonsense_from_a_proxy_is_left_aside() -> None:
    headers = [("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", "x; script-src *")]
    assert PROXIES.client_of(request_from("10.0.0.1", *headers)).origin == "http://inner:3000"


@pytest.mark.parametrize(
    ("address", "short"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("", "-"),
        ("forged\nline", "-"),
    ],
)
def test_logs_name_networks_only(address: str, short: str) -> None:
    assert shortened(address) == short
