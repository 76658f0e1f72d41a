from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from app.config import Settings

from .conftest import Client, Serve


@pytest.mark.parametrize(
    "path", ["/", "/r/daily", "/r/a%20room?name=x", "/signin", "/signup", "/rooms", "/account", "/invite"]
)
async def test_the_page_is_asked_for_each_time(client: Client, build: Callable[[], None], path: str) -> None:
    build()
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Connect" in await answer.text()
    again = await client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


async def test_the_page_may_use_camera_and_websocket_and_nothing_from_elsewhere(
    client: Client, build: Callable[[], None]
) -> None:
    build()
    headers = (await client.get("/")).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    host = client.server.host + f":{client.server.port}"
    assert f"connect-src 'self' ws://{host} wss://{host};" in headers["Content-Security-Policy"]
    assert "media-src 'self' blob:" in headers["Content-Security-Policy"]
    assert "camera=(self), microphone=(self), display-capture=(self)" in headers["Permissions-Policy"]


async def test_the_page_may_use_the_websockets_of_all_nodes(
    serve: Serve, web_settings: Settings, build: Callable[[], None]
) -> None:
    build()
    urls = ["wss://node1.example.org/ws", "ws://10.0.0.2:3000/ws"]
    async with serve(web_settings, node_urls=lambda: urls) as client:
        host = f"{client.server.host}:{client.server.port}"
        nodes = "wss://node1.example.org https://node1.example.org ws://10.0.0.2:3000 http://10.0.0.2:3000"
        policy = (await client.get("/")).headers["Content-Security-Policy"]
        assert f"connect-src 'self' ws://{host} wss://{host} {nodes};" in policy
        urls.extend(f"wss://node{number}.example.org/ws" for number in range(30))
        policy = (await client.get("/")).headers["Content-Security-Policy"]
        assert f"connect-src 'self' ws://{host} wss://{host} wss: https:;" in policy


async def test_assets_are_kept_for_ever(client: Client, build: Callable[[], None]) -> None:
    build()
    answer = await client.get("/assets/index-4f2a.js")
    assert (answer.status, await answer.text()) == (200, "join()")
    assert "immutable" in answer.headers["Cache-Control"]


async def test_assets_come_compressed_to_who_takes_them_so(
    client: Client, build: Callable[[], None], web_dir: Path
) -> None:
    build()
    (web_dir / "assets/index-4f2a.js.gz").write_bytes(gzip.compress(b"join()"))
    answer = await client.get("/assets/index-4f2a.js", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["Content-Encoding"], await answer.text()) == ("gzip", "join()")
    assert answer.content_type in ("text/javascript", "application/javascript")
    assert ("Accept-Encoding", "immutable" in answer.headers["Cache-Control"]) == (answer.headers["Vary"], True)
    plain = await client.get("/assets/index-4f2a.js", headers={"Accept-Encoding": "identity"})
    assert ("Content-Encoding" in plain.headers, await plain.text()) == (False, "join()")


@pytest.mark.parametrize(
    "name", ["gone.js", "..%2fsecret.txt", "../secret.txt", "%2e%2e/secret.txt", ".hidden", "a%00b", "x" * 500, ""]
)
async def test_what_is_no_asset_is_not_found(client: Client, build: Callable[[], None], name: str) -> None:
    build()
    answer = await client.get(f"/assets/{name}")
    assert answer.status == 404
    assert (await answer.json())["error"]["name"] == "not_found"


async def test_a_page_that_is_not_built_says_how_to_build_it(client: Client) -> None:
    answer = await client.get("/r/daily")
    assert answer.status == 503
    assert "make run" in await answer.text()


async def test_a_page_built_later_is_served_at_once(client: Client, build: Callable[[], None]) -> None:
    assert (await client.get("/")).status == 503
    build()
    assert (await client.get("/")).status == 200
