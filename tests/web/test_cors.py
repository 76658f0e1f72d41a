from __future__ import annotations

import dataclasses

import pytest

from app.config import Settings

from .conftest import Client, Serve, error_in

FRIEND, STRANGER = "https://friend.example", "https://stranger.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}


@pytest.fixture
def web_settings(web_settings: Settings) -> Settings:
    return dataclasses.replace(web_settings, allowed_origins=(FRIEND,))


async def test_a_listed_page_may_ask_anything_and_read_the_answers(client: Client) -> None:
    answer = await client.options("/api/version", headers={"Origin": FRIEND, **PREFLIGHT})
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Content-Type"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    answer = await client.get("/api/version", headers={"Origin": FRIEND})
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert {"Retry-After", "X-Request-Id"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))


async def test_it_may_read_errors_too(client: Client) -> None:
    answer = await client.get("/api/nothing", headers={"Origin": FRIEND})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (404, FRIEND)


async def test_a_page_that_is_not_listed_may_not(client: Client) -> None:
    answer = await client.options("/api/version", headers={"Origin": STRANGER, **PREFLIGHT})
    assert (answer.status, (await error_in(answer))["name"]) == (403, "not_allowed")
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer = await client.get("/api/version", headers={"Origin": STRANGER})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"Origin": FRIEND}, {"Origin": STRANGER}])
async def test_caches_keep_answers_to_different_pages_apart(client: Client, headers: dict[str, str]) -> None:
    answer = await client.get("/api/version", headers=headers)
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_options_that_are_no_preflight_are_a_wrong_method(client: Client) -> None:
    answer = await client.options("/api/version")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")


async def test_by_default_no_page_but_ours_may(serve: Serve, web_settings: Settings) -> None:
    async with serve(dataclasses.replace(web_settings, allowed_origins=())) as client:
        answer = await client.options("/api/version", headers={"Origin": FRIEND, **PREFLIGHT})
        assert answer.status == 403
