"""A Connect in which there is something of everything, and a call goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientConnectionError, ClientSession, WSServerHandshakeError

from tests.e2e.deployment import PASSWORD, Deployment
from tests.signaling.calls import join, produce_audio
from tests.signaling.client import ProtooClient, Refused

#: How many there are of what may be deleted or used up.
PLENTY = 10
#: What one finds who may not come in just now.
SENT_AWAY = (WSServerHandshakeError, ClientConnectionError)
#: What there is, by kind.
Things = dict[str, list[str]]


class Inhabitants:
    """
    Ada, who may do everything; Bob, in a call in Ada's kitchen; Carl, a member who stays away; guests at the door.

    Whoever throws them out of the call finds them back a moment later.
    """

    def __init__(self, deployment: Deployment, http: ClientSession) -> None:
        self._deployment = deployment
        self._http = http
        self.email, self.ada = deployment.sign_up("Ada")
        _, self.bob = deployment.sign_up("Bob")
        _, self.carl = deployment.sign_up("Carl")
        deployment.manage("make-admin", self.email)

    async def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """Do something, as Ada if ``token`` does not say otherwise."""
        headers = {"Authorization": f"Bearer {token or self.ada}"}
        async with self._http.request(
            method, f"{self._deployment.url}/api{path}", json=body, headers=headers
        ) as answer:
            assert answer.ok, await answer.text()
            return await answer.json()

    @contextlib.asynccontextmanager
    async def at_home(self) -> AsyncIterator[Things]:
        """Move in, and stay for as long as this lasts."""
        things = await self._furnish()
        kitchen = things["codes"][0]
        tickets = [await self._ticket(kitchen, token) for token in (self.bob, None, None)]
        bob, guest, loud = (ticket["peerId"] for ticket in tickets)
        arrived = asyncio.Queue[str]()
        stays = [asyncio.create_task(self._stay(kitchen, ticket, arrived)) for ticket in tickets]
        try:
            async with asyncio.timeout(30):
                things["tracks"] = [await arrived.get()]
                things |= {"peers": [bob, guest], "loud": [loud]} | await self._history(kitchen)
            yield things
        finally:
            for stay in stays:
                stay.cancel()
            await asyncio.wait(stays)

    async def _furnish(self) -> Things:
        """Make rooms, and what belongs to them."""
        credentials = {"email": self.email, "password": PASSWORD}
        logins = [await self.ask("POST", "/auth/login", credentials) for _ in range(PLENTY)]
        rooms = [{"name": "Kitchen", "lobby": True}, {"name": "Hall"}, *[{"name": "Shed"}] * PLENTY]
        kitchen, hall, *sheds = [(await self.ask("POST", "/rooms", room))["code"] for room in rooms]
        invitations = [
            (await self.ask("POST", f"/rooms/{code}/invitations", {"role": "member"}))["token"]
            for code in [kitchen, hall] * PLENTY
        ]
        for token, person in zip(invitations[:4], [self.bob, self.bob, self.carl, self.carl], strict=True):
            await self.ask("POST", "/invitations/accept", {"token": token}, person)
        for code in (kitchen, hall):
            await self.ask("POST", f"/rooms/{code}/bans", {"kind": "identity", "value": "mallory", "reason": "Noise."})
        await self.ask("POST", "/api-keys", {"name": "Ours"})
        return {
            "codes": [kitchen, hall],
            "spare": [hall],
            "doomed": sheds,
            "users": [(await self.ask("GET", "/auth/me", token=self.carl))["id"]],
            "cursors": [(await self.ask("GET", "/rooms?limit=1"))["next"]],
            "refresh-tokens": [login["refreshToken"] for login in logins],
            "invitation-tokens": invitations[4:],
            "future": [(datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")],
        }

    async def _ticket(self, code: str, token: str | None) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        url = f"{self._deployment.url}/api/rooms/{code}/join"
        async with self._http.post(url, json={"displayName": "Somebody"}, headers=headers) as answer:
            assert answer.ok, await answer.text()
            return await answer.json()

    async def _stay(self, code: str, ticket: Any, arrived: asyncio.Queue[str]) -> None:
        """Be in the call, or at its door, and come back whenever one is sent away."""
        while True:
            # A task of its own: whose socket is closed in the middle of a request is cancelled.
            visit = asyncio.create_task(self._visit(code, ticket, arrived))
            try:
                await asyncio.wait([visit])
            finally:
                visit.cancel()
            if not visit.cancelled() and not isinstance(problem := visit.exception(), SENT_AWAY):
                assert problem is None, problem
            await asyncio.sleep(0.2)

    async def _visit(self, code: str, ticket: Any, arrived: asyncio.Queue[str]) -> None:
        client = await ProtooClient.connect(self._http, ticket["url"], code, ticket["peerId"], ticket["token"])
        with contextlib.suppress(Refused):
            await join(client)
            arrived.put_nowait(await produce_audio(client))
        await client.reader

    async def _history(self, code: str) -> Things:
        """Wait until the call is in the history; gives its ids."""
        session = await self._first(f"/rooms/{code}/sessions")
        participant = await self._first(f"/rooms/{code}/sessions/{session}/participants")
        return {"sessions": [session], "participants": [participant]}

    async def _first(self, path: str) -> str:
        """Wait until a list has an item; gives its id."""
        while not (items := (await self.ask("GET", path))["items"]):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        id: str = items[0]["id"]
        return id
