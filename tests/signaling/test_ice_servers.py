from __future__ import annotations

import dataclasses
import time

import pytest

from app.config import Settings

from .calls import join
from .conftest import Connect


async def test_without_a_turn_server_there_is_nothing_to_give_and_nothing_expires(connect: Connect) -> None:
    client = await connect("ada")
    assert await client.request("getIceServers") == {"iceServers": [], "expiresAt": None}
    assert (await join(client))["iceServers"] == []


class TestWithATurnServer:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(
            settings, turn_urls=("turn:turn.example.org",), turn_secrets=("a-secret-of-the-tests",), turn_seconds=600
        )

    async def test_credentials_are_new_whenever_they_are_asked_for(self, connect: Connect) -> None:
        client = await connect("ada")
        before = time.time()
        answer = await client.request("getIceServers")
        (server,) = answer["iceServers"]
        assert server["urls"] == ["turn:turn.example.org"] and server["credential"]
        assert int(before) + 600 <= answer["expiresAt"] / 1_000 <= time.time() + 600
        assert server["username"].startswith(f"{answer['expiresAt'] // 1_000}:")

    async def test_those_who_join_get_credentials_of_their_own(self, connect: Connect) -> None:
        people = {name: (await join(await connect(name)))["iceServers"][0] for name in ("ada", "bob")}
        names = {server["username"].partition(":")[2] for server in people.values()}
        assert len(names) == 2
