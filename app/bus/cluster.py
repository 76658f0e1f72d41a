"""Which nodes there are."""

from __future__ import annotations

import time
from collections.abc import Mapping

from app.rtc.bus import Node


class Cluster:
    """All nodes but this one, and when they were heard of."""

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._heard: dict[str, float] = {}
        self.nodes: dict[str, Node] = {}

    def begin(self, nodes: Mapping[str, Node | None]) -> None:
        """
        Take in which nodes Redis knows, from now on.

        Those that it does not (any more) have a lease's time to come back: it may have lost its memory.
        """
        self._heard = dict.fromkeys((*self.nodes, *nodes), time.monotonic())
        self.nodes |= {id: node for id, node in nodes.items() if node is not None}

    def heard(self, node_id: str, node: Node | None) -> None:
        """Take in that a node lives, and what it said of itself if that can be read."""
        self._heard[node_id] = time.monotonic()
        if node is not None:
            self.nodes[node_id] = node

    def silent(self) -> list[str]:
        """Give the nodes that were not heard of for a lease, all of which this node was there."""
        too_long_ago = time.monotonic() - self._lease
        return [id for id, at in self._heard.items() if at < too_long_ago]

    def lost(self, node_id: str) -> bool:
        """Take in that a node is no more; tells whether it was known to live."""
        self._heard.pop(node_id, None)
        return self.nodes.pop(node_id, None) is not None
