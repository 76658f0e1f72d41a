from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from loguru import logger

from app.config import Limits, Settings
from app.errors import TooManyRequests
from app.web import rate_limits as module
from app.web.rate_limits import RateLimits, network_of
from tests.redis_server import RedisServer

#: A day long, so that no test sees the window move.
SETTINGS = dataclasses.replace(Settings(), limits=Limits(login_rate="3/day", register_rate="1/day"))


@pytest.fixture
def redis(redis_server: RedisServer) -> RedisServer:
    return redis_server


@pytest.fixture(params=["memory", "redis", "redis by a socket"])
async def limits(request: pytest.FixtureRequest, redis: RedisServer) -> AsyncIterator[RateLimits]:
    """Rate limits that count in memory or in Redis."""
    url = {"memory": None, "redis": redis.url, "redis by a socket": redis.socket_url}[request.param]
    limits = RateLimits(dataclasses.replace(SETTINGS, redis_url=url))
    yield limits
    await limits.close()


@pytest.fixture
def lines() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}", filter="app.web.rate_limits")
    yield lines
    logger.remove(sink)


async def count(limits: RateLimits, name: str, caller: str, most: int = 20) -> int:
    """Come until it is too often; gives how often one could."""
    for number in range(most):
        try:
            await limits.hit(name, caller)
        except TooManyRequests:
            return number
    return most


async def test_one_call_too_many_is_refused_and_told_when_to_come_back(limits: RateLimits) -> None:
    for _ in range(3):
        await limits.hit("login", "ada")
    with pytest.raises(TooManyRequests) as caught:
        await limits.hit("login", "ada")
    assert 1 <= caught.value.retry_after <= 24 * 3600
    assert "ada" not in str(caught.value)


async def test_callers_and_limits_are_counted_apart(limits: RateLimits) -> None:
    assert await count(limits, "login", "ada") == 3
    assert await count(limits, "login", "bob") == 3
    assert await count(limits, "register", "ada") == 1


async def test_all_processes_of_one_redis_count_together(redis: RedisServer) -> None:
    settings = dataclasses.replace(SETTINGS, redis_url=redis.url)
    one, other = RateLimits(settings), RateLimits(settings)
    await one.hit("login", "ada")
    await other.hit("login", "ada")
    assert await count(one, "login", "ada") == 1
    assert await count(other, "login", "ada") == 0
    await one.close()
    await other.close()


@pytest.mark.parametrize("fault", ["stop", "freeze"])
async def test_without_redis_this_process_counts_and_says_so_once(
    redis: RedisServer, lines: list[str], fault: str
) -> None:
    limits = RateLimits(dataclasses.replace(SETTINGS, redis_url=redis.url))
    await limits.hit("login", "ada")
    redis.stop() if fault == "stop" else redis.freeze()
    started = time.monotonic()
    assert await count(limits, "login", "ada") == 3
    assert time.monotonic() - started < 1
    assert [line for line in lines if "WARNING" in line] == lines
    assert len(lines) == 1
    await limits.close()


@pytest.mark.parametrize("fault", ["stop", "freeze"])
async def test_redis_is_asked_again_after_a_while(
    redis: RedisServer, lines: list[str], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    limits = RateLimits(dataclasses.replace(SETTINGS, redis_url=redis.url))
    redis.stop() if fault == "stop" else redis.freeze()
    assert await count(limits, "login", "ada") == 3
    redis.start() if fault == "stop" else redis.thaw()
    monkeypatch.setattr(limits, "_redis_again_at", time.monotonic())
    # What this process counted stays with it; a Redis that was stopped forgot even its scripts.
    assert await count(limits, "login", "ada") == 3
    assert lines[-1] == "INFO Redis counts again\n"
    await limits.close()


async def test_a_rush_is_no_fault(redis: RedisServer, lines: list[str]) -> None:
    limits = RateLimits(dataclasses.replace(SETTINGS, redis_url=redis.url))
    await asyncio.gather(*(limits.hit("login", f"caller {number}") for number in range(100)))
    assert lines == []
    await limits.close()


async def test_many_callers_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_COUNTERS", 50)
    memory = module.BoundedMemory()
    for number in range(200):
        await memory.incr(f"caller {number}", 1000)
    assert len(memory.storage) == len(memory.expirations) == 50
    assert len(memory.locks) <= 50
    assert await memory.get("caller 199") == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one_caller(address: str, network: str) -> None:
    assert network_of(address) == network
