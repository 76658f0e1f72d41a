"""Raised hands keep their order, and go with those whose they are."""

from __future__ import annotations

from app.auth.grants import Grants
from app.rtc.events import Actor
from app.rtc.meeting_events import HandLowered, HandRaised
from app.rtc.room import Room

from .people import Arrive

HOST = Actor(peer_id="host", name="Host")


def order(room: Room) -> list[str]:
    return [hand.peer_id for hand in room.hands.raised]


async def test_hands_are_in_the_order_in_which_they_were_raised(arrive: Arrive, room: Room) -> None:
    (ada, _), (bob, bobs), (cleo, _) = await arrive("ada"), await arrive("bob"), await arrive("cleo")
    for peer in (cleo, ada, bob):
        room.hands.lift(peer)
    assert order(room) == ["cleo", "ada", "bob"]
    assert [told.peer_id for told in bobs.all(HandRaised)] == order(room)
    assert [told.raised_at for told in bobs.all(HandRaised)] == [hand.raised_at for hand in room.hands.raised]
    room.hands.lower("cleo")
    room.hands.lift(cleo)
    assert order(room) == ["ada", "bob", "cleo"]


async def test_to_raise_or_lower_again_changes_nothing(arrive: Arrive, room: Room) -> None:
    ada, adas = await arrive("ada")
    room.hands.lower("ada")
    assert adas.all(HandLowered) == []
    room.hands.lift(ada)
    room.hands.lift(ada)
    assert len(adas.all(HandRaised)) == 1
    room.hands.lower("ada")
    room.hands.lower("ada")
    assert adas.all(HandLowered) == [HandLowered(peer_id="ada")]


async def test_who_lowers_all_hands_is_named(arrive: Arrive, room: Room) -> None:
    (ada, adas), (bob, _) = await arrive("ada"), await arrive("bob")
    room.hands.lift(ada)
    room.hands.lift(bob)
    room.lower_all_hands(HOST)
    assert adas.all(HandLowered) == [HandLowered(peer_id="ada", by=HOST), HandLowered(peer_id="bob", by=HOST)]
    assert order(room) == []


async def test_a_hand_goes_with_its_owner(arrive: Arrive, room: Room) -> None:
    (ada, _), (bob, _) = await arrive("ada"), await arrive("bob")
    room.hands.lift(ada)
    room.hands.lift(bob)
    ada.close()
    assert order(room) == ["bob"]
    room.change_grants("bob", Grants(hidden=True))
    assert order(room) == []
    await arrive("ada")
    assert order(room) == []
