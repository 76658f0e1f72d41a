"""How often one may come: counted in Redis where there is one, in this process otherwise."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import math
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from loguru import logger
from redis.asyncio import BlockingConnectionPool
from redis.exceptions import RedisError

from app.config import Settings
from app.errors import TooManyRequests

#: Counters kept in memory: two for each caller, so that a flood of addresses can't fill it.
MAX_COUNTERS = 10_000
#: How long Redis has to answer, and how long it is left alone when it did not, in seconds.
REDIS_SECONDS = 0.3
REDIS_PAUSE = 5.0


class RateLimits:
    """
    Counts callers by the limit's name and whatever tells them apart.

    A sliding window: somebody who used up the limit gets on as the window moves, not all at once at its end. When
    Redis does not answer, this process counts by itself until it does.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._items: dict[str, RateLimitItem] = {}
        self._memory = SlidingWindowCounterRateLimiter(BoundedMemory())
        self._redis: SlidingWindowCounterRateLimiter | None = None
        self._pool: BlockingConnectionPool | None = None
        self._redis_again_at = -math.inf
        if settings.redis_url is not None:
            # Blocking: a rush waits for a connection instead of being taken for a fault.
            self._pool = BlockingConnectionPool.from_url(
                settings.redis_url,
                max_connections=20,
                timeout=REDIS_SECONDS,
                socket_timeout=REDIS_SECONDS,
                socket_connect_timeout=REDIS_SECONDS,
            )
            # limits takes the address only from its own kinds of URLs; the pool has it already.
            storage = RedisStorage("redis://", implementation="redispy", connection_pool=self._pool)  # type: ignore[arg-type]
            self._redis = SlidingWindowCounterRateLimiter(storage)

    async def hit(self, name: str, caller: str) -> None:
        """
        Count one call.

        :raises TooManyRequests: it is one too many; it is not counted
        """
        item = self._item(name)
        # Not as they are: an e-mail address has no place in another database, nor in an error.
        key = hashlib.sha256(caller.encode()).hexdigest()[:32]
        wait = await self._count(item, name, key)
        if wait is not None:
            seconds = max(1, math.ceil(wait))
            raise TooManyRequests(f"too often; try again in {seconds} s", seconds)

    async def close(self) -> None:
        """Let go of Redis."""
        if self._pool is not None:
            await self._pool.aclose()

    def _item(self, name: str) -> RateLimitItem:
        if name not in self._items:
            self._items[name] = parse(getattr(self._settings.limits, f"{name}_rate"))
        return self._items[name]

    async def _count(self, item: RateLimitItem, name: str, key: str) -> float | None:
        """Count; gives how many seconds to wait if it is too much."""
        if self._redis is not None and time.monotonic() >= self._redis_again_at:
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    wait = await _hit(self._redis, item, name, key)
            except (RedisError, OSError, TimeoutError) as error:
                self._leave_redis(error)
            else:
                self._back_at_redis()
                return wait
        return await _hit(self._memory, item, name, key)

    def _leave_redis(self, error: Exception) -> None:
        if self._redis_again_at == -math.inf:
            logger.warning("Redis does not count ({}); rate limits hold for this process alone", error or "no answer")
        self._redis_again_at = time.monotonic() + REDIS_PAUSE

    def _back_at_redis(self) -> None:
        if self._redis_again_at != -math.inf:
            logger.info("Redis counts again")
            self._redis_again_at = -math.inf


class BoundedMemory(MemoryStorage):
    """Counters in memory, the oldest of which make room for new ones."""

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter, made when missing."""
        if key not in self.expirations:
            while len(self.expirations) >= MAX_COUNTERS:
                await self.clear(next(iter(self.expirations)))
        return await super().incr(key, expiry, amount)


def network_of(address: str) -> str:
    """Give what counts as one caller: an IPv4 address, or the IPv6 network that one household or server has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return address


async def _hit(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, name: str, key: str) -> float | None:
    if await limiter.hit(item, name, key):
        return None
    return (await limiter.get_window_stats(item, name, key)).reset_time - time.time()
