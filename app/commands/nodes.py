"""``nodes``: which nodes there are, as the app that runs here knows them."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from app.config import Settings

from .running import ask


def nodes(settings: Settings, arguments: Namespace) -> int:
    """Print a line for each node."""
    answer = ask(settings, "GET", "/api/admin/nodes")
    for node in answer["nodes"]:
        print(_line(node, is_this=node["id"] == answer["nodeId"]))
    if answer["problem"]:
        print(f"the nodes are out of touch: {answer['problem']}")
    return 0


def _line(node: dict[str, Any], *, is_this: bool) -> str:
    workers = node["workers"]
    people, rooms = (sum(worker[each] for worker in workers) for each in ("peers", "rooms"))
    loads = " ".join(f"{worker['cpu']:.0%}" for worker in workers) or "none"
    columns = (
        f"{'*' if is_this else ' '} {node['id']:20}",
        f"{'draining' if node['draining'] else 'ready':8}",
        f"people: {people}, calls: {rooms}, workers: {loads}",
        " ".join(filter(None, (node["region"], node["url"]))),
    )
    return "  ".join(columns).rstrip()
