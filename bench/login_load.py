"""``python -m bench.login_load URL RATE SECONDS``: sign in so often, whether or not earlier logins were answered."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from typing import Any, Final

import aiohttp

PASSWORD: Final = "correct horse battery staple"
USERS: Final = 20


def email_of(number: int) -> str:
    """Name one of the users who sign in."""
    return f"user-{number % USERS}@example.org"


async def load(url: str, rate: float, seconds: float) -> dict[str, Any]:
    """Sign in ``rate`` times a second; gives how often which status was the answer, and the median time."""
    answers: Counter[int] = Counter()
    taken: list[float] = []
    start = time.monotonic()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session, asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(start + number / rate - time.monotonic())
            group.create_task(_login(session, url, email_of(number), answers, taken))
    return {
        "seconds": time.monotonic() - start,
        "answers": {str(status): count for status, count in answers.items()},
        "median_ms": statistics.median(taken) * 1e3,
    }


async def _login(
    session: aiohttp.ClientSession, url: str, email: str, answers: Counter[int], taken: list[float]
) -> None:
    start = time.monotonic()
    async with session.post(f"{url}/api/auth/login", json={"email": email, "password": PASSWORD}) as answer:
        await answer.read()
    answers[answer.status] += 1
    taken.append(time.monotonic() - start)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(load(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))))
