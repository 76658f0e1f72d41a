from __future__ import annotations

from .rest import Rest, rest, rest_settings

__all__ = ["rest", "rest_settings"]


async def test_an_invitation_tells_its_token_once(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    path = f"/api/rooms/{await rest.room(ada)}/invitations"
    made = await rest.post(path, {"role": "member", "email": "Bob@Example.org", "maxUses": 3}, by=ada, status=201)
    assert made["url"] == f"http://127.0.0.1:{rest.client.port}/invite#{made['token']}"
    shown = {name: value for name, value in made.items() if name not in ("token", "url")}
    assert set(shown) == {"id", "role", "email", "maxUses", "uses", "createdAt", "expiresAt"}
    assert (shown["email"], shown["maxUses"], shown["uses"]) == ("bob@example.org", 3, 0)
    assert await rest.get(path, by=ada) == {"items": [shown], "next": None}


async def test_who_accepts_is_a_member(rest: Rest) -> None:
    ada, bob = await rest.sign_up("Ada"), await rest.sign_up("Bob")
    code = await rest.room(ada, access="members")
    made = await rest.post(f"/api/rooms/{code}/invitations", {"role": "moderator"}, by=ada, status=201)
    await rest.post("/api/invitations/accept", {"token": made["token"]}, status=401)
    accepted = await rest.post("/api/invitations/accept", {"token": made["token"]}, by=bob)
    assert (accepted["room"]["code"], accepted["role"]) == (code, "moderator")
    assert (await rest.get(f"/api/rooms/{code}", by=bob))["role"] == "moderator"
    await rest.post("/api/invitations/accept", {"token": "never seen"}, by=bob, status=404)


async def test_a_revoked_one_is_worthless(rest: Rest) -> None:
    ada, bob = await rest.sign_up("Ada"), await rest.sign_up("Bob")
    path = f"/api/rooms/{await rest.room(ada)}/invitations"
    made = await rest.post(path, {"role": "member"}, by=ada, status=201)
    await rest.delete(f"{path}/{made['id']}", by=bob, status=403)
    await rest.delete(f"{path}/{made['id']}", by=ada)
    await rest.post("/api/invitations/accept", {"token": made["token"]}, by=bob, status=404)


async def test_one_that_can_not_be_names_the_field(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    path = f"/api/rooms/{await rest.room(ada)}/invitations"
    for wrong, field in (
        ({"role": "owner"}, "role"),
        ({"role": "member", "maxUses": 0}, "maxUses"),
        ({"role": "member", "expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"),
    ):
        refused = await rest.post(path, wrong, by=ada, status=400)
        assert list(refused["error"]["fields"]) == [field]
