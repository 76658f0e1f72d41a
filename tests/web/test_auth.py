from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from app.config import Settings
from app.services.accounts import Accounts

from .rest import PASSWORD, Rest, rest, rest_settings

__all__ = ["rest", "rest_settings"]

ZOE = {"email": "zoe@example.org", "password": PASSWORD, "displayName": "Zoe"}
LOGIN = {"email": "zoe@example.org", "password": PASSWORD}


async def test_from_signing_up_to_signing_out(rest: Rest) -> None:
    assert await rest.post("/api/auth/register", ZOE, status=202) == {}
    login = await rest.post("/api/auth/login", LOGIN)
    assert (login["tokenType"], login["expiresIn"]) == ("Bearer", 900)
    user = login["user"]
    assert set(user) == {"id", "email", "displayName", "isAdmin", "createdAt"}
    assert (user["email"], user["displayName"], user["isAdmin"]) == ("zoe@example.org", "Zoe", False)
    assert user["createdAt"].endswith("Z")
    assert await rest.get("/api/auth/me", by=login["accessToken"]) == user
    refreshed = await rest.post("/api/auth/refresh", {"refreshToken": login["refreshToken"]})
    assert set(refreshed) == set(login)
    assert await rest.get("/api/auth/me", by=refreshed["accessToken"]) == user
    await rest.post("/api/auth/logout", {"refreshToken": refreshed["refreshToken"]}, status=204)
    for token in (login["accessToken"], refreshed["accessToken"]):
        await rest.get("/api/auth/me", by=token, status=401)


async def test_answers_do_not_tell_whether_an_address_has_an_account(rest: Rest) -> None:
    answers = [await rest.post("/api/auth/register", ZOE, status=202) for _ in range(2)]
    assert answers == [{}, {}]
    wrong = [
        await rest.post("/api/auth/login", {"email": email, "password": "not it at all"}, status=401)
        for email in ("zoe@example.org", "nobody@example.org")
    ]
    assert wrong[0] == wrong[1]
    unknown = await rest.post("/api/auth/logout", {"refreshToken": "never seen"}, status=204)
    assert unknown is None


@pytest.mark.parametrize(
    ("account", "field"),
    [
        ({**ZOE, "email": "zoe"}, "email"),
        ({**ZOE, "password": "short"}, "password"),
        ({**ZOE, "displayName": "  "}, "displayName"),
        ({**ZOE, "isAdmin": True}, "isAdmin"),
        ({"email": "zoe@example.org", "password": PASSWORD}, "displayName"),
    ],
)
async def test_an_account_that_can_not_be_names_the_field(rest: Rest, account: dict[str, Any], field: str) -> None:
    refused = await rest.post("/api/auth/register", account, status=400)
    assert list(refused["error"]["fields"]) == [field]


async def test_where_the_operator_makes_accounts_registering_is_refused(rest: Rest, rest_settings: Settings) -> None:
    services = rest.services
    closed = Accounts(
        services.database, services.passwords, services.live, dataclasses.replace(rest_settings, registration=False)
    )
    services.accounts.register = closed.register  # type: ignore[method-assign]
    refused = await rest.post("/api/auth/register", ZOE, status=403)
    assert refused["error"]["name"] == "not_allowed"


async def test_one_changes_and_deletes_ones_own_account(rest: Rest) -> None:
    zoe = await rest.sign_up("Zoe")
    assert (await rest.patch("/api/auth/me", {"displayName": " Zoë "}, by=zoe))["displayName"] == "Zoë"
    assert (await rest.patch("/api/auth/me", {}, by=zoe))["displayName"] == "Zoë"
    new = {"currentPassword": PASSWORD, "newPassword": "battery staple"}
    wrong = await rest.post("/api/auth/me/password", {**new, "currentPassword": "not it at all"}, by=zoe, status=400)
    assert list(wrong["error"]["fields"]) == ["currentPassword"]
    await rest.post("/api/auth/me/password", new, by=zoe, status=204)
    await rest.delete("/api/auth/me", {"password": PASSWORD}, by=zoe, status=400)
    await rest.delete("/api/auth/me", {"password": "battery staple"}, by=zoe)
    await rest.get("/api/auth/me", by=zoe, status=401)
    await rest.post("/api/auth/login", LOGIN, status=401)


async def test_without_a_token_there_is_no_me(rest: Rest) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        await rest.ask(method, "/api/auth/me", {}, status=401)
    await rest.get("/api/auth/me", by="nonsense", status=401)


async def test_without_a_database_the_answer_is_503(rest: Rest) -> None:
    zoe = await rest.sign_up("Zoe")
    rest.services.database.problem = "away"
    refused = await rest.get("/api/auth/me", by=zoe, status=503)
    assert refused["error"] == {"name": "unavailable", "message": "away", "fields": {}}
    await rest.post("/api/auth/login", LOGIN, status=503)
