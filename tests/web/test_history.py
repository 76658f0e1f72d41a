from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession

from app.config import Settings
from app.errors import Unauthorized
from app.server import Server
from app.services.callers import Caller
from app.services.past_calls import PastCalls
from app.stores.database import Database
from app.stores.members import Members
from app.stores.models import CallMetric, Member, ParticipantRecord, Role, RoomRecord, SessionRecord, User
from app.stores.rooms import RoomRecords
from app.stores.users import Users
from app.web.endpoint import Auth
from app.web.history import CallHistory
from tests.conftest import SidecarProcess
from tests.services.waiting import eventually
from tests.signaling.client import ProtooClient

from .conftest import Client, Serve, error_in

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = {"Authorization": "Bearer Ada"}
SESSIONS = "/api/rooms/kitchen/sessions"


@dataclass
class Past:
    """What there is to see: two calls in the kitchen, the later with two people, and one in the cellar."""

    first: UUID
    second: UUID
    cellar: UUID
    ada: UUID
    bob: UUID
    account: UUID


@pytest.fixture
async def past(database: Database) -> Past:
    past = Past(*(uuid4() for _ in range(6)))
    async with database.transaction() as tx:
        for name in ("Ada", "Mia", "Bob"):
            await Users(tx).add(User(email=f"{name}@example.org", password_hash="", display_name=name))
        ada, mia, bob = (await Users(tx).page(limit=9)).items[::-1]
        past.account = ada.id
        for code, sessions in {"kitchen": (past.first, past.second), "cellar": (past.cellar,)}.items():
            room = await RoomRecords(tx).add(RoomRecord(code=code, name="", owner_id=ada.id))
            roles: dict[User, Role] = {ada: "owner", mia: "moderator", bob: "member"}
            for user, role in roles.items():
                await Members(tx).add(Member(room_id=room.id, user_id=user.id, role=role))
            for number, session_id in enumerate(sessions):
                start = NOON + timedelta(hours=number)
                tx.add(SessionRecord(id=session_id, room_id=room.id, started_at=start))
        await tx.flush()
        for number, (id, name, user_id) in enumerate(((past.ada, "Ada", ada.id), (past.bob, "Bob", None))):
            tx.add(
                ParticipantRecord(
                    id=id,
                    session_id=past.second,
                    identity=name.lower(),
                    peer_id=name.lower(),
                    user_id=user_id,
                    display_name=name,
                    joined_at=NOON + timedelta(hours=1, seconds=number),
                    left_at=NOON + timedelta(hours=2),
                    leave_reason="left",
                )
            )
            await tx.flush()
            for minute in range(3):
                at = NOON + timedelta(hours=1, minutes=minute)
                tx.add(CallMetric(participant_id=id, minute=at, bitrate_in=1_000 * minute, bitrate_out=8, loss_in=0.25))
    return past


@pytest.fixture
async def client(serve: Serve, web_settings: Settings, database: Database) -> AsyncIterator[Client]:
    async def authenticate(token: str, auth: Auth) -> Caller:
        assert auth == "user"
        async with database.transaction() as tx:
            found = {user.display_name: user for user in (await Users(tx).page(limit=9)).items}
        if token not in found:
            raise Unauthorized("who is that?")
        return Caller(found[token], uuid4())

    resources = [CallHistory(PastCalls(database))]
    async with serve(web_settings, resources=resources, authenticate=authenticate) as client:
        yield client


async def get(client: Client, path: str, **query: str | int) -> Any:
    answer = await client.get(path, headers=ADA, params=query)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def all_pages(client: Client, path: str, **query: str | int) -> list[Any]:
    """Read a list by pages of one item, to its end."""
    page = await get(client, path, limit=1, **query)
    items: list[Any] = page["items"]
    while page["next"] is not None:
        page = await get(client, path, limit=1, cursor=page["next"], **query)
        items += page["items"]
    return items


async def test_calls_are_listed_newest_first(client: Client, past: Past) -> None:
    sessions = await get(client, SESSIONS)
    assert sessions == {
        "items": [
            {
                "id": str(id),
                "startedAt": started_at,
                "endedAt": None,
                "endReason": None,
                "peakParticipants": 0,
            }
            for id, started_at in ((past.second, "2026-03-01T13:00:00Z"), (past.first, "2026-03-01T12:00:00Z"))
        ],
        "next": None,
    }
    assert await all_pages(client, SESSIONS) == sessions["items"]


async def test_a_call_is_shown(client: Client, past: Past) -> None:
    assert (await get(client, f"{SESSIONS}/{past.first}"))["id"] == str(past.first)


async def test_who_was_in_a_call_is_listed(client: Client, past: Past) -> None:
    path = f"{SESSIONS}/{past.second}/participants"
    people = (await get(client, path))["items"]
    assert people[0] == {
        "id": str(past.ada),
        "identity": "ada",
        "peerId": "ada",
        "userId": str(past.account),
        "displayName": "Ada",
        "joinedAt": "2026-03-01T13:00:00Z",
        "leftAt": "2026-03-01T14:00:00Z",
        "leaveReason": "left",
    }
    assert (people[1]["id"], people[1]["userId"]) == (str(past.bob), None)
    assert await all_pages(client, path) == people


async def test_metrics_are_listed_minute_by_minute(client: Client, past: Past) -> None:
    path = f"{SESSIONS}/{past.second}/metrics"
    lines = (await get(client, path))["items"]
    assert [each["minute"][11:16] for each in lines] == ["13:00", "13:00", "13:01", "13:01", "13:02", "13:02"]
    assert {each["participantId"] for each in lines} == {str(past.ada), str(past.bob)}
    assert await all_pages(client, path) == lines


async def test_metrics_of_one_are_listed(client: Client, past: Past) -> None:
    path = f"{SESSIONS}/{past.second}/metrics"
    lines = await all_pages(client, path, participant=str(past.bob))
    assert lines[1] == {
        "participantId": str(past.bob),
        "minute": "2026-03-01T13:01:00Z",
        "bitrateIn": 1_000,
        "bitrateOut": 8,
        "lossIn": 0.25,
        "lossOut": None,
        "jitterMs": None,
        "roundTripMs": None,
        "score": None,
    }
    assert len(lines) == 3


async def test_moderators_may_look_as_well(client: Client, past: Past) -> None:
    assert (await client.get(SESSIONS, headers={"Authorization": "Bearer Mia"})).status == 200


@pytest.mark.parametrize(("token", "status"), [("Bob", 403), ("Nobody", 401)])
async def test_others_may_not(client: Client, past: Past, token: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("", f"/{past.first}", f"/{past.first}/participants", f"/{past.first}/metrics"):
        assert (await client.get(SESSIONS + path, headers=headers)).status == status


async def test_calls_of_other_rooms_are_not_found(client: Client, past: Past) -> None:
    for session in (past.cellar, uuid4()):
        for path in ("", "/participants", "/metrics"):
            answer = await client.get(f"{SESSIONS}/{session}{path}", headers=ADA)
            assert (answer.status, (await error_in(answer))["name"]) == (404, "not_found")
    assert (await client.get("/api/rooms/attic/sessions", headers=ADA)).status == 404


async def test_participants_of_other_calls_are_not_found(client: Client, past: Past) -> None:
    path = f"{SESSIONS}/{past.first}/metrics"
    assert (await client.get(path, headers=ADA, params={"participant": str(past.ada)})).status == 404


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"cursor": "?"}, {"cursor": "abc"}, {"more": "1"}])
async def test_pages_that_make_no_sense_are_refused(client: Client, past: Past, query: dict[str, str]) -> None:
    assert (await client.get(SESSIONS, headers=ADA, params=query)).status == 400


async def test_a_call_over_the_websocket_is_moderated_over_rest_and_then_history(
    sidecar_process: SidecarProcess, server: Server, server_url: str
) -> None:
    async with asyncio.timeout(60), ClientSession(server_url) as session:
        await server.pool.wait_ready()
        account = {"email": "ada@example.org", "password": "correct horse battery"}
        await session.post("/api/auth/register", json={**account, "displayName": "Ada"})
        login = await (await session.post("/api/auth/login", json=account)).json()
        ada = {"Authorization": f"Bearer {login['accessToken']}"}
        made = await (await session.post("/api/rooms", json={"name": "The kitchen"}, headers=ada)).json()
        room = f"/api/rooms/{made['code']}"

        ticket = await (await session.post(f"{room}/join", json={"displayName": "Bob"})).json()
        socket = f"{server_url}/ws"
        bob = await ProtooClient.connect(session, socket, made["code"], ticket["peerId"], ticket["token"])
        await bob.request("join", {"displayName": "Bob", "device": {}, "rtpCapabilities": None})
        people = await (await session.get(f"{room}/participants", headers=ada)).json()
        assert [each["displayName"] for each in people["items"]] == ["Bob"]
        await session.post(f"{room}/data", json={"payload": "hello"}, headers=ada)
        await bob.hears("dataMessage", payload="hello")
        answer = await session.delete(f"{room}/participants/{ticket['peerId']}", headers=ada)
        assert answer.status == 204
        await bob.hears("removed", by={"peerId": None, "name": "Ada"})

        async def written() -> bool:
            sessions = await (await session.get(f"{room}/sessions", headers=ada)).json()
            for each in sessions["items"]:
                path = f"{room}/sessions/{each['id']}/participants"
                stays.extend((await (await session.get(path, headers=ada)).json())["items"])
            return bool(stays) and stays[-1]["leftAt"] is not None

        stays: list[Any] = []
        await eventually(written)
    assert (stays[-1]["displayName"], stays[-1]["leaveReason"], stays[-1]["userId"]) == ("Bob", "removed", None)
