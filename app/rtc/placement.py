"""Which node a client is sent to, and which worker of a node serves it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol, TypeVar

from app.config import Settings

from .bus import Node


class Load(Protocol):
    """A worker as placement sees it; ``cpu`` is a share of one core, from 0 to 1."""

    @property
    def slot(self) -> int: ...

    @property
    def cpu(self) -> float: ...

    @property
    def consumers(self) -> int: ...

    @property
    def rooms(self) -> int: ...

    @property
    def peers(self) -> int: ...


T = TypeVar("T", bound=Load)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a worker bears: from this share of a core on, or with so many consumers, it is full."""

    cpu: float
    consumers: int

    @classmethod
    def of(cls, settings: Settings) -> Capacity:
        return cls(settings.worker_max_cpu, settings.worker_max_consumers)

    def is_full(self, worker: Load) -> bool:
        return worker.cpu >= self.cpu or worker.consumers >= self.consumers


def pick_worker(workers: Iterable[T], capacity: Capacity, serving: Collection[int] = ()) -> T | None:
    """
    Choose the worker for who comes to a room that those in the slots ``serving`` have; ``None`` if there is none.

    One that has the room, unless it is full: then one that has not, as for a new room. The least loaded of these, where
    a room weighs as much as a peer, so that rooms which nobody has joined yet are spread too; ties go to the lowest
    slot. When all are full they take what comes, but the room takes no more of them.
    """

    def key(worker: T) -> tuple[bool, bool, int, int]:
        return (capacity.is_full(worker), worker.slot not in serving, worker.rooms + worker.peers, worker.slot)

    return min(workers, key=key, default=None)


def pick_node(
    nodes: Iterable[Node], room_id: str, serving: Collection[str], region: str, capacity: Capacity
) -> Node | None:
    """
    Choose the node for somebody who comes to a room that the nodes ``serving`` have; ``None`` if all are draining.

    One with room to spare, that has the room, in the region, with idle processors, in this order. Those that are alike
    share the rooms among them by their names: who comes at the same time comes to the same node.
    """

    def key(node: Node) -> tuple[bool, bool, bool, int, bytes]:
        return (
            is_full(node, capacity),
            node.id not in serving,
            node.region != region,
            round(10 * cpu_of(node)),
            blake2b(f"{room_id} {node.id}".encode(), digest_size=8).digest(),
        )

    return min((node for node in nodes if not node.draining), key=key, default=None)


def is_full(node: Node, capacity: Capacity) -> bool:
    """Tell whether no worker of a node can take more; one that has none can't."""
    return all(capacity.is_full(worker) for worker in node.workers)


def cpu_of(node: Node) -> float:
    """Give the mean load of a node's workers."""
    return sum(worker.cpu for worker in node.workers) / len(node.workers) if node.workers else 1.0
