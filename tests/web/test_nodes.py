from __future__ import annotations

import pytest

import app
from app.config import Settings
from app.services.logins import operator_token

from .rest import Rest, rest, rest_settings

__all__ = ["rest", "rest_settings"]

NODES = "/api/admin/nodes"


async def test_an_admin_sees_all_nodes_and_what_they_have_to_do(rest: Rest) -> None:
    ada = await rest.sign_up("Ada")
    await rest.services.accounts.make_admin("ada@example.org")
    await rest.cluster.add("other", region="eu", draining=True)
    answer = await rest.get(NODES, by=ada)
    here, other = answer["nodes"]
    assert (answer["nodeId"], answer["problem"]) == ("here", None)
    assert here == {
        "id": "here",
        "epoch": 1,
        "region": "",
        "url": None,
        "mediaIp": "127.0.0.1",
        "version": app.__version__,
        "draining": False,
        "workers": [{"slot": 0, "cpu": 0, "consumers": 0, "rooms": 0, "peers": 0}],
    }
    assert (other["id"], other["region"], other["draining"]) == ("other", "eu", True)
    assert other["url"] == "wss://other.example.org/ws"


async def test_it_is_told_what_is_wrong_between_them(
    rest: Rest, rest_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest.cluster.here, "problem", "no answer")
    answer = await rest.get(NODES, by=operator_token(rest_settings))
    assert answer["problem"] == "no answer"
    assert [node["id"] for node in answer["nodes"]] == ["here"]


async def test_nobody_else_does(rest: Rest) -> None:
    refused = await rest.get(NODES, by=await rest.sign_up("Ada"), status=403)
    assert refused["error"]["name"] == "not_allowed"
    await rest.get(NODES, status=401)
