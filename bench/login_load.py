"""
``python -m bench.login_load URL RATE``: sign in so many times a second, whether or not earlier logins were answered.

Says "ready" when the first were answered, goes on until its standard input ends, and then prints what became of them.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from itertools import count
from typing import Any, Final

import aiohttp

PASSWORD: Final = "correct horse battery staple"
USERS: Final = 20
#: Seconds of logins before those that count.
WARM_UP: Final = 1.0


def email_of(number: int) -> str:
    """Name one of the users who sign in."""
    return f"user-{number % USERS}@example.org"


class Load:
    """Logins, begun one after another at even times."""

    def __init__(self, session: aiohttp.ClientSession, url: str, rate: float) -> None:
        self._session = session
        self._url = url
        self._rate = rate
        self.asked = 0
        self.answers: Counter[int] = Counter()
        self.taken: list[float] = []

    async def begin(self, group: asyncio.TaskGroup) -> None:
        """Begin logins until this is cancelled."""
        start = time.monotonic()
        for number in count():
            await asyncio.sleep(start + number / self._rate - time.monotonic())
            self.asked += 1
            group.create_task(self._login(email_of(number)))

    async def _login(self, email: str) -> None:
        start = time.monotonic()
        body = {"email": email, "password": PASSWORD}
        async with self._session.post(f"{self._url}/api/auth/login", json=body) as answer:
            await answer.read()
        self.answers[answer.status] += 1
        self.taken.append(time.monotonic() - start)


async def main(url: str, rate: float) -> dict[str, Any]:
    """Sign in until standard input ends; gives how often, the answers by their status, and the median time."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session, asyncio.TaskGroup() as group:
        load = Load(session, url, rate)
        beginning = group.create_task(load.begin(group))
        await asyncio.sleep(WARM_UP)
        load.asked = 0
        load.answers.clear()
        load.taken.clear()
        start = time.monotonic()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        beginning.cancel()
        seconds, asked, answers = time.monotonic() - start, load.asked, dict(load.answers)
    median_ms = statistics.median(load.taken) * 1e3
    return {"seconds": seconds, "asked": asked, "answers": answers, "median_ms": median_ms}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], float(sys.argv[2])))))
