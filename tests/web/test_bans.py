from __future__ import annotations

from .rest import Rest, rest, rest_settings

__all__ = ["rest", "rest_settings"]


async def test_a_ban_keeps_somebody_out_until_it_is_lifted(rest: Rest) -> None:
    ada, eve = await rest.sign_up("Ada"), await rest.sign_up("Eve")
    code = await rest.room(ada)
    ban = {"kind": "identity", "value": eve.id, "reason": "noise", "expiresAt": "2100-01-01T00:00:00Z"}
    made = await rest.post(f"/api/rooms/{code}/bans", ban, by=ada, status=201)
    assert made == {**ban, "id": made["id"], "createdAt": made["createdAt"]}
    assert await rest.get(f"/api/rooms/{code}/bans", by=ada) == {"items": [made], "next": None}
    refused = await rest.post(f"/api/rooms/{code}/join", by=eve, status=403)
    assert refused["error"]["name"] == "banned"
    await rest.delete(f"/api/rooms/{code}/bans/{made['id']}", by=ada)
    await rest.post(f"/api/rooms/{code}/join", by=eve)
    await rest.delete(f"/api/rooms/{code}/bans/{made['id']}", by=ada, status=404)


async def test_only_moderators_ban(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code = await rest.room(ada)
    bob, mia = await rest.member(ada, code, "Bob"), await rest.member(ada, code, "Mia", "moderator")
    path, ban = f"/api/rooms/{code}/bans", {"kind": "identity", "value": "guest-1"}
    await rest.post(path, ban, by=bob, status=403)
    await rest.post(path, ban, status=401)
    await rest.post(path, ban, by=mia, status=201)
    moderating = await rest.post(f"/api/rooms/{code}/join", by=mia)
    await rest.post(path, {"kind": "token", "value": "t-1"}, by=moderating["token"], status=201)
    guest = await rest.post(f"/api/rooms/{code}/join", {"displayName": "Guest"})
    await rest.get(path, by=guest["token"], status=403)
    assert len((await rest.get(path, by=mia))["items"]) == 2


async def test_one_that_can_not_be_names_the_field(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    path = f"/api/rooms/{await rest.room(ada)}/bans"
    for wrong, field in (
        ({"kind": "address", "value": "x"}, "kind"),
        ({"kind": "token", "value": ""}, "value"),
        ({"kind": "token", "value": "x", "expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"),
    ):
        refused = await rest.post(path, wrong, by=ada, status=400)
        assert list(refused["error"]["fields"]) == [field]
