from __future__ import annotations

from typing import Any

import pytest

from app.config import Settings
from app.services.logins import operator_token
from tests.services.cluster import Nobody

from .rest import Rest, rest, rest_settings

__all__ = ["rest", "rest_settings"]

DEFAULTS = {
    "access": "anyone",
    "lobby": False,
    "locked": False,
    "unmuteAllowed": True,
    "maxParticipants": None,
    "codecs": None,
    "lastN": None,
    "metadata": "",
    "permanent": True,
    "startsAt": None,
    "endsAt": None,
}
SETTINGS = {
    "access": "users",
    "lobby": True,
    "locked": True,
    "unmuteAllowed": False,
    "maxParticipants": 12,
    "codecs": ["opus", "vp9"],
    "lastN": 4,
    "metadata": "{}",
    "permanent": False,
    "startsAt": "2030-01-01T08:00:00Z",
    "endsAt": "2030-01-01T09:00:00Z",
}


@pytest.mark.parametrize("settings", [{}, SETTINGS])
async def test_a_room_is_as_it_was_made(rest: Rest, settings: dict[str, Any]) -> None:
    ada = await rest.sign_up("Ada")
    made = await rest.post("/api/rooms", {"name": " The kitchen ", **settings}, by=ada, status=201)
    expected = {"name": "The kitchen", "role": "owner", "participantCount": 0, "participants": [], **DEFAULTS}
    assert {name: made[name] for name in expected} == {**expected, **settings}
    assert set(made) == set(expected) | {"code", "createdAt", "updatedAt"}
    assert await rest.get(f"/api/rooms/{made['code']}", by=ada) == made
    assert await rest.get("/api/rooms", by=ada) == {"items": [made], "next": None}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"name": ""}, "name"),
        ({"access": "nobody"}, "access"),
        ({"lobby": 1}, "lobby"),
        ({"maxParticipants": 0}, "maxParticipants"),
        ({"codecs": ["opus", "theora"]}, "codecs.1"),
        ({"lastN": -1}, "lastN"),
        ({"metadata": "x" * 4_097}, "metadata"),
        ({"startsAt": "tomorrow"}, "startsAt"),
        ({"startsAt": "2030-01-01T09:00:00Z", "endsAt": "2030-01-01T08:00:00Z"}, "endsAt"),
        ({"code": "mine"}, "code"),
    ],
)
async def test_a_room_that_can_not_be_names_the_field(rest: Rest, settings: dict[str, Any], field: str) -> None:
    ada = await rest.sign_up("Ada")
    refused = await rest.post("/api/rooms", {"name": "The kitchen", **settings}, by=ada, status=400)
    assert list(refused["error"]["fields"]) == [field]


async def test_who_is_no_member_sees_the_room_but_not_who_is_in_it(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code = await rest.room(ada)
    seen = await rest.get(f"/api/rooms/{code}")
    assert (seen["name"], seen["role"], seen["participants"], seen["participantCount"]) == (
        "The kitchen",
        None,
        None,
        0,
    )
    await rest.patch(f"/api/rooms/{code}", {"access": "users"}, by=ada)
    await rest.get(f"/api/rooms/{code}", status=401)
    await rest.get(f"/api/rooms/{code}", by=await rest.sign_up("Eve"))
    await rest.get("/api/rooms/no-such-room", status=404)


async def test_changes_change_what_they_name(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code = await rest.room(ada, **SETTINGS)
    changed = await rest.patch(f"/api/rooms/{code}", {"name": "Ours", "codecs": None}, by=ada)
    assert {name: changed[name] for name in SETTINGS} == {**SETTINGS, "codecs": None}
    assert changed["name"] == "Ours" and changed["updatedAt"] > changed["createdAt"]
    mia = await rest.member(ada, code, "Mia", "moderator")
    assert not (await rest.patch(f"/api/rooms/{code}", {"locked": False}, by=mia))["locked"]
    await rest.patch(f"/api/rooms/{code}", {"name": "Mine"}, by=mia, status=403)
    await rest.patch(f"/api/rooms/{code}", {"name": "Mine"}, status=401)


async def test_a_room_is_deleted_by_its_owner(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code = await rest.room(ada)
    await rest.delete(f"/api/rooms/{code}", by=await rest.member(ada, code, "Mia", "moderator"), status=403)
    await rest.delete(f"/api/rooms/{code}", by=ada)
    await rest.delete(f"/api/rooms/{code}", by=ada, status=404)


async def test_the_operator_ends_rooms(rest: Rest, rest_settings: Settings) -> None:
    code = await rest.room(await rest.sign_up("Ada"))
    await rest.delete(f"/api/rooms/{code}", by=operator_token(rest_settings))
    await rest.get(f"/api/rooms/{code}", status=404)


async def test_joining_gives_all_that_it_takes_to_connect(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code = await rest.room(ada)
    ticket = await rest.post(f"/api/rooms/{code}/join", by=ada)
    assert set(ticket) == {
        *("token", "tokenId", "roomId", "room", "peerId", "identity"),
        *("role", "url", "fallbackUrl", "iceServers", "expiresAt"),
    }
    assert ticket["peerId"] == ticket["identity"] == ada.id
    assert (ticket["role"], ticket["roomId"], ticket["iceServers"]) == ("owner", code, [])
    assert ticket["room"]["name"] == "The kitchen"
    assert ticket["url"] == ticket["fallbackUrl"] == f"ws://127.0.0.1:{rest.client.port}/ws"
    entry = await rest.services.access.admit(code, ticket["token"], None)
    assert (entry.admission.identity, entry.admission.token_id) == (ada.id, ticket["tokenId"])


async def test_the_way_in_leads_to_the_node_that_has_the_call(rest: Rest) -> None:
    code = await rest.room(await rest.sign_up("Ada"))
    await (await rest.cluster.add("other")).open(code, 0, Nobody())
    ticket = await rest.post(f"/api/rooms/{code}/join", {"displayName": "Guest"})
    assert ticket["url"] == "wss://other.example.org/ws"
    assert ticket["fallbackUrl"] == f"ws://127.0.0.1:{rest.client.port}/ws"


async def test_guests_join_with_a_name(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code = await rest.room(ada)
    refused = await rest.post(f"/api/rooms/{code}/join", status=400)
    assert list(refused["error"]["fields"]) == ["displayName"]
    ticket = await rest.post(f"/api/rooms/{code}/join", {"displayName": "Guest"})
    assert ticket["role"] == "guest" and ticket["room"]["participants"] is None
    await rest.patch(f"/api/rooms/{code}", {"locked": True}, by=ada)
    locked = await rest.post(f"/api/rooms/{code}/join", {"displayName": "Guest"}, status=403)
    assert locked["error"]["name"] == "room_locked"
    await rest.patch(f"/api/rooms/{code}", {"access": "users"}, by=ada)
    await rest.post(f"/api/rooms/{code}/join", {"displayName": "Guest"}, status=401)


async def test_leaving_works_with_both_kinds_of_tokens(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code, other = await rest.room(ada), await rest.room(ada)
    ticket = await rest.post(f"/api/rooms/{code}/join", {"displayName": "Guest"})
    await rest.post(f"/api/rooms/{code}/leave", by=ada, status=204)
    await rest.post(f"/api/rooms/{code}/leave", by=ticket["token"], status=204)
    await rest.post(f"/api/rooms/{other}/leave", by=ticket["token"], status=403)
    await rest.post(f"/api/rooms/{code}/leave", status=401)
