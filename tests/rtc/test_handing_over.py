"""An owner gives the room to somebody else in the call: who may, and who keeps record of it."""

from __future__ import annotations

import pytest

from app.errors import NotAllowed, NotFound
from app.rtc.events import Actor
from app.rtc.room import Room

from .people import MODERATOR, Arrive


class Notary:
    """Keeps record of whose rooms are."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, Actor]] = []

    async def hand_over(self, room_id: str, owner: str, heir: str, by: Actor) -> None:
        self.seen.append((room_id, owner, heir, by))


async def test_the_owner_hands_the_room_over(arrive: Arrive, room: Room) -> None:
    room.ownership = notary = Notary()
    (ada, _), _ = await arrive("ada", MODERATOR, role="owner"), await arrive("bob")
    await room.hand_over("bob", ada)
    assert notary.seen == [("kitchen", "ada", "bob", Actor(peer_id="ada", name="Ada"))]
    with pytest.raises(NotFound):
        await room.hand_over("nobody", ada)


async def test_others_do_not(arrive: Arrive, room: Room) -> None:
    room.ownership = notary = Notary()
    (host, _), _ = await arrive("host", MODERATOR, role="moderator"), await arrive("bob")
    with pytest.raises(NotAllowed):
        await room.hand_over("bob", host)
    assert notary.seen == []


async def test_a_room_of_which_there_is_no_record_has_no_owner(arrive: Arrive, room: Room) -> None:
    (ada, _), _ = await arrive("ada", MODERATOR, role="owner"), await arrive("bob")
    with pytest.raises(NotAllowed):
        await room.hand_over("bob", ada)
