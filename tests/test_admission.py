"""The whole app: from an account to a call, and tokens that are no good at REST and at the websocket."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from livekit import api

from app.auth.access_tokens import AccessTokens
from app.auth.room_tokens import RoomTokens
from app.auth.secret_keys import SecretKeys
from app.config import Settings
from app.server import Server
from app.services.callers import OPERATOR
from app.services.roles import grants_of
from tests.conftest import SidecarProcess
from tests.databases import PostgresServer
from tests.rtc.fakes import until
from tests.signaling.calls import audio, join
from tests.signaling.client import ProtooClient, Refused

PASSWORD = "correct horse"
#: Seconds within which the API says that it can't work now.
PROMPT = 2.0


class Caller:
    """Somebody who signed in, and what they ask for."""

    def __init__(self, http: ClientSession, token: str | None, refresh_token: str = "") -> None:
        self._http = http
        self.token = token
        self.refresh_token = refresh_token

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """Ask for something; the answer must have this status."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self._http.request(method, path, json=body, headers=headers) as answer:
            given = await answer.json() if answer.content_type == "application/json" else None
            assert answer.status == status, given
            return given


@pytest.fixture
def server_settings(server_settings: Settings, database_url: str) -> Settings:
    """On each kind of database, and as in production: no room without a token."""
    return dataclasses.replace(server_settings, database_url=database_url, open_rooms=False)


@pytest.fixture
async def http(server: Server, server_url: str, sidecar_process: SidecarProcess) -> AsyncIterator[ClientSession]:
    """A client of a server that is ready."""
    async with asyncio.timeout(20):
        await server.pool.wait_ready()
    await until(lambda: server.services.database.problem is None)
    async with ClientSession(server_url) as http:
        yield http


@pytest.fixture
def anybody(http: ClientSession) -> Caller:
    return Caller(http, None)


@pytest.fixture
async def ada(http: ClientSession, anybody: Caller) -> Caller:
    """Somebody with an account."""
    account = {"email": "ada@example.org", "password": PASSWORD}
    await anybody.ask("POST", "/api/auth/register", {**account, "displayName": "Ada"}, status=202)
    login = await anybody.ask("POST", "/api/auth/login", account)
    return Caller(http, login["accessToken"], login["refreshToken"])


@pytest.fixture
async def code(ada: Caller) -> str:
    """A room of hers, with a lobby."""
    room = await ada.ask("POST", "/api/rooms", {"name": "The kitchen", "lobby": True}, status=201)
    code: str = room["code"]
    return code


async def connect(http: ClientSession, ticket: Any) -> ProtooClient:
    """Connect with the answer to ``join``."""
    return await ProtooClient.connect(http, ticket["url"], ticket["roomId"], ticket["peerId"], ticket["token"])


async def websocket_status(http: ClientSession, code: str, token: str) -> int:
    """Say with which status a websocket is refused."""
    with pytest.raises(WSServerHandshakeError) as refused:
        await http.ws_connect("/ws", params={"roomId": code, "peerId": "zoe", "token": token}, protocols=["protoo"])
    return refused.value.status


async def test_two_people_who_never_met(http: ClientSession, anybody: Caller, ada: Caller, code: str) -> None:
    host = await connect(http, await ada.ask("POST", f"/api/rooms/{code}/join", {}))
    await join(host)
    ticket = await anybody.ask("POST", f"/api/rooms/{code}/join", {"displayName": "Bob"})
    guest = await connect(http, ticket)
    with pytest.raises(Refused) as told_to_wait:
        await join(guest, "Bob")
    assert told_to_wait.value.name == "in_lobby"
    assert (await host.hears("lobbyPeer"))["displayName"] == "Bob"
    await host.request("moderator:admitPeer", {"peerId": ticket["peerId"]})
    await guest.hears("admitted")
    await join(guest, "Bob")
    await host.hears("newPeer", displayName="Bob")
    room = await ada.ask("GET", f"/api/rooms/{code}")
    assert [each["displayName"] for each in room["participants"]] == ["Ada", "Bob"]
    await ada.ask("DELETE", f"/api/rooms/{code}", status=204)
    assert (await guest.hears("roomClosed"))["by"]["name"] == "Ada"


async def test_tokens_that_are_no_good_are_refused_everywhere(
    http: ClientSession, server_settings: Settings, ada: Caller, code: str
) -> None:
    keys = SecretKeys.from_settings(server_settings)
    others = SecretKeys({next(iter(keys.derive(b"any"))): "o" * 40})
    ticket = await ada.ask("POST", f"/api/rooms/{code}/join", {})
    assert ada.token is not None
    own = {"room": code, "identity": ticket["identity"], "name": "Ada", "grants": grants_of("owner"), "role": "owner"}
    expired = dataclasses.replace(server_settings, access_token_seconds=-60, room_token_seconds=-60)
    user_id, family_id = (jwt.decode(ada.token, options={"verify_signature": False})[name] for name in ("sub", "fam"))
    access_tokens = {
        "expired": AccessTokens(keys, expired).mint(user_id, family_id).text,
        "forged": AccessTokens(others, server_settings).mint(user_id, family_id).text,
        "forged, the operator's": AccessTokens(others, server_settings).mint(OPERATOR, OPERATOR).text,
        "unsigned": unsigned(ada.token),
        "of another audience": ticket["token"],
        "none": "nonsense",
    }
    for token in access_tokens.values():
        refused = await Caller(http, token).ask("GET", "/api/auth/me", status=401)
        assert refused["error"]["name"] == "unauthorized"
    room_tokens = {
        "expired": RoomTokens(keys, expired).mint(**own).text,
        "forged": RoomTokens(others, server_settings).mint(**own).text,
        "unsigned": unsigned(ticket["token"]),
        "of another audience": ada.token,
        "none": "nonsense",
    }
    for what, token in room_tokens.items():
        assert await websocket_status(http, code, token) == 401, what
        if what != "of another audience":
            await Caller(http, token).ask("GET", f"/api/rooms/{code}/bans", status=401)


async def test_revoked_tokens_are_refused_everywhere(http: ClientSession, ada: Caller, code: str) -> None:
    ticket = await ada.ask("POST", f"/api/rooms/{code}/join", {})
    await Caller(http, ticket["token"]).ask("GET", f"/api/rooms/{code}/bans")
    await ada.ask("POST", f"/api/rooms/{code}/bans", {"kind": "token", "value": ticket["tokenId"]}, status=201)
    assert await websocket_status(http, code, ticket["token"]) == 401
    await Caller(http, ticket["token"]).ask("GET", f"/api/rooms/{code}/bans", status=401)
    key = await ada.ask("POST", "/api/api-keys", {"name": "Booking"}, status=201)
    token = livekit_token(key, code, room_admin=True)
    await Caller(http, token).ask("GET", f"/api/rooms/{code}/bans")
    await ada.ask("DELETE", f"/api/api-keys/{key['id']}", status=204)
    assert await websocket_status(http, code, token) == 401
    await Caller(http, token).ask("GET", f"/api/rooms/{code}/bans", status=401)
    await ada.ask("POST", "/api/auth/logout", {"refreshToken": ada.refresh_token}, status=204)
    await ada.ask("GET", "/api/auth/me", status=401)


async def test_a_token_is_for_its_room_and_its_grants_alone(http: ClientSession, ada: Caller, code: str) -> None:
    other = await ada.ask("POST", "/api/rooms", {"name": "The garden"}, status=201)
    key = await ada.ask("POST", "/api/api-keys", {"name": "Booking"}, status=201)
    token = livekit_token(key, code, can_publish=False)
    assert await websocket_status(http, other["code"], token) == 403
    client = await ProtooClient.connect(http, "/ws", code, "bot", token)
    await join(client)
    with pytest.raises(Refused) as refused:
        sending = {"transportId": client.sending, "kind": "audio", "rtpParameters": audio(), "appData": {}}
        await client.request("produce", sending)
    assert (refused.value.code, refused.value.name) == (403, "not_allowed")


async def test_who_is_removed_feels_it_at_once(http: ClientSession, anybody: Caller, ada: Caller, code: str) -> None:
    key = await ada.ask("POST", "/api/api-keys", {"name": "Booking"}, status=201)
    client = await ProtooClient.connect(http, "/ws", code, "bot", livekit_token(key, code))
    await join(client)
    await ada.ask("POST", f"/api/rooms/{code}/bans", {"kind": "identity", "value": "booker"}, status=201)
    assert (await client.hears("removed"))["by"]["name"] == "Ada"
    async with asyncio.timeout(20):
        await client.reader
    assert (client.websocket.close_code, await websocket_status(http, code, livekit_token(key, code))) == (4000, 403)


@pytest.mark.parametrize("fault", ["frozen", "stopped"])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_calls_go_on_without_a_database(
    http: ClientSession, ada: Caller, code: str, postgres_server: PostgresServer, fault: str
) -> None:
    ticket = await ada.ask("POST", f"/api/rooms/{code}/join", {})
    client = await connect(http, ticket)
    await join(client)
    stop, go_on = {
        "frozen": (postgres_server.freeze, postgres_server.thaw),
        "stopped": (postgres_server.stop, postgres_server.start),
    }[fault]
    # In this thread: the server goes with the one that started it.
    stop()
    try:
        for _ in range(3):
            started = time.monotonic()
            await ada.ask("GET", "/api/rooms", status=503)
            assert time.monotonic() - started < PROMPT
        await client.request("changeDisplayName", {"displayName": "Ada without database"})
        again = await connect(http, ticket)
        await join(again)
        await client.reader
    finally:
        go_on()

    async def answers() -> bool:
        async with http.get("/api/rooms", headers={"Authorization": f"Bearer {ada.token}"}) as answer:
            return answer.status == 200

    async with asyncio.timeout(5):
        # The database says to nobody that it is there again.
        while not await answers():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await again.request("changeDisplayName", {"displayName": "Ada"})


def unsigned(token: str) -> str:
    """The same claims, but signed by nobody."""
    return jwt.encode(jwt.decode(token, options={"verify_signature": False}), "", "none")


def livekit_token(key: Any, room: str, **grants: Any) -> str:
    """Mint a token as LiveKit's users do."""
    minting = api.AccessToken(key["id"], key["secret"]).with_identity("booker")
    return minting.with_grants(api.VideoGrants(room_join=True, room=room, **grants)).to_jwt()
