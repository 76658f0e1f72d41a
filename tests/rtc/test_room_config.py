"""What a room's configuration makes of it, and changing that while people are in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import BadRequest
from app.rtc import lifetime
from app.rtc.events import Farewell, RoomClosed, RoomUpdated
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager

from .fakes import until
from .people import Arrive, enter, join


async def test_a_changed_room_is_told_to_all(arrive: Arrive, room: Room) -> None:
    _, adas = await arrive("ada")
    room.configure(room.config)
    assert adas.all(RoomUpdated) == []
    room.configure(dataclasses.replace(room.config, name="Kitchen", locked=True, max_participants=7))
    (told,) = adas.all(RoomUpdated)
    assert (told.name, told.locked, told.lobby, told.max_participants) == ("Kitchen", True, False, 7)


async def test_a_room_ends_for_all_when_its_time_is_over(rooms: RoomManager) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    room = await rooms.get_or_create(RoomConfig(id="hall", ends_at=soon))
    ada, adas = enter(room, "ada")
    join(room, ada)
    await adas.hears(RoomClosed, reason="room-ended")
    assert adas.farewell is Farewell.ROOM_ENDED and room.closed


async def test_the_clock_is_looked_at_again_and_again(rooms: RoomManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifetime, "LONGEST_LOOK", 0.01)
    soon = datetime.now(UTC) + timedelta(seconds=0.1)
    room = await rooms.get_or_create(RoomConfig(id="hall", ends_at=soon))
    await until(lambda: room.closed)
    assert datetime.now(UTC) >= soon


async def test_the_end_can_be_put_off_and_put_earlier(rooms: RoomManager) -> None:
    now = datetime.now(UTC)
    first, second = [
        await rooms.get_or_create(RoomConfig(id=id, ends_at=now + timedelta(seconds=seconds)))
        for id, seconds in (("first", 0.1), ("second", 100_000))
    ]
    first.configure(dataclasses.replace(first.config, ends_at=None))
    second.configure(dataclasses.replace(second.config, ends_at=now + timedelta(seconds=0.2)))
    await until(lambda: second.closed)
    assert not first.closed


async def test_a_rooms_codecs_are_those_that_it_was_made_with(rooms: RoomManager) -> None:
    hall = await rooms.get_or_create(RoomConfig(id="hall", codecs=("vp9",)))
    names = {codec.mime_type for codec in hall.rtp_capabilities.codecs}
    assert names == {"audio/opus", "video/VP9", "video/rtx"}


async def test_a_lock_made_in_the_call_outlives_other_changes_but_not_its_own(arrive: Arrive, room: Room) -> None:
    _, adas = await arrive("ada")
    room.lock(True, None)
    room.configure(dataclasses.replace(room.config, name="Kitchen"))
    assert [(told.name, told.locked) for told in adas.all(RoomUpdated)] == [("", True), ("Kitchen", True)]
    room.configure(dataclasses.replace(room.config, locked=False))
    assert not room.config.locked


async def test_what_moderators_adjust_is_told_to_those_who_keep_it(room: Room) -> None:
    adjusted: list[Mapping[str, Any]] = []
    room.on_adjust.add(adjusted.append)
    room.adjust(None, last_n=3, metadata="x")
    room.configure(dataclasses.replace(room.config, metadata="y"))
    assert adjusted == [{"last_n": 3, "metadata": "x"}]
    assert (room.config.last_n, room.config.metadata) == (3, "y")


@pytest.mark.parametrize("metadata", ["x" * 4_097, "a\0b"])
async def test_metadata_that_can_not_be_kept_are_refused(room: Room, metadata: str) -> None:
    with pytest.raises(BadRequest, match=r"data\.metadata: "):
        room.adjust(None, metadata=metadata)
    assert room.config.metadata == ""
