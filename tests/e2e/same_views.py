"""Calls over several nodes, of which all of these have to say the same."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from tests.services.waiting import eventually

from .cluster import Cluster
from .rtp_probe import Probe


@dataclass(frozen=True, slots=True)
class Rooms:
    """Rooms by their codes, with a token to enter each, and that of the account which owns them all."""

    owner: str
    tokens: Mapping[str, str]

    @classmethod
    def make(cls, cluster: Cluster, count: int, owner: str) -> Self:
        """Make an account of that name, and rooms; each over another node."""
        nodes = cluster.nodes
        _, account = nodes[0].sign_up(owner)
        codes = [
            nodes[index % len(nodes)].api("POST", "/rooms", {"name": f"{owner} {index}"}, account)["code"]
            for index in range(count)
        ]
        join = {"displayName": "Somebody"}
        return cls(account, {code: nodes[0].api("POST", f"/rooms/{code}/join", join)["token"] for code in codes})

    @property
    def codes(self) -> Sequence[str]:
        return tuple(self.tokens)


async def same_views(
    cluster: Cluster, rooms: Rooms, expected: Mapping[str, Sequence[str]], *, seconds: float = 5.0
) -> None:
    """Wait until each node says the same of who is in each room: those with the ``expected`` ids."""
    seen: dict[str, object] = {}

    async def same() -> bool:
        for room, ids in expected.items():
            views = await asyncio.to_thread(cluster.views, room, rooms.owner)
            seen[room] = views
            of_first = [each["peerId"] for each in views[0] or ()]
            if of_first != sorted(ids) or any(view != views[0] for view in views):
                return False
        return True

    try:
        await eventually(same, seconds=seconds)
    except TimeoutError:
        raise AssertionError(f"expected {expected}; the nodes say: {seen}") from None


@asynccontextmanager
async def calls(cluster: Cluster, rooms: Rooms) -> AsyncIterator[Probe]:
    """Have a call between each two nodes, in which everybody is heard."""
    pairs = itertools.combinations([node.address for node in cluster.nodes], 2)
    async with Probe(dict(zip(rooms.codes, pairs, strict=True)), streams=1, tokens=rooms.tokens) as probe:
        await same_views(cluster, rooms, people(probe))
        yield probe


def people(probe: Probe) -> dict[str, list[str]]:
    """Give the peer ids of those in each room."""
    rooms: dict[str, list[str]] = {}
    for speaker in probe.speakers:
        rooms.setdefault(speaker.room, []).append(speaker.name)
    return rooms
