"""What peers say of themselves, and of what size."""

from __future__ import annotations

import pytest

from app.auth.grants import Grants
from app.errors import BadRequest
from app.rtc.events import NewPeer
from app.rtc.meeting_events import PeerUpdated
from app.rtc.room import Room
from app.rtc.self_description import merge_attributes

from .people import Arrive


def test_attributes_are_added_changed_and_removed() -> None:
    merged = merge_attributes({"seat": "1", "mood": "good"}, {"seat": "2", "mood": "", "team": "red", "none": ""})
    assert merged == {"seat": "2", "team": "red"}


@pytest.mark.parametrize(
    "changes",
    [{"": "x"}, {"n" * 65: "x"}, {"n": "x" * 513}, {str(number): "x" for number in range(33)}],
)
def test_what_is_too_much_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match=r"^data\.attributes"):
        merge_attributes({}, changes)


def test_more_than_allowed_may_become_fewer() -> None:
    """A token brought so many."""
    many = {str(number): "x" for number in range(40)}
    assert len(merge_attributes(many, {"0": "", "1": "y"})) == 39
    with pytest.raises(BadRequest):
        merge_attributes(many, {"one more": "x"})


async def test_all_are_told_and_those_who_come_later(arrive: Arrive, room: Room) -> None:
    (ada, adas), (_, bobs) = await arrive("ada", metadata="old", attributes={"seat": "1"}), await arrive("bob")
    room.describe(ada, "new", {"mood": "good"})
    told = PeerUpdated(peer_id="ada", metadata="new", attributes={"seat": "1", "mood": "good"}, display_name="Ada")
    assert adas.all(PeerUpdated) == bobs.all(PeerUpdated) == [told]
    assert (ada.info.metadata, ada.info.attributes) == (told.metadata, told.attributes)
    room.describe(ada, None, {"seat": ""})
    assert (ada.metadata, ada.attributes) == ("new", {"mood": "good"})
    room.describe(ada, "", {})
    assert ada.metadata == ""


async def test_of_what_is_refused_nothing_is_changed(arrive: Arrive, room: Room) -> None:
    ada, adas = await arrive("ada", metadata="old")
    with pytest.raises(BadRequest):
        room.describe(ada, "x" * 4_097, {"mood": "good"})
    with pytest.raises(BadRequest):
        room.describe(ada, "new", {"": "x"})
    assert (ada.metadata, ada.attributes, adas.all(PeerUpdated)) == ("old", {}, [])


async def test_who_is_hidden_hears_it_alone_until_seen(arrive: Arrive, room: Room) -> None:
    (ada, adas), (_, bobs) = await arrive("ada", Grants(hidden=True)), await arrive("bob")
    room.describe(ada, "new", {})
    assert (len(adas.all(PeerUpdated)), bobs.all(PeerUpdated)) == (1, [])
    room.change_grants("ada", Grants())
    assert [told.metadata for told in bobs.all(NewPeer)] == ["new"]
