"""Tests of what is done to those in other parts of a room, and of how the room is."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.auth.grants import Grants
from app.errors import Banned, Conflict, InLobby, LimitReached, NotAllowed, NotFound, RoomLocked
from app.rtc.events import Farewell, NewConsumer, PeerClosed, RoomClosed, RoomUpdated
from app.rtc.moderation_events import (
    Admitted,
    LobbyPeer,
    LobbyPeerClosed,
    MutedByModerator,
    PermissionsChanged,
    ProducerClosed,
    Removed,
    UnmutedByModerator,
)

from .fakes import until
from .nodes import KITCHEN, OVER_BOTH, Nodes, TestNode
from .parameters import produce_audio, produce_video
from .people import ANYBODY, HOST, MODERATOR, Person, anybody, join, speak

pytestmark = OVER_BOTH

WITH_LOBBY = dataclasses.replace(KITCHEN, lobby=True)


async def knock(node: TestNode, name: str) -> Person:
    """Come, ask to join, and be told to wait."""
    peer, client = await node.enter(name, config=WITH_LOBBY, waits_in_lobby=True)
    with pytest.raises(InLobby):
        join(await node.room(), peer)
    return peer, client


async def test_a_peer_elsewhere_is_muted_and_unmuted(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    (ada, adas), (_, bobs) = await a.arrive("ada"), await b.arrive("bob")
    here, there = await a.room(), await b.room()
    there.configure(dataclasses.replace(there.config, unmute_allowed=False))
    await adas.hears(RoomUpdated, unmute_allowed=False)
    microphone = await speak(here, ada)
    await bobs.hears(NewConsumer, producer_id=microphone.id)
    await there.mute("ada", microphone.id, True, HOST)
    await adas.hears(MutedByModerator, producer_id=microphone.id, by=HOST, may_unmute=False)
    assert microphone.paused
    with pytest.raises(NotAllowed):
        await here.resume(ada, microphone.id)
    there.unmute("ada", HOST)
    await adas.hears(UnmutedByModerator, by=HOST)
    await here.resume(ada, microphone.id)
    with pytest.raises(NotFound):
        await there.mute("ada", "nothing", True, HOST)
    with pytest.raises(NotFound):
        there.unmute("nobody", HOST)


async def test_all_are_muted_everywhere(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    (ada, _), (bob, _) = await a.arrive("ada"), await b.arrive("bob")
    adas, bobs = await produce_audio(ada), await produce_audio(bob)
    await until(lambda: nodes.all_know(2))
    await (await a.room()).mute_all(bob.actor)
    await until(lambda: adas.paused)
    assert not bobs.paused


async def test_what_is_seen_of_a_peer_elsewhere_is_stopped(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    (ada, adas), _ = await a.arrive("ada"), await b.arrive("bob")
    camera, screen = await produce_video(ada), await produce_video(ada, 3333, source="screen_share")
    there = await b.room()
    await until(lambda: nodes.all_know(2))
    there.stop_video("ada", HOST)
    await adas.hears(ProducerClosed, producer_id=camera.id, by=HOST)
    there.stop_screen_share("ada", HOST)
    await adas.hears(ProducerClosed, producer_id=screen.id, by=HOST)


async def test_a_peer_elsewhere_gets_other_rights(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    (ada, adas), (_, bobs) = await a.arrive("ada"), await b.arrive("bob")
    there = await b.room()
    await until(lambda: nodes.all_know(2))
    grants = Grants(can_publish=False, can_publish_sources=frozenset({"camera"}), room_admin=True)
    there.change_grants("ada", grants, HOST, role="moderator")
    await adas.hears(PermissionsChanged, role="moderator", by=HOST)
    assert ada.grants == grants
    there.change_grants("ada", Grants(hidden=True), HOST)
    await bobs.hears(PeerClosed, peer_id="ada")


async def test_changes_of_the_rights_of_a_peer_elsewhere_do_not_undo_each_other(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    (ada, _), _ = await a.arrive("ada"), await b.arrive("bob")
    there = await b.room()
    await until(lambda: nodes.all_know(2))
    there.change_grants("ada", Grants(can_publish=False), HOST, changed=["can_publish"])
    there.change_grants("ada", Grants(can_subscribe=False), HOST, changed=["can_subscribe", "of_later"])
    await until(lambda: not ada.grants.can_subscribe)
    assert ada.grants == dataclasses.replace(ANYBODY, can_publish=False, can_subscribe=False)


async def test_a_peer_elsewhere_is_removed_and_banned(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    (_, adas), (_, cys), (_, bobs) = await a.arrive("ada"), await a.arrive("cy"), await b.arrive("bob")
    here, there = await a.room(), await b.room()
    await until(lambda: nodes.all_know(3))
    there.remove("ada", HOST)
    await adas.hears(Removed, reason="removed", by=HOST)
    await bobs.hears(PeerClosed, peer_id="ada")
    there.ban_peer("cy", HOST)
    await cys.hears(Removed, reason="banned", by=HOST)
    with pytest.raises(Banned):
        await a.enter("cy")
    there.unban(("identity", "cy"))
    await until(lambda: not here.door.bans)
    await a.enter("cy")


async def test_a_room_is_locked_in_all_its_parts_but_not_for_those_who_were_in_it(nodes: Nodes) -> None:
    a, b, c = await nodes.start("a", "b", "c")
    (ada, adas), _ = await a.arrive("ada"), await b.arrive("bob")
    (await b.room()).lock(True, HOST)
    await adas.hears(RoomUpdated, locked=True)
    ada.close()
    with pytest.raises(RoomLocked):
        await c.rooms.check(KITCHEN, "cy", anybody("cy"))
    for node in (a, b, c):
        with pytest.raises(RoomLocked):
            await node.enter("cy")
    await c.arrive("ada")


async def test_a_room_that_is_on_is_so_for_those_who_come_elsewhere(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    await a.arrive("ada")
    until_then = datetime.now(UTC) + timedelta(hours=1)
    changed: dict[str, Any] = {
        "name": "The kitchen",
        "ends_at": until_then,
        "last_n": 2,
        "max_participants": 9,
        "metadata": "x",
    }
    (await a.room()).adjust(HOST, **changed)
    assert (await b.room()).config == dataclasses.replace(KITCHEN, **changed)


async def test_moderators_see_and_admit_who_waits_elsewhere(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    await b.room(WITH_LOBBY)
    ada, adas = await knock(a, "ada")
    _, cys = await knock(a, "cy")
    _, hosts = await b.arrive("host", MODERATOR)
    await hosts.hears(LobbyPeer, peer_id="ada", display_name="Ada")
    await hosts.hears(LobbyPeer, peer_id="cy")
    there = await b.room()
    there.admit("ada", HOST)
    await adas.hears(Admitted, by=HOST)
    await hosts.hears(LobbyPeerClosed, peer_id="ada")
    join(await a.room(), ada)
    there.reject("cy", HOST)
    await cys.hears(Removed, reason="rejected", by=HOST)
    with pytest.raises(NotFound):
        there.admit("ada", HOST)


async def test_all_who_wait_are_admitted_wherever_they_wait(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    await b.room(WITH_LOBBY)
    (_, adas), (_, bobs) = await knock(a, "ada"), await knock(b, "bob")
    room = await b.room()
    await until(lambda: nodes.all_know(2))
    room.admit_all(HOST)
    await adas.hears(Admitted, by=HOST)
    await bobs.hears(Admitted, by=HOST)


async def test_without_a_lobby_nobody_waits_anywhere(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    await b.room(WITH_LOBBY)
    _, adas = await knock(a, "ada")
    (await b.room()).adjust(HOST, lobby=False)
    await adas.hears(Admitted, by=HOST)


async def test_a_room_is_full_when_all_its_parts_together_are(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    config = dataclasses.replace(KITCHEN, max_participants=2)
    await a.room(config)
    await a.arrive("ada")
    await b.arrive("bob")
    for node in (a, b):
        await until(lambda: nodes.all_know(2))
        with pytest.raises(LimitReached):
            await node.enter("cy")


async def test_nobody_else_gets_an_id_that_somebody_has_elsewhere(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    await a.arrive("ada")
    with pytest.raises(Conflict):
        await b.enter("bob", id="ada")


async def test_a_room_is_closed_in_all_its_parts(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    (_, adas), (_, bobs) = await a.arrive("ada"), await b.arrive("bob")
    ends: list[Farewell] = []
    for node in (a, b):
        (await node.room()).on_end.add(ends.append)
    (await a.room()).close(Farewell.ROOM_CLOSED, HOST)
    for client in (adas, bobs):
        await client.hears(RoomClosed, reason="room-closed", by=HOST)
    await until(lambda: ends)
    assert ends == [Farewell.ROOM_CLOSED]
    assert (a.rooms.rooms, b.rooms.rooms, await nodes.left_on_the_bus()) == ((), (), [])
