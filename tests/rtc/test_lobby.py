"""Waiting to be let in, and letting in."""

from __future__ import annotations

import dataclasses

import pytest

from app.errors import InLobby, LimitReached, NotFound
from app.rtc.events import Actor, Device, Farewell, NewPeer
from app.rtc.moderation_events import Admitted, LobbyPeer, LobbyPeerClosed, Removed
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager

from .fakes import until
from .people import ANYBODY, MODERATOR, Arrive, Person, enter, join

HOST = Actor(peer_id="host", name="Host")


@pytest.fixture
async def room(rooms: RoomManager) -> Room:
    return await rooms.get_or_create(RoomConfig(id="kitchen", lobby=True))


def knock(room: Room, name: str) -> Person:
    """Come, ask to join, and be told to wait."""
    peer, client = enter(room, name, waits_in_lobby=True, role="guest")
    with pytest.raises(InLobby):
        join(room, peer)
    return peer, client


async def test_who_has_to_wait_is_unseen_by_all_but_moderators(arrive: Arrive, room: Room) -> None:
    (_, hosts), (_, bobs) = await arrive("host", MODERATOR), await arrive("bob")
    ada, _ = knock(room, "ada")
    expected = LobbyPeer(peer_id="ada", display_name="Ada", device=Device(name="test"), role="guest")
    assert hosts.all(LobbyPeer) == [expected]
    assert (bobs.all(LobbyPeer), bobs.all(NewPeer)) == ([], [])
    assert room.lobby == (ada,) and ada not in room.peers and not ada.joined


async def test_who_is_admitted_joins_again_and_then_is_in(arrive: Arrive, room: Room) -> None:
    _, hosts = await arrive("host", MODERATOR)
    ada, adas = knock(room, "ada")
    room.admit("ada", HOST)
    assert adas.all(Admitted) == [Admitted(by=HOST)]
    assert hosts.all(LobbyPeerClosed) == [LobbyPeerClosed(peer_id="ada")]
    assert join(room, ada) == ["host"]
    assert room.lobby == () and ada in room.peers
    # A lost connection costs no second admission.
    ada.close("connection-lost")
    again, _ = enter(room, "ada", waits_in_lobby=True)
    join(room, again)


async def test_muting_lets_nobody_in(room: Room) -> None:
    ada, _ = knock(room, "ada")
    await room.mute_sound("ada", HOST)
    await room.mute_all(HOST)
    with pytest.raises(InLobby):
        join(room, ada)


async def test_who_is_rejected_has_to_go(arrive: Arrive, room: Room) -> None:
    _, hosts = await arrive("host", MODERATOR)
    ada, adas = knock(room, "ada")
    room.reject("ada", HOST)
    assert adas.all(Removed) == [Removed(reason="rejected", by=HOST)]
    assert adas.farewell is Farewell.REJECTED and ada.closed
    assert hosts.all(LobbyPeerClosed) == [LobbyPeerClosed(peer_id="ada")]
    knock(room, "ada")


async def test_who_goes_by_itself_waits_no_more(arrive: Arrive, room: Room) -> None:
    _, hosts = await arrive("host", MODERATOR)
    ada, _ = knock(room, "ada")
    ada.close()
    assert hosts.all(LobbyPeerClosed) == [LobbyPeerClosed(peer_id="ada")]
    assert room.lobby == ()
    for act in (room.admit, room.reject):
        with pytest.raises(NotFound):
            act("ada", HOST)


async def test_only_those_who_wait_are_admitted(arrive: Arrive, room: Room) -> None:
    await arrive("host", MODERATOR)
    enter(room, "ada", waits_in_lobby=True)
    for peer_id in ("ada", "host", "nobody"):
        with pytest.raises(NotFound):
            room.admit(peer_id, HOST)


async def test_another_name_is_told_and_those_who_come_first_stay_first(arrive: Arrive, room: Room) -> None:
    _, hosts = await arrive("host", MODERATOR)
    (ada, _), (bob, _) = knock(room, "ada"), knock(room, "bob")
    with pytest.raises(InLobby):
        room.join(ada, display_name="Countess", device=Device(), rtp_capabilities=None)
    assert [each.display_name for each in hosts.all(LobbyPeer)] == ["Ada", "Bob", "Countess"]
    assert room.lobby == (ada, bob)


async def test_a_moderator_who_comes_later_is_told_who_waits(arrive: Arrive, room: Room) -> None:
    knock(room, "ada")
    knock(room, "bob")
    _, hosts = await arrive("host", MODERATOR)
    await until(lambda: len(hosts.all(LobbyPeer)) == 2)
    _, others = await arrive("member")
    assert others.all(LobbyPeer) == []


async def test_who_becomes_a_moderator_is_told_who_waits(arrive: Arrive, room: Room) -> None:
    _, bobs = await arrive("bob")
    knock(room, "ada")
    room.change_grants("bob", MODERATOR, HOST)
    assert [each.peer_id for each in bobs.all(LobbyPeer)] == ["ada"]
    room.change_grants("bob", ANYBODY, HOST)
    room.admit("ada", HOST)
    assert bobs.all(LobbyPeerClosed) == []


async def test_all_are_admitted_as_far_as_there_is_room(arrive: Arrive, room: Room) -> None:
    await arrive("host", MODERATOR)
    clients = [knock(room, name)[1] for name in ("ada", "bob", "cleo")]
    room.configure(dataclasses.replace(room.config, max_participants=3))
    with pytest.raises(LimitReached):
        room.admit_all(HOST)
    assert [len(client.all(Admitted)) for client in clients] == [1, 1, 0]
    assert [peer.id for peer in room.lobby] == ["cleo"]


async def test_without_a_lobby_those_who_wait_come_in(room: Room) -> None:
    ada, adas = knock(room, "ada")
    bob, _ = enter(room, "bob", waits_in_lobby=True)
    room.configure(dataclasses.replace(room.config, lobby=False), HOST)
    assert adas.all(Admitted) == [Admitted(by=HOST)]
    join(room, ada)
    join(room, bob)
    assert room.lobby == ()


async def test_a_lobby_does_not_ask_those_out_who_are_in(room: Room) -> None:
    room.configure(dataclasses.replace(room.config, lobby=False))
    ada, _ = enter(room, "ada", waits_in_lobby=True)
    join(room, ada)
    bob, _ = enter(room, "bob", waits_in_lobby=True)
    room.configure(dataclasses.replace(room.config, lobby=True))
    assert ada.joined
    with pytest.raises(InLobby):
        join(room, bob)
    ada.close()
    again, _ = enter(room, "ada", waits_in_lobby=True)
    join(room, again)


async def test_who_replaces_itself_in_the_lobby_waits_anew(arrive: Arrive, room: Room) -> None:
    _, hosts = await arrive("host", MODERATOR)
    first, _ = knock(room, "ada")
    second, _ = knock(room, "ada")
    assert first.closed and room.lobby == (second,)
    assert [type(each) for each in hosts.heard if isinstance(each, LobbyPeer | LobbyPeerClosed)] == [
        LobbyPeer,
        LobbyPeerClosed,
        LobbyPeer,
    ]


async def test_the_end_of_a_room_is_told_to_those_who_wait(room: Room) -> None:
    ada, adas = knock(room, "ada")
    room.close(Farewell.ROOM_CLOSED, HOST)
    assert ada.closed and adas.farewell is Farewell.ROOM_CLOSED
