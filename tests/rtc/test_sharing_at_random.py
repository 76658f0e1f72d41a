"""Whatever people do on several nodes, in the end all of them see the same."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.errors import ConnectError
from app.rtc.events import Farewell, NewPeer, PeerClosed, PeerDisplayNameChanged, RoomUpdated
from app.rtc.meeting_events import HandLowered, HandRaised, PeerUpdated
from app.rtc.peer import Peer
from app.rtc.room import Room

from .fakes import FakeClient, until
from .nodes import OVER_BOTH, Nodes, TestNode
from .people import HOST, client_of, join

pytestmark = OVER_BOTH

NAMES = [f"peer{number}" for number in range(8)]
STEPS = 120


class Screen:
    """What a client shows after all that it was told."""

    def __init__(self, room: Room, peer: Peer) -> None:
        self.people, self.hands, self.locked = shown_in(room, peer)
        self._heard = len(client_of(peer).heard)

    def follow(self, client: FakeClient) -> None:
        """Take in what came since."""
        news, self._heard = client.heard[self._heard :], len(client.heard)
        for event in news:
            match event:
                case NewPeer():
                    self.people[event.id] = event.display_name, event.metadata
                case PeerClosed():
                    self.people.pop(event.peer_id, None)
                    self.hands.discard(event.peer_id)
                case PeerDisplayNameChanged():
                    self.people[event.peer_id] = event.display_name, self.people[event.peer_id][1]
                case PeerUpdated() if event.peer_id in self.people:
                    self.people[event.peer_id] = event.display_name, event.metadata
                case HandRaised():
                    self.hands.add(event.peer_id)
                case HandLowered():
                    self.hands.discard(event.peer_id)
                case RoomUpdated():
                    self.locked = event.locked

    @property
    def shown(self) -> tuple[Any, ...]:
        """All of it."""
        return self.people, self.hands, self.locked


def shown_in(room: Room, peer: Peer) -> tuple[Any, ...]:
    """Give what a screen is to show."""
    people = {info.id: (info.display_name, info.metadata) for info in room.others(peer)}
    return people, {hand.peer_id for hand in room.hands_raised}, room.config.locked


class Town:
    """People who come, do something and go, on any of the nodes, as chance has it."""

    def __init__(self, nodes: list[TestNode], chance: random.Random) -> None:
        self._nodes = nodes
        self._chance = chance
        self.screens: dict[Peer, Screen] = {}

    @property
    def people(self) -> list[Peer]:
        return [peer for peer in self.screens if not peer.closed]

    async def step(self) -> None:
        """Have one thing happen."""
        deeds: list[Callable[[], Awaitable[Any]]] = [self._come, self._come, self._go, self._rename, self._wave]
        try:
            await self._chance.choice([*deeds, self._describe, self._lower, self._remove, self._lock])()
        except ConnectError:
            # Somebody else was faster.
            return

    def room_of(self, peer: Peer) -> Room:
        return next(room for node in self._nodes for room in node.rooms.rooms if peer in room.connected)

    async def _come(self) -> None:
        node = self._chance.choice(self._nodes)
        peer, _ = await node.enter(self._chance.choice(NAMES), role="member")
        room = await node.room()
        join(room, peer)
        self.screens[peer] = Screen(room, peer)

    async def _go(self) -> None:
        self._somebody().close()

    async def _rename(self) -> None:
        peer = self._somebody()
        self.room_of(peer).rename(peer, f"name {self._chance.random()}")

    async def _describe(self) -> None:
        peer = self._somebody()
        self.room_of(peer).describe(peer, f"metadata {self._chance.random()}", {})

    async def _wave(self) -> None:
        peer = self._somebody()
        self.room_of(peer).hands.lift(peer)

    async def _lower(self) -> None:
        self.room_of(self._somebody()).lower_hand(self._chance.choice(NAMES), HOST)

    async def _remove(self) -> None:
        self.room_of(self._somebody()).remove(self._chance.choice(NAMES), HOST, Farewell.REMOVED)

    async def _lock(self) -> None:
        room = self.room_of(self._somebody())
        room.lock(not room.config.locked, None)

    def _somebody(self) -> Peer:
        if not self.people:
            raise ConnectError("nobody is here")
        return self._chance.choice(self.people)


def views(nodes: list[TestNode]) -> list[Any]:
    """Give what each part knows."""
    rooms = [room for node in nodes for room in node.rooms.rooms]
    return [
        (
            {peer.id: (peer.display_name, peer.metadata, peer.joined) for peer in room.everybody},
            [hand.peer_id for hand in room.hands_raised],
            room.config,
            {identity: sorted(sources) for identity, sources in room.door.known.items()},
        )
        for room in rooms
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_all_see_the_same_in_the_end(nodes: Nodes, seed: int) -> None:
    all_nodes = await nodes.start("a", "b", "c")
    town = Town(all_nodes, random.Random(seed))
    for _ in range(STEPS):
        await town.step()
    # Whoever is here knows that nothing comes any more when all have heard the same last thing.
    room = all_nodes[0].rooms.rooms[0]
    room.adjust(None, name="the end")
    await until(lambda: all(view[2].name == "the end" for view in views(all_nodes)))
    try:
        await until(lambda: all(view == views(all_nodes)[0] for view in views(all_nodes)), seconds=5)
    except TimeoutError:
        first, *others = views(all_nodes)
        for view in others:
            assert view == first
    for peer in town.people:
        screen = town.screens[peer]
        screen.follow(client_of(peer))
        assert screen.shown == shown_in(town.room_of(peer), peer)
