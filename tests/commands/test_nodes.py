from __future__ import annotations

from typing import Any

import pytest

from app.commands import nodes
from tests.ports import free_port

from .conftest import Run

FIRST = {
    "id": "node-1",
    "draining": False,
    "region": "eu",
    "url": "wss://node1.example.org/ws",
    "workers": [{"cpu": 0.512, "peers": 12, "rooms": 2}, {"cpu": 0.03, "peers": 3, "rooms": 1}],
}
SECOND: dict[str, Any] = {"id": "node-2", "draining": True, "region": "", "url": None, "workers": []}


def test_there_is_a_line_for_each_node(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"nodeId": "node-2", "problem": None, "nodes": [FIRST, SECOND]}
    monkeypatch.setattr(nodes, "ask", lambda settings, method, path: answer)
    listed = run("nodes")
    assert (listed.code, listed.out.splitlines()) == (
        0,
        [
            "  node-1                ready     people: 15, calls: 3, workers: 51% 3%  eu wss://node1.example.org/ws",
            "* node-2                draining  people: 0, calls: 0, workers: none",
        ],
    )


def test_it_says_when_the_nodes_are_out_of_touch(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"nodeId": "node-1", "problem": "Redis does not answer", "nodes": [FIRST]}
    monkeypatch.setattr(nodes, "ask", lambda settings, method, path: answer)
    assert run("nodes").out.splitlines()[-1] == "the nodes are out of touch: Redis does not answer"


def test_without_an_app_there_is_nobody_to_ask(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_PORT", str(port := free_port()))
    done = run("nodes")
    assert done.code == 1
    assert done.err.startswith(f"nodes: Connect does not answer at http://127.0.0.1:{port}/api/admin/nodes")
