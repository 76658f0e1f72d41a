from __future__ import annotations

from uuid import uuid4

from .rest import Rest, rest, rest_settings

__all__ = ["rest", "rest_settings"]


async def test_members_come_in_pages(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code = await rest.room(ada)
    bob = await rest.member(ada, code, "Bob")
    page = await rest.get(f"/api/rooms/{code}/members?limit=1", by=bob)
    rest_of_it = await rest.get(f"/api/rooms/{code}/members?cursor={page['next']}", by=bob)
    members = page["items"] + rest_of_it["items"]
    assert [(each["userId"], each["displayName"], each["role"]) for each in members] == [
        (ada.id, "Ada", "owner"),
        (bob.id, "Bob", "member"),
    ]
    assert set(members[0]) == {"userId", "displayName", "role", "createdAt"}
    await rest.get(f"/api/rooms/{code}/members", by=await rest.sign_up("Eve"), status=403)


async def test_roles_change(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code = await rest.room(ada)
    bob = await rest.member(ada, code, "Bob")
    path = f"/api/rooms/{code}/members/{bob.id}"
    assert (await rest.patch(path, {"role": "moderator"}, by=ada))["role"] == "moderator"
    await rest.patch(path, {"role": "owner"}, by=bob, status=403)
    await rest.patch(path, {"role": "guest"}, by=ada, status=400)
    await rest.patch(path, {"role": "owner"}, by=ada)
    assert (await rest.get(f"/api/rooms/{code}", by=ada))["role"] == "moderator"
    await rest.patch(f"/api/rooms/{code}/members/{uuid4()}", {"role": "member"}, by=bob, status=404)


async def test_memberships_end(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    code = await rest.room(ada, access="members")
    bob = await rest.member(ada, code, "Bob")
    await rest.delete(f"/api/rooms/{code}/members/{ada.id}", by=bob, status=403)
    await rest.delete(f"/api/rooms/{code}/members/{bob.id}", by=bob)
    await rest.get(f"/api/rooms/{code}", by=bob, status=403)
    await rest.delete(f"/api/rooms/{code}/members/{bob.id}", by=ada, status=404)
