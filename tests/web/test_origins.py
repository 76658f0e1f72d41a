from __future__ import annotations

import dataclasses

import pytest
from aiohttp.test_utils import make_mocked_request

from app.config import Settings
from app.web.origins import Origins


def allows(origin: str | None, host: str = "calls.example.org", **settings: object) -> bool:
    headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
    origins = Origins(dataclasses.replace(Settings(), **settings))  # type: ignore[arg-type]
    return origins.allows(make_mocked_request("GET", "/ws", headers=headers))


def test_what_is_no_page_may() -> None:
    assert allows(None)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://calls.example.org", "calls.example.org"),
        ("http://calls.example.org", "Calls.Example.org:80"),
        ("http://localhost:3000", "localhost:3000"),
        ("http://[::1]:3000", "[::1]:3000"),
        # A proxy ends TLS, and nobody said that it is to be trusted.
        ("https://calls.example.org", "calls.example.org"),
    ],
)
def test_our_own_page_may(origin: str, host: str) -> None:
    assert allows(origin, host)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://calls.example.org.evil.example",
        "https://evil.example/calls.example.org",
        "https://calls.example.org@evil.example",
        "https://evil.example@calls.example.org",
        "https://calls.example.org:8443",
        "ftp://calls.example.org",
        "https://calls.example.org:99999",
        "https://[calls.example.org",
        "null",
        "",
        "http://localhost:5173",
    ],
)
def test_other_pages_may_not(origin: str) -> None:
    assert not allows(origin)


def test_listed_pages_may_with_the_port_left_out_or_not() -> None:
    listed = ("https://one.example", "http://two.example:8080")
    assert allows("https://one.example", allowed_origins=listed)
    assert allows("https://one.example:443", allowed_origins=listed)
    assert allows("http://two.example:8080", allowed_origins=listed)
    assert not allows("http://one.example", allowed_origins=listed)
    assert not allows("http://two.example", allowed_origins=listed)


def test_the_page_of_the_public_address_may() -> None:
    assert allows("https://calls.example.org", "inner:3000", public_url="https://calls.example.org")


def test_all_may_with_a_star() -> None:
    assert allows("https://anything.example", allowed_origins=("*",))
    assert allows("null", allowed_origins=("*",))


@pytest.mark.parametrize("origin", ["http://localhost:5173", "https://127.0.0.1", "http://[::1]:80"])
def test_pages_of_this_machine_may_where_rooms_are_open(origin: str) -> None:
    assert allows(origin, open_rooms=True)
    assert not allows(origin)
    assert not allows("http://localhost.evil.example", open_rooms=True)


def test_a_request_without_a_host_has_no_page_of_ours() -> None:
    assert not allows("https://calls.example.org", "")
