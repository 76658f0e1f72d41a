"""People who come, publish, drop out, come back and leave, all the time, whatever happens to the app."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from itertools import count

from aiohttp import ClientError, ClientSession

from tests.signaling.calls import join, produce_audio, produce_chat, produce_video
from tests.signaling.client import ProtooClient, Refused

#: Seconds that a visit takes at most, and one that goes as it should at the longest.
PATIENCE, STAY = 10.0, 2.0
#: Seconds until somebody tries again who could not come in.
AGAIN = 0.2
#: How many rooms they choose from: more than are in use at a time, so that rooms end and begin.
ROOMS = 30


class Visitors:
    """So many at a time. ``outcomes`` counts how their visits ended."""

    def __init__(self, url: str, number: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self._url = url
        self._number = number
        self._names = count()
        self._chance = random.Random(7)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Visitors:
        self._http = ClientSession()
        self._tasks = [asyncio.create_task(self._come_and_go()) for _ in range(self._number)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()
        for end in ends:
            if not isinstance(end, asyncio.CancelledError):
                raise RuntimeError("a visitor gave up") from end

    async def _come_and_go(self) -> None:
        while True:
            # A request that is cut off is cancelled by the client; that must not end us.
            visit = asyncio.create_task(self._visit())
            try:
                await asyncio.wait({visit}, timeout=PATIENCE)
            finally:
                visit.cancel()
            outcome = self._outcome(visit)
            self.outcomes[outcome] += 1
            if outcome != "as it should":
                await asyncio.sleep(AGAIN)

    def _outcome(self, visit: asyncio.Task[None]) -> str:
        if not visit.done():
            return "too slow"
        if visit.cancelled():
            return "cut off"
        error = visit.exception()
        if error is None:
            return "as it should"
        if isinstance(error, (ClientError, ConnectionError, Refused)):
            return f"{type(error).__name__}: {str(error)[:80]}"
        raise error

    async def _visit(self) -> None:
        name, room = f"visitor-{next(self._names)}", f"soak-{self._chance.randrange(ROOMS)}"
        client = await ProtooClient.connect(self._http, self._url, room, name)
        try:
            session = await join(client, name)
            await produce_audio(client, self._chance.getrandbits(31))
            if self._chance.random() < 0.5:
                await produce_video(client, self._chance.getrandbits(30))
                await produce_chat(client)
            await client.request("sendChatMessage", {"text": "Hello, everybody."})
            await asyncio.wait({client.reader}, timeout=self._chance.uniform(0, STAY))
            if client.reader.done():
                raise ConnectionResetError(f"the socket was closed: {client.websocket.close_code}")
            if self._chance.random() < 0.5:
                client.vanish()
                await client.reader
                # Half of them are never seen again.
                if self._chance.random() < 0.5:
                    client = await ProtooClient.connect(
                        self._http, self._url, room, name, resume=session["resumeToken"]
                    )
                    held: dict[str, list[str]] = {"transports": [], "producers": [], "consumers": []}
                    await client.request("resume", {"sessionId": session["sessionId"], **held})
        finally:
            with contextlib.suppress(ConnectionError):
                await client.close()
