"""Other nodes beside the one that a test is about, as far as it sees them."""

from __future__ import annotations

from typing import Any

from app.bus.in_process import InProcessBus, InProcessHub
from app.config import Settings
from app.rtc.bus import Node, WorkerLoad
from app.services.nodes import Nodes
from app.services.this_node import ThisNode

IDLE = WorkerLoad(slot=0, cpu=0, consumers=0, rooms=0, peers=0)
FULL = WorkerLoad(slot=0, cpu=1, consumers=0, rooms=0, peers=0)


class Nobody:
    """A part of a room in which nobody is."""

    def facts(self) -> dict[str, bytes]:
        return {}

    def noted(self, part: str, key: str, value: bytes | None) -> None:
        pass

    def agreed(self, key: str, value: bytes) -> None:
        pass

    def heard(self, part: str, word: bytes) -> None:
        pass


class Cluster:
    """``nodes`` is what the node ``here`` knows. All are connected in this process."""

    def __init__(self, settings: Settings) -> None:
        self._hub = InProcessHub()
        this = ThisNode("here", settings, lambda: (IDLE,))
        self.here = InProcessBus(this.id, this.describe, self._hub)
        self.nodes = Nodes(self.here, this, settings)

    async def add(self, id: str, **described: Any) -> InProcessBus:
        """Have another node; it has one idle worker unless something else is said."""
        fields: dict[str, Any] = {"region": "", "url": f"wss://{id}.example.org/ws", "workers": (IDLE,), **described}
        node = Node(id=id, epoch=0, media_ip="127.0.0.1", version="1", **fields)
        bus = InProcessBus(id, lambda: node, self._hub)
        await bus.start()
        return bus
