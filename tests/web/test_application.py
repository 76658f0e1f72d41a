from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Client


@pytest.mark.parametrize("path", ["/ws?roomId=a&peerId=b", "/?roomId=a&peerId=b"])
async def test_a_websocket_is_signaling_with_and_without_a_path(client: Client, path: str) -> None:
    async with client.ws_connect(path) as socket:
        await socket.send_str("hello")
        assert await socket.receive_str() == "HELLO"


async def test_without_a_websocket_the_root_is_the_page(client: Client, build: Callable[[], None]) -> None:
    build()
    answer = await client.get("/")
    assert answer.content_type == "text/html"
