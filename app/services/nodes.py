"""The nodes there are, and which of them suits whom."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Self

from app.bus.in_process import InProcessBus
from app.config import Settings
from app.rtc.bus import Bus, BusUnavailable, Node
from app.rtc.placement import Capacity, is_full, pick_node

from .callers import Caller, check_admin
from .this_node import ThisNode

#: Seconds for which it counts as known who has a room.
REMEMBERED = 1.0
#: Rooms of which that is remembered at a time; when there are more, all of it is forgotten.
MAX_REMEMBERED = 1_000


class Nodes:
    """Sends clients where they are served best. Who goes elsewhere, or can't be sent, is served all the same."""

    def __init__(self, bus: Bus, this: ThisNode, settings: Settings) -> None:
        self.this = this
        self._bus = bus
        self._region = settings.node_region or ""
        self._capacity = Capacity.of(settings)
        self._serving: dict[str, tuple[float, Collection[str]]] = {}

    @classmethod
    def none(cls, settings: Settings) -> Self:
        """Know of no nodes: for commands, which are none."""
        this = ThisNode("none", settings, tuple)
        return cls(InProcessBus(this.id, this.describe), this, settings)

    @property
    def problem(self) -> str | None:
        """What is wrong between the nodes; ``None`` when nothing is. Calls go on."""
        return self._bus.problem

    @property
    def urls(self) -> list[str]:
        """Where clients may be sent."""
        return sorted({node.url for node in self._bus.nodes.values() if node.url})

    @property
    def others(self) -> list[Node]:
        """Those to whom clients can be sent away, which none can while it is not known how they are."""
        if self._bus.problem is not None:
            return []
        return [node for node in self._bus.nodes.values() if node.id != self.this.id and not node.draining]

    def list(self, caller: Caller) -> Sequence[Node]:
        """
        Give all that are alive, as they last described themselves.

        :raises NotAllowed: the caller is no admin
        """
        check_admin(caller)
        return sorted(self._bus.nodes.values(), key=lambda node: node.id)

    async def url_for(self, room_id: str) -> str | None:
        """Say where the websocket is for who comes to a room; ``None``: it does not matter, or can't be said."""
        if not self.urls:
            return None
        best = pick_node(self._bus.nodes.values(), room_id, await self._who_has(room_id), self._region, self._capacity)
        return None if best is None else best.url

    async def elsewhere(self, room_id: str) -> Node | None:
        """Give the node to which those should move who are in a room here; ``None`` if no other has room to spare."""
        free = [node for node in self.others if not is_full(node, self._capacity)]
        if not free:
            return None
        return pick_node(free, room_id, await self._who_has(room_id), self._region, self._capacity)

    async def _who_has(self, room_id: str) -> Collection[str]:
        now = asyncio.get_running_loop().time()
        until, nodes = self._serving.get(room_id, (now, ()))
        if now < until:
            return nodes
        try:
            parts, _ = await self._bus.peek(room_id)
        except BusUnavailable:
            # The rest of what makes a node a good one is known without.
            return nodes
        nodes = {part.rpartition("/")[0] for part in parts}
        if len(self._serving) >= MAX_REMEMBERED:
            self._serving.clear()
        self._serving[room_id] = (now + REMEMBERED, nodes)
        return nodes
