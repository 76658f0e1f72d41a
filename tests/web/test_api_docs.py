from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Client, error_in


async def test_swagger_ui_comes_with_the_page_and_runs_no_scripts_but_ours(
    client: Client, build: Callable[[], None]
) -> None:
    build()
    answer = await client.get("/docs")
    assert (answer.status, answer.content_type) == (200, "text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "script-src" not in policy
    answer = await client.get("/docs/initializer.js")
    assert (answer.status, await answer.text()) == (200, "show()")


@pytest.mark.parametrize("name", ["gone.js", "..%2fsecret.txt", "%2e%2e/secret.txt", ".hidden", ""])
async def test_what_does_not_belong_to_it_is_not_found(client: Client, build: Callable[[], None], name: str) -> None:
    build()
    answer = await client.get(f"/docs/{name}")
    assert (answer.status, (await error_in(answer))["name"]) == (404, "not_found")


async def test_without_a_build_it_says_how_to_make_one(client: Client) -> None:
    answer = await client.get("/docs")
    assert answer.status == 503
    assert "make run" in (await error_in(answer))["message"]
