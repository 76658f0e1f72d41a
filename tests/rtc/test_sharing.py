"""Tests of rooms that have several parts: who is in one of them is seen by those in the others."""

from __future__ import annotations

from app.rtc.events import NewPeer, PeerClosed, PeerDisplayNameChanged
from app.rtc.meeting_events import PeerUpdated

from .fakes import until
from .nodes import OVER_BOTH, Nodes
from .parameters import give_transports
from .people import client_of, join

pytestmark = OVER_BOTH


async def test_who_joins_on_one_node_is_seen_on_the_others(nodes: Nodes) -> None:
    a, b, c = await nodes.start("a", "b", "c")
    _, ada = await a.arrive("ada")
    bob, _ = await b.arrive("bob", metadata="from Bern")
    told = await ada.hears(NewPeer, id="bob")
    assert (told.display_name, told.metadata) == ("Bob", "from Bern")
    await until(lambda: nodes.all_see(2))
    cy, _ = await c.enter("cy")
    await give_transports(cy)
    assert sorted(join(await c.room(), cy)) == ["ada", "bob"]
    await client_of(bob).hears(NewPeer, id="cy")
    await ada.hears(NewPeer, id="cy")


async def test_who_leaves_is_gone_everywhere(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    _, bob = await b.arrive("bob")
    await until(lambda: nodes.all_see(2))
    ada.close()
    await bob.hears(PeerClosed, peer_id="ada")
    assert (await b.room()).others((await b.room()).find("bob")) == []


async def test_who_has_not_joined_yet_is_not_seen(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    _, ada = await a.arrive("ada")
    bob, _ = await b.enter("bob")
    await until(lambda: len((a.rooms.rooms[0]).elsewhere))
    assert ada.all(NewPeer) == []
    bob.close()
    await until(lambda: not len((a.rooms.rooms[0]).elsewhere))
    assert ada.all(PeerClosed) == []


async def test_what_somebody_says_of_itself_is_known_everywhere(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    _, bob = await b.arrive("bob")
    await until(lambda: nodes.all_see(2))
    room = await a.room()
    room.rename(ada, "Countess")
    await bob.hears(PeerDisplayNameChanged, peer_id="ada", display_name="Countess", old_display_name="Ada")
    room.describe(ada, "from London", {"mood": "fine"})
    await bob.hears(PeerUpdated, peer_id="ada", metadata="from London", attributes={"mood": "fine"})


async def test_who_comes_later_hears_of_all_changes_since(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    room = await a.room()
    # Nobody asks for these.
    for name in ("Lady", "Countess"):
        room.rename(ada, name)
    _, bob = await b.arrive("bob")
    there = await b.room()
    await until(lambda: nodes.all_see(2) and there.look_up("ada").display_name == "Countess")
    for name in ("Mathematician", "Ada"):
        room.rename(ada, name)
        await bob.hears(PeerDisplayNameChanged, peer_id="ada", display_name=name)


async def test_a_part_that_is_left_empty_ends_without_the_call(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ends: list[str] = []
    for node in (a, b):
        node.rooms.on_open.add(lambda room: room.on_end.add(lambda farewell: ends.append(farewell.value)))
    await a.arrive("ada")
    await b.arrive("bob")
    await b.rooms.close()
    assert ends == []
    await a.rooms.close()
    assert ends == ["server-shutdown"]
    assert await nodes.left_on_the_bus() == []


async def test_one_call_has_one_name(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    first, second = await a.room(), await b.room()
    await until(lambda: first.call_id == second.call_id)
    assert first.opened_at == second.opened_at
