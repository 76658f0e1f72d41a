"""Fixtures of nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bus.people import Nodes, NodesInProcess, NodesOnRedis
from tests.redis_server import RedisServer


@pytest.fixture(params=["process", "redis"])
def nodes(request: pytest.FixtureRequest) -> Nodes:
    """Nodes on either kind of bus."""
    nodes: Nodes = request.getfixturevalue(f"{request.param}_nodes")
    return nodes


@pytest.fixture
async def process_nodes() -> AsyncIterator[NodesInProcess]:
    """Nodes that share a process."""
    nodes = NodesInProcess()
    yield nodes
    await nodes.close()


@pytest.fixture
async def redis_nodes(redis_server: RedisServer) -> AsyncIterator[NodesOnRedis]:
    """Nodes that have a Redis in common."""
    nodes = NodesOnRedis(redis_server)
    yield nodes
    await nodes.close()
