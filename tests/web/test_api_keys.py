from __future__ import annotations

from app.services.callers import Caller
from tests.services.world import token_by

from .rest import Rest, rest, rest_settings

__all__ = ["rest", "rest_settings"]


async def test_a_key_tells_its_secret_once(rest: Rest) -> None:
    zoe = await rest.sign_up("Zoe")
    made = await rest.post("/api/api-keys", {"name": "Booking"}, by=zoe, status=201)
    assert set(made) == {"id", "name", "secret", "createdAt"}
    listed = await rest.get("/api/api-keys", by=zoe)
    del made["secret"]
    assert listed == {"items": [made], "next": None}


async def test_keys_come_in_pages(rest: Rest) -> None:
    zoe = await rest.sign_up("Zoe")
    for name in ("one", "two", "three"):
        await rest.post("/api/api-keys", {"name": name}, by=zoe, status=201)
    page = await rest.get("/api/api-keys?limit=2", by=zoe)
    rest_of_it = await rest.get(f"/api/api-keys?limit=2&cursor={page['next']}", by=zoe)
    assert [key["name"] for key in page["items"] + rest_of_it["items"]] == ["three", "two", "one"]


async def test_a_key_is_revoked_by_its_owner_alone(rest: Rest) -> None:
    zoe, eve = await rest.sign_up("Zoe"), await rest.sign_up("Eve")
    made = await rest.post("/api/api-keys", {"name": "Booking"}, by=zoe, status=201)
    await rest.delete(f"/api/api-keys/{made['id']}", by=eve, status=404)
    await rest.delete(f"/api/api-keys/{made['id']}", by=zoe)
    await rest.delete(f"/api/api-keys/{made['id']}", by=zoe, status=404)
    assert (await rest.get("/api/api-keys", by=zoe))["items"] == []


async def test_its_tokens_are_known_until_it_is_revoked(rest: Rest) -> None:
    zoe = await rest.sign_up("Zoe")
    code = await rest.room(zoe)
    caller = await rest.services.authenticate(zoe.token, "user")
    assert isinstance(caller, Caller)
    made = await rest.services.api_keys.create_for(caller, "Booking")
    bot = token_by(made, code, "bot", roomAdmin=True)
    await rest.get(f"/api/rooms/{code}/bans", by=bot)
    # It is no access token.
    await rest.get("/api/rooms", by=bot, status=401)
    await rest.delete(f"/api/api-keys/{made.record.id}", by=zoe)
    await rest.get(f"/api/rooms/{code}/bans", by=bot, status=401)
