from __future__ import annotations

from typing import Any

import pytest

from app.config import Settings
from app.services.logins import operator_token

from .rest import Rest, rest, rest_settings

__all__ = ["rest", "rest_settings"]

DRAIN = "/api/admin/drain"
EMPTY = {"draining": False, "since": None, "deadline": None, "rooms": 0, "peers": 0}


async def test_an_admin_drains_the_server_and_takes_it_back(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    await rest.services.accounts.make_admin("ada@example.org")
    assert await rest.get(DRAIN, by=ada) == EMPTY
    begun = await rest.post(DRAIN, by=ada)
    assert begun == {**EMPTY, "draining": True, "since": begun["since"]}
    timed = await rest.post(DRAIN, {"deadlineSeconds": 600}, by=ada)
    assert timed == {**begun, "deadline": timed["deadline"]}
    assert timed["deadline"] > timed["since"]
    assert await rest.get(DRAIN, by=ada) == timed
    await rest.delete(DRAIN, by=ada)
    await rest.delete(DRAIN, by=ada)
    assert await rest.get(DRAIN, by=ada) == EMPTY


async def test_the_operator_is_one(rest: Rest, rest_settings: Settings) -> None:
    assert (await rest.post(DRAIN, by=operator_token(rest_settings)))["draining"]


async def test_nobody_else_does(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    for method in ("GET", "POST", "DELETE"):
        refused = await rest.ask(method, DRAIN, {} if method == "POST" else None, by=ada, status=403)
        assert refused["error"]["name"] == "not_allowed"
        await rest.ask(method, DRAIN, {} if method == "POST" else None, status=401)
    assert rest.services.drain.problem is None


@pytest.mark.parametrize("deadline", [-1, 86_401, 1.5, "600", True])
async def test_a_deadline_that_makes_no_sense_is_refused(rest: Rest, rest_settings: Settings, deadline: Any) -> None:
    refused = await rest.post(DRAIN, {"deadlineSeconds": deadline}, by=operator_token(rest_settings), status=400)
    assert list(refused["error"]["fields"]) == ["deadlineSeconds"]
