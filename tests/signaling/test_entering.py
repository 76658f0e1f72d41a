"""Tokens, peer ids, bans and origins: who is let in, and what the others are told."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from loguru import logger

from app.config import Settings
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from app.signaling.endpoint import Signaling
from app.web.application import make_application

from .client import UPGRADE, ProtooClient, refusal
from .conftest import Connect
from .gates import TestGate


@pytest.mark.parametrize(
    "shown",
    [
        {"params": {"token": "token-of-ada"}},
        {"headers": {"Authorization": "Bearer token-of-ada"}},
        {"headers": {"Authorization": "bearer  token-of-ada "}},
        {"protocols": ("protoo", "bearer.token-of-ada")},
        {"params": {"token": "token-of-ada"}, "headers": {"Authorization": "Bearer no-good"}},
    ],
)
async def test_a_token_may_be_shown_in_several_ways_and_needs_no_peer_id(
    http: ClientSession, url: str, gate: TestGate, rooms: RoomManager, shown: dict[str, Any]
) -> None:
    gate.open = False
    gate.issue("ada")
    params = {"roomId": "kitchen"} | shown.pop("params", {})
    async with http.ws_connect(url, params=params, **{"protocols": ("protoo",), **shown}) as websocket:
        assert websocket.protocol == "protoo"
        await websocket.receive_str()
        room = rooms.get("kitchen")
        assert room is not None and room.find("ada").identity == "ada"


async def test_an_identity_may_have_another_peer_id(connect: Connect, gate: TestGate, rooms: RoomManager) -> None:
    await connect("phone", token=gate.issue("ada"))
    room = rooms.get("kitchen")
    assert room is not None and room.find("phone").identity == "ada"


async def test_an_identity_that_is_no_peer_id_needs_one(http: ClientSession, url: str, gate: TestGate) -> None:
    token = gate.issue("Ada Lovelace")
    status, message = await refusal(http, url, roomId="kitchen", token=token)
    assert (status, message.startswith("peerId: ")) == (400, True)


@pytest.mark.parametrize("plain", [True, False])
async def test_without_a_good_token_the_answer_is_401(
    http: ClientSession, url: str, gate: TestGate, rooms: RoomManager, plain: bool
) -> None:
    gate.open = False
    for params in ({"peerId": "ada"}, {"token": "made-up"}):
        answer = http.get(url, params={"roomId": "kitchen", **params}, headers={} if plain else UPGRADE)
        async with answer as response:
            assert response.status == 401
            text = await response.text()
        assert '"unauthorized"' in text
        assert "made-up" not in text
    assert len(rooms) == 0


async def test_a_token_as_the_only_subprotocol_is_refused_and_not_logged(
    http: ClientSession, url: str, gate: TestGate, caplog: pytest.LogCaptureFixture
) -> None:
    protocol = {"Sec-WebSocket-Protocol": f"bearer.{gate.issue('ada')}"}
    async with http.get(url, params={"roomId": "kitchen"}, headers=UPGRADE | protocol) as response:
        assert response.status == 400
    assert "token-of-ada" not in caplog.text


async def test_no_token_is_ever_logged(
    connect: Connect, gate: TestGate, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The test server's own; that of the app is tests/web's.
    monkeypatch.setattr(logging.getLogger("aiohttp.access"), "disabled", True)
    lines: list[str] = []
    sink = logger.add(lines.append, level=0, format="{message} {extra}")
    caplog.set_level(0)
    client = await connect("ada", token=gate.issue("ada"))
    await client.request("getRouterRtpCapabilities")
    await client.close()
    logger.remove(sink)
    assert any("connected" in line for line in lines)
    assert "token-of-ada" not in caplog.text + "".join(lines)


async def test_who_may_not_come_in_makes_no_room(
    http: ClientSession, url: str, gate: TestGate, rooms: RoomManager
) -> None:
    gate.rooms["safe"] = RoomConfig(id="safe", locked=True)
    for plain in (True, False):
        async with http.get(
            url, params={"roomId": "safe", "peerId": "ada"}, headers={} if plain else UPGRADE
        ) as response:
            assert response.status == 403
            assert (await response.json())["error"]["name"] == "room_locked"
    assert len(rooms) == 0


async def test_who_is_banned_gets_403_as_long_as_that_is_on_record(
    connect: Connect, http: ClientSession, url: str, gate: TestGate
) -> None:
    await connect("host")
    gate.bans = frozenset({("identity", "eve")})
    assert (await refusal(http, url, roomId="kitchen", peerId="eve"))[0] == 403
    # The records can't be read: the room remembers.
    gate.bans = None
    assert (await refusal(http, url, roomId="kitchen", peerId="eve"))[0] == 403
    gate.bans = frozenset()
    await connect("eve")


async def test_somebody_elses_peer_id_is_taken(connect: Connect, http: ClientSession, url: str, gate: TestGate) -> None:
    await connect("ada")
    token = gate.issue("eve")
    assert (await refusal(http, url, roomId="kitchen", peerId="ada", token=token))[0] == 409


async def test_pages_of_other_origins_are_refused(
    http: ClientSession, pool: WorkerPool, rooms: RoomManager, settings: Settings
) -> None:
    signaling = Signaling(rooms, TestGate(), settings, lambda request: "Origin" not in request.headers)
    async with TestServer(make_application(pool, signaling.handle, settings)) as server:
        url = str(server.make_url("/ws"))
        query = {"roomId": "kitchen", "peerId": "ada"}
        async with http.get(url, params=query, headers=UPGRADE | {"Origin": "https://evil.example"}) as response:
            assert response.status == 403
        client = await ProtooClient.connect(http, url, "kitchen", "ada")
        await signaling.close()
        await client.ends()
