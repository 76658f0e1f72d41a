from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import app
from app.config import Settings, SettingsError
from app.errors import NotAllowed
from app.rtc.bus import BusUnavailable, PartId
from app.services.callers import operator
from app.services.this_node import ThisNode, node_id

from .cluster import FULL, IDLE, Cluster, Nobody
from .world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(
        settings, node_region="eu", node_url="wss://here.example.org/ws", announced_address="192.0.2.1"
    )


# This node


def test_a_node_keeps_its_id(settings: Settings, tmp_path: Path) -> None:
    settings = dataclasses.replace(settings, run_dir=tmp_path / "run")
    made = node_id(settings)
    assert made.startswith("node-")
    assert node_id(settings) == made
    assert node_id(dataclasses.replace(settings, run_dir=tmp_path / "other")) != made
    assert node_id(dataclasses.replace(settings, node_id="n1")) == "n1"


def test_a_file_that_holds_no_id_is_refused(settings: Settings, tmp_path: Path) -> None:
    settings = dataclasses.replace(settings, run_dir=tmp_path)
    (tmp_path / "node-id").write_text("a/b")
    with pytest.raises(SettingsError, match="node-id"):
        node_id(settings)
    (tmp_path / "node-id").unlink()
    (tmp_path / "node-id").mkdir()
    with pytest.raises(SettingsError, match="directory"):
        node_id(settings)


def test_it_describes_itself(settings: Settings) -> None:
    this = ThisNode("n1", settings, lambda: (IDLE,))
    node = this.describe()
    assert (node.id, node.region, node.url) == ("n1", "eu", "wss://here.example.org/ws")
    assert (node.media_ip, node.version, node.workers) == ("192.0.2.1", app.__version__, (IDLE,))
    assert not node.draining
    this.draining = True
    assert this.describe().draining


# All nodes


async def test_admins_see_all_nodes(cluster: Cluster, world: World) -> None:
    away = await cluster.add("away")
    assert [node.id for node in cluster.nodes.list(operator())] == ["away", "here"]
    await away.close()
    assert [node.id for node in cluster.nodes.list(operator())] == ["here"]
    with pytest.raises(NotAllowed):
        cluster.nodes.list(await world.user("Ada"))


async def test_who_comes_to_a_room_is_sent_to_the_node_that_has_it(cluster: Cluster) -> None:
    away = await cluster.add("away", region="us")
    await cluster.add("third", region="eu")
    assert await cluster.nodes.url_for("hall") != "wss://away.example.org/ws"
    await away.open("kitchen", 0, Nobody())
    assert await cluster.nodes.url_for("kitchen") == "wss://away.example.org/ws"


async def test_a_call_begins_in_the_region_of_the_node_that_was_asked(cluster: Cluster) -> None:
    await cluster.add("away", region="us")
    assert await cluster.nodes.url_for("kitchen") == "wss://here.example.org/ws"


async def test_who_has_a_room_is_remembered_for_a_moment(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    away, asked = await cluster.add("away", region="us"), 0
    peek = cluster.here.peek

    async def count(room_id: str) -> Any:
        nonlocal asked
        asked += 1
        return await peek(room_id)

    monkeypatch.setattr(cluster.here, "peek", count)
    for _ in range(3):
        assert await cluster.nodes.url_for("kitchen") == "wss://here.example.org/ws"
    assert asked == 1
    await away.open("hall", 0, Nobody())
    monkeypatch.setattr("app.services.nodes.MAX_REMEMBERED", 1)
    assert await cluster.nodes.url_for("hall") == "wss://away.example.org/ws"
    await cluster.nodes.url_for("kitchen")
    assert asked == 3


async def test_without_addresses_nobody_is_sent_anywhere(settings: Settings) -> None:
    cluster = Cluster(dataclasses.replace(settings, node_url=None))
    await cluster.here.start()
    away = await cluster.add("away", url=None)
    assert await cluster.nodes.url_for("kitchen") is None
    await away.open("kitchen", 0, Nobody())
    # Another has one, but not the node that has the room.
    await cluster.add("third")
    assert await cluster.nodes.url_for("kitchen") is None


async def test_while_the_bus_does_not_answer_it_goes_by_what_is_known_without(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(room_id: str) -> tuple[Mapping[PartId, Mapping[str, bytes]], Mapping[str, bytes]]:
        raise BusUnavailable("away")

    await cluster.add("away", region="us")
    monkeypatch.setattr(cluster.here, "peek", fail)
    assert await cluster.nodes.url_for("kitchen") == "wss://here.example.org/ws"


async def test_one_moves_to_another_node_that_has_room_to_spare(cluster: Cluster) -> None:
    assert await cluster.nodes.elsewhere("kitchen") is None
    await cluster.add("full", workers=(FULL,))
    await cluster.add("leaving", draining=True)
    assert await cluster.nodes.elsewhere("kitchen") is None
    for name in ("second", "third"):
        await (await cluster.add(name)).open(f"{name}'s", 0, Nobody())
    for name in ("second", "third"):
        node = await cluster.nodes.elsewhere(f"{name}'s")
        assert node is not None and node.id == name


async def test_nobody_moves_while_it_is_not_known_how_the_others_are(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cluster.add("away")
    assert [node.id for node in cluster.nodes.others] == ["away"]
    monkeypatch.setattr(cluster.here, "problem", "no answer")
    assert (cluster.nodes.problem, cluster.nodes.others) == ("no answer", [])
    assert await cluster.nodes.elsewhere("kitchen") is None
