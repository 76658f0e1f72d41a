from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from loguru import logger

from app.web.access_log import AccessLog


@pytest.fixture
def lines() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}", filter="app.web.access_log")
    yield lines
    logger.remove(sink)


async def test_a_request_is_logged_without_what_its_query_may_give_away(lines: list[str]) -> None:
    server = TestServer(web.Application())
    await server.start_server(access_log=logging.getLogger(__name__), access_log_class=AccessLog)
    async with TestClient(server) as client:
        await client.get("/ws?token=secret")
    (line,) = lines
    assert line.startswith("DEBUG 127.0.0.0/24 GET /ws 404 in 0.")
