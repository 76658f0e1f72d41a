"""A room of people in browsers who come through the load balancer, and are led to three nodes: each is soon full."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from playwright.async_api import Browser, Page, WebSocket

from tests.services.waiting import eventually

from .balancer import Balancer
from .cluster import Cluster, Node
from .deployment import PASSWORD
from .participant import they_see_each_other
from .small import SmallParticipant
from .test_meeting import until_text, write
from .watching import Look, back_at, longest_freeze, watch, watched

#: From two people of one room on, a worker is full.
SOON_FULL = {"CONNECT_WORKER_MAX_CONSUMERS": "1"}
#: Seconds without a new picture that nobody notices, at five a second.
STANDSTILL = 1.0


class Led(SmallParticipant):
    """One of whom it is known to which node it was led."""

    def __init__(self, page: Page, name: str) -> None:
        super().__init__(page, name)
        self._sockets: list[WebSocket] = []
        page.on("websocket", lambda socket: self._sockets.append(socket))

    def node(self, cluster: Cluster) -> Node:
        """Give the node that its last address names."""
        url = self._sockets[-1].url
        return next(node for node in cluster.nodes if f"/nodes/{node.id}/ws?" in url)

    async def until_back(self) -> None:
        """Wait until it is in the call by another connection than its first one."""

        async def back(_: object) -> bool:
            return len(self._sockets) > 1 and await self.joined()

        await self.until(back, "is back in the call")


@dataclass(frozen=True, slots=True)
class Spread:
    """Olga, whose room it is, and Bob are on ``first``; Cleo and Dan on the two others."""

    room: str
    #: Olga's, for the API.
    token: str
    first: Node
    olga: Led
    bob: Led
    cleo: Led
    dan: Led

    @property
    def people(self) -> Sequence[Led]:
        return *self.lost, *self.spared

    @property
    def lost(self) -> Sequence[Led]:
        """Those on the first node, with which they fall."""
        return self.olga, self.bob

    @property
    def spared(self) -> Sequence[Led]:
        return self.cleo, self.dan

    @classmethod
    async def make(cls, browser: Browser, cluster: Cluster, balancer: Balancer) -> Self:
        """Have all of them see each other, with their chats open."""
        node = cluster.nodes[0]
        email, token = node.sign_up("Olga")
        room = node.api("POST", "/rooms", {"name": "Everywhere"}, token)["code"]
        olga = await Led.arrive(browser, f"{balancer.url}/signin?next=/r/{room}", "Olga")
        await olga.fill("signin-email", email)
        await olga.fill("signin-password", PASSWORD)
        await olga.click("signin-button")
        await olga.join()
        bob = await _enter(browser, balancer, room, "Bob")
        first = olga.node(cluster)
        assert bob.node(cluster) is first
        await _until_led_past(cluster, room, first)
        cleo = await _enter(browser, balancer, room, "Cleo")
        await _until_led_past(cluster, room, first, cleo.node(cluster))
        dan = await _enter(browser, balancer, room, "Dan")
        assert len({first.id, cleo.node(cluster).id, dan.node(cluster).id}) == len(cluster.nodes)
        spread = cls(room, token, first, olga, bob, cleo, dan)
        await all_are_there(spread.people)
        for person in spread.people:
            await person.toggle("chat")
        return spread


@dataclass(frozen=True, slots=True)
class Fall:
    """
    What the fall of the first node came to, in seconds after it, for whom it took longest.

    ``gone`` is when the others did not see the last picture of its people any more, ``back`` when their pages were in
    the call again, and ``seen`` when the others saw a new picture of theirs. ``still`` is for how long the others' own
    pictures of each other stood still at worst.
    """

    gone: float
    back: float
    seen: float
    still: float

    @classmethod
    async def see(cls, call: Spread, fell: float) -> Self:
        """Wait until all is well again; everybody has been watching since before it ``fell``."""
        for person in call.lost:
            await person.until_back()
        await all_are_there(call.people)
        ids = {person.name: await person.peer_id() for person in call.people}
        looks = {person.name: await watched(person) for person in call.people}
        pictures = [(looks[one.name], ids[other.name]) for one in call.spared for other in call.lost]
        return cls(
            gone=max(_gone_at(*picture, fell) for picture in pictures) - fell,
            back=max(back_at(looks[person.name], fell) for person in call.lost) - fell,
            seen=max(_seen_anew_at(*picture, fell) for picture in pictures) - fell,
            still=max(
                longest_freeze(looks[one.name], ids[other.name])
                for one in call.spared
                for other in call.spared
                if one is not other
            ),
        )

    def __str__(self) -> str:
        return (
            f"its people were gone after {self.gone:.1f} s, their pages back after {self.back:.1f} s, and seen after "
            f"{self.seen:.1f} s; the others' pictures of each other stood still for {self.still:.1f} s at most"
        )


async def they_watch(people: Sequence[Led]) -> None:
    """Have them look at each other from now on."""
    for person in people:
        await watch(person)
    for person in people:
        await person.until(_has_looked, "has looked")


async def all_are_there(people: Sequence[Led]) -> None:
    """Wait until all have a tile for each, and see each other."""
    for person in people:
        await person.until_tiles(len(people))
    await they_see_each_other(*people)


async def all_read(people: Sequence[Led], writer: Led, text: str) -> None:
    """What one writes comes last in the chats of all."""
    await write(writer, text)
    for person in people:
        await until_text(person, person.page.get_by_test_id("chat-message").last, text)


async def _enter(browser: Browser, balancer: Balancer, room: str, name: str) -> Led:
    person = await Led.arrive(browser, f"{balancer.url}/r/{room}", name)
    await person.join()
    return person


async def _until_led_past(cluster: Cluster, room: str, *full: Node) -> None:
    """Wait until each node knows which ones are full, and would send the next one elsewhere."""

    def led() -> bool:
        urls = [node.api("POST", f"/rooms/{room}/join", {"displayName": "Next"})["url"] for node in cluster.nodes]
        return not any(f"/nodes/{node.id}/ws" in url for url in urls for node in full)

    await eventually(lambda: asyncio.to_thread(led))


async def _has_looked(person: Led) -> bool:
    return bool(await person.page.evaluate("watched.length > 1"))


def _gone_at(looks: Sequence[Look], peer_id: str, after: float) -> float:
    """Tell when a picture was seen no more that ``after`` something happened could only stand still."""
    last = max(look.frames.get(peer_id, 0) for look in looks if look.at <= after)
    return min(look.at for look in looks if look.at > after and look.frames.get(peer_id, 0) < last)


def _seen_anew_at(looks: Sequence[Look], peer_id: str, after: float) -> float:
    """Tell when there was a frame of the next picture."""
    gone = _gone_at(looks, peer_id, after)
    return min(look.at for look in looks if look.at >= gone and look.frames.get(peer_id, 0) > 0)
