"""The whole REST API over each kind of database, and people who use it. There are no workers, so no calls."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.config import Limits, Settings
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from app.server import resources_of
from app.services.services import Services
from tests.rtc.fakes import until
from tests.services.cluster import Cluster

from .conftest import Client, Serve

PASSWORD = "correct horse"
#: No test is to meet a rate limit that it does not look for.
UNLIMITED = "100000/second"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who signed in."""

    id: str
    token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class Rest:
    """A client that says what status it expects."""

    def __init__(self, client: Client, services: Services, cluster: Cluster) -> None:
        self.client = client
        self.services = services
        #: The node that answers, and others that a test adds.
        self.cluster = cluster

    async def ask(
        self, method: str, path: str, body: Any = None, *, by: User | str | None = None, status: int = 200
    ) -> Any:
        """Ask as somebody, or with a token; gives the body of the answer, whose status must be this."""
        token = by.token if isinstance(by, User) else by
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = await self.client.request(method, path, json=body, headers=headers)
        given = await answer.json() if answer.content_type == "application/json" else None
        assert answer.status == status, given
        assert (given is None) == (status == 204)
        return given

    async def get(self, path: str, *, by: User | str | None = None, status: int = 200) -> Any:
        """As :meth:`ask`."""
        return await self.ask("GET", path, by=by, status=status)

    async def post(self, path: str, body: Any = None, *, by: User | str | None = None, status: int = 200) -> Any:
        """As :meth:`ask`; without ``body`` an empty one is sent."""
        return await self.ask("POST", path, {} if body is None else body, by=by, status=status)

    async def patch(self, path: str, body: Any, *, by: User | str | None = None, status: int = 200) -> Any:
        """As :meth:`ask`."""
        return await self.ask("PATCH", path, body, by=by, status=status)

    async def delete(self, path: str, body: Any = None, *, by: User | str | None = None, status: int = 204) -> Any:
        """As :meth:`ask`."""
        return await self.ask("DELETE", path, body, by=by, status=status)

    async def sign_up(self, name: str) -> User:
        """Make an account ``<name>@example.org``, and sign in."""
        email = f"{name.lower()}@example.org"
        account = {"email": email, "password": PASSWORD, "displayName": name}
        await self.post("/api/auth/register", account, status=202)
        login = await self.post("/api/auth/login", {"email": email, "password": PASSWORD})
        return User(login["user"]["id"], login["accessToken"], login["refreshToken"])

    async def room(self, owner: User, **settings: Any) -> str:
        """Make a room; gives its code."""
        room = await self.post("/api/rooms", {"name": "The kitchen", **settings}, by=owner, status=201)
        code: str = room["code"]
        return code

    async def member(self, owner: User, code: str, name: str, role: str = "member") -> User:
        """Make an account that is a member of a room."""
        user = await self.sign_up(name)
        invitation = await self.post(f"/api/rooms/{code}/invitations", {"role": role}, by=owner, status=201)
        await self.post("/api/invitations/accept", {"token": invitation["token"]}, by=user)
        return user


@pytest.fixture
def rest_settings(web_settings: Settings, database_url: str) -> Settings:
    """Settings of :func:`rest`."""
    return dataclasses.replace(
        web_settings,
        database_url=database_url,
        # For machines that do much else.
        database_timeout_seconds=10,
        secret_keys=("test:" + "s" * 40,),
        limits=Limits(login_rate=UNLIMITED, register_rate=UNLIMITED, refresh_rate=UNLIMITED, join_rate=UNLIMITED),
    )


@pytest.fixture
async def rest(serve: Serve, pool: WorkerPool, rest_settings: Settings) -> AsyncIterator[Rest]:
    cluster = Cluster(rest_settings)
    await cluster.here.start()
    services = Services(rest_settings, RoomManager(pool, rest_settings), cluster.nodes)
    services.start()
    await until(lambda: services.database.problem is None)
    async with serve(rest_settings, resources=resources_of(services), authenticate=services.authenticate) as client:
        yield Rest(client, services, cluster)
    await services.close()
