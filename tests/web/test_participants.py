from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.auth.grants import Grants
from app.config import Settings
from app.errors import InLobby, Unauthorized
from app.rtc.events import DataMessage, Farewell
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from app.services.bans import Bans
from app.services.callers import Holder
from app.services.live_rooms import LiveRooms
from app.services.moderation import Moderation
from app.services.room_memory import RoomMemory
from app.services.write_behind import WriteBehind
from app.stores.database import Database
from app.stores.members import Members
from app.stores.models import Member, RoomRecord, User
from app.stores.rooms import RoomRecords
from app.stores.users import Users
from app.web.endpoint import Auth
from app.web.participants import Participants
from tests.rtc.fakes import SpawnedWorkers
from tests.rtc.parameters import give_transports, produce_audio
from tests.rtc.people import client_of, enter, join

from .conftest import Client, Serve, error_in

BOT = {"Authorization": "Bearer bot"}
GUEST = {"Authorization": "Bearer guest"}
PEOPLE = "/api/rooms/kitchen/participants"
HOLDERS = {
    "bot": Holder(code="kitchen", room=None, identity="bot", name="Bot", grants=Grants(room_admin=True)),
    "guest": Holder(code="kitchen", room=None, identity="guest", name="Guest", grants=Grants()),
}


async def authenticate(token: str, auth: Auth) -> Holder:
    assert auth == "room"
    if token not in HOLDERS:
        raise Unauthorized("who is that?")
    return HOLDERS[token]


@pytest.fixture
async def rooms(workers: SpawnedWorkers, pool: WorkerPool) -> AsyncIterator[RoomManager]:
    workers.slots = (0,)
    workers.on_slots.emit(workers.slots)
    async with asyncio.timeout(20):
        await pool.wait_ready()
    rooms = RoomManager(pool, Settings())
    yield rooms
    await rooms.close()


@pytest.fixture
async def kitchen(rooms: RoomManager, database: Database) -> Room:
    """A call in a room that the database knows."""
    async with database.transaction() as tx:
        ada = await Users(tx).add(User(email="ada@example.org", password_hash="", display_name="Ada"))
        record = await RoomRecords(tx).add(RoomRecord(code="kitchen", name="", owner_id=ada.id))
        await Members(tx).add(Member(room_id=record.id, user_id=ada.id, role="owner"))
    return await rooms.get_or_create(RoomConfig(id="kitchen", lobby=True))


@pytest.fixture
async def bob(kitchen: Room) -> Peer:
    """Somebody in the call."""
    peer, _ = enter(kitchen, "bob", role="guest", attributes={"seat": "7"})
    await give_transports(peer)
    join(kitchen, peer)
    return peer


@pytest.fixture
def cyd(kitchen: Room) -> Peer:
    """Somebody in the lobby."""
    peer, _ = enter(kitchen, "cyd", waits_in_lobby=True)
    with pytest.raises(InLobby):
        join(kitchen, peer)
    return peer


@pytest.fixture
async def client(serve: Serve, web_settings: Settings, rooms: RoomManager, database: Database) -> AsyncIterator[Client]:
    bans = Bans(database, LiveRooms(rooms, RoomMemory()), WriteBehind(database), web_settings)
    participants = Participants(Moderation(rooms, database, bans))
    async with serve(web_settings, resources=[participants], authenticate=authenticate) as client:
        yield client


async def test_all_who_are_there_are_listed(client: Client, bob: Peer, cyd: Peer) -> None:
    producer = await produce_audio(bob)
    answer = await client.get(PEOPLE, headers=BOT)
    assert answer.status == 200
    in_room, in_lobby = (await answer.json())["items"]
    assert bob.joined_at is not None
    assert in_room == {
        "peerId": "bob",
        "identity": "bob",
        "displayName": "Bob",
        "role": "guest",
        "joinedAt": bob.joined_at.isoformat().replace("+00:00", "Z"),
        "lobby": False,
        "permissions": {
            "canPublish": True,
            "canPublishSources": None,
            "canSubscribe": True,
            "canPublishData": True,
            "canUpdateOwnMetadata": True,
            "roomAdmin": False,
            "hidden": False,
            "canUsePlainTransports": False,
        },
        "metadata": "",
        "attributes": {"seat": "7"},
        "quality": None,
        "tracks": [
            {
                "producerId": producer.id,
                "kind": "audio",
                "source": "microphone",
                "paused": False,
                "score": None,
                "type": "simple",
                "codec": "audio/opus",
            }
        ],
    }
    assert (in_lobby["peerId"], in_lobby["lobby"], in_lobby["joinedAt"]) == ("cyd", True, None)


async def test_one_is_shown(client: Client, bob: Peer) -> None:
    answer = await client.get(f"{PEOPLE}/bob", headers=BOT)
    assert (answer.status, (await answer.json())["peerId"]) == (200, "bob")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nobody"}])
async def test_strangers_are_refused(client: Client, kitchen: Room, headers: dict[str, str]) -> None:
    assert (await client.get(PEOPLE, headers=headers)).status == 401


async def test_those_who_may_not_moderate_are_refused(client: Client, kitchen: Room) -> None:
    answer = await client.get(PEOPLE, headers=GUEST)
    assert (answer.status, (await error_in(answer))["name"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "participants/eve", None),
        ("PATCH", "participants/eve", {"permissions": {}}),
        ("DELETE", "participants/eve", None),
        ("POST", "participants/eve/ban", {}),
        ("POST", "participants/eve/tracks/t/mute", {"muted": True}),
        ("POST", "lobby/eve/admit", None),
        ("POST", "lobby/eve/reject", None),
    ],
)
async def test_who_is_not_there_is_not_found(
    client: Client, kitchen: Room, method: str, path: str, body: dict[str, Any] | None
) -> None:
    answer = await client.request(method, f"/api/rooms/kitchen/{path}", headers=BOT, json=body)
    assert (answer.status, (await error_in(answer))["name"]) == (404, "not_found")


async def test_without_a_call_there_is_nobody(client: Client) -> None:
    assert (await client.get(PEOPLE, headers=BOT)).status == 404


async def test_rights_change(client: Client, bob: Peer) -> None:
    body = {"permissions": {"canPublishSources": ["microphone"], "canPublishData": False}}
    answer = await client.patch(f"{PEOPLE}/bob", headers=BOT, json=body)
    permissions = (await answer.json())["permissions"]
    assert (answer.status, permissions["canPublishSources"], permissions["canPublishData"]) == (
        200,
        ["microphone"],
        False,
    )
    assert bob.grants.can_publish_sources == frozenset({"microphone"})
    answer = await client.patch(f"{PEOPLE}/bob", headers=BOT, json={"permissions": {"canPublishSources": None}})
    assert answer.status == 200
    assert bob.grants.can_publish_sources is None


@pytest.mark.parametrize(
    ("permissions", "field"),
    [
        ({"canPublishSources": ["window"]}, "permissions.canPublishSources.0"),
        ({"canPublishSources": []}, "permissions.canPublishSources"),
        ({"canPublish": "no"}, "permissions.canPublish"),
        ({"canPublish": None}, "permissions.canPublish"),
        ({"canFly": True}, "permissions.canFly"),
    ],
)
async def test_rights_that_make_no_sense_are_refused(
    client: Client, bob: Peer, permissions: dict[str, Any], field: str
) -> None:
    answer = await client.patch(f"{PEOPLE}/bob", headers=BOT, json={"permissions": permissions})
    assert answer.status == 400
    assert list((await error_in(answer))["fields"]) == [field]


async def test_one_is_removed(client: Client, bob: Peer) -> None:
    answer = await client.delete(f"{PEOPLE}/bob", headers=BOT)
    assert (answer.status, await answer.text()) == (204, "")
    assert client_of(bob).farewell is Farewell.REMOVED


async def test_one_is_banned(client: Client, bob: Peer) -> None:
    body = {"reason": "noise", "expiresAt": "2199-01-01T00:00:00Z"}
    answer = await client.post(f"{PEOPLE}/bob/ban", headers=BOT, json=body)
    ban = await answer.json()
    assert answer.status == 201
    assert {name: ban[name] for name in ("kind", "value", "reason", "expiresAt")} == {
        "kind": "identity",
        "value": "bob",
        **body,
    }
    assert client_of(bob).farewell is Farewell.BANNED


async def test_a_ban_needs_no_body(client: Client, bob: Peer) -> None:
    answer = await client.post(f"{PEOPLE}/bob/ban", headers=BOT, skip_auto_headers=["Content-Type"])
    assert answer.status == 201


async def test_a_track_is_muted(client: Client, bob: Peer) -> None:
    producer = await produce_audio(bob)
    answer = await client.post(f"{PEOPLE}/bob/tracks/{producer.id}/mute", headers=BOT, json={"muted": True})
    assert (answer.status, producer.paused) == (204, True)


async def test_all_are_muted(client: Client, bob: Peer) -> None:
    producer = await produce_audio(bob)
    answer = await client.post("/api/rooms/kitchen/mute-all", headers=BOT)
    assert (answer.status, producer.paused) == (204, True)


async def test_a_message_is_sent(client: Client, bob: Peer) -> None:
    body = {"topic": "chat", "payload": "hello", "to": ["bob", "nobody"]}
    answer = await client.post("/api/rooms/kitchen/data", headers=BOT, json=body)
    assert (answer.status, await answer.json()) == (200, {"receivers": 1})
    (message,) = client_of(bob).all(DataMessage)
    assert (message.topic, message.payload) == ("chat", "hello")


async def test_a_message_has_a_limit(client: Client, bob: Peer) -> None:
    for length, status in ((15_360, 200), (15_361, 400)):
        answer = await client.post("/api/rooms/kitchen/data", headers=BOT, json={"payload": "x" * length})
        assert answer.status == status


async def test_one_is_let_in(client: Client, kitchen: Room, cyd: Peer) -> None:
    answer = await client.post("/api/rooms/kitchen/lobby/cyd/admit", headers=BOT)
    assert (answer.status, kitchen.lobby) == (204, ())
    assert not cyd.closed


async def test_one_is_sent_away(client: Client, cyd: Peer) -> None:
    answer = await client.post("/api/rooms/kitchen/lobby/cyd/reject", headers=BOT)
    assert (answer.status, client_of(cyd).farewell) == (204, Farewell.REJECTED)
