"""Tests of what of a room is put down, and how often; what it is good for is in test_adoption."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.rtc import room_records
from app.rtc.events import Farewell
from app.rtc.interfaces import RecordRefused
from app.rtc.recorder import Recorder
from app.rtc.records import Record, encode, peer_key, room_key
from app.rtc.room import Room
from app.rtc.room_records import RoomRecords

from .fakes import until
from .memory_store import MemoryStore
from .people import Arrive


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def recorder(store: MemoryStore) -> AsyncIterator[Recorder]:
    recorder = Recorder(store)
    yield recorder
    recorder.close()


@pytest.fixture
async def kept(room: Room, recorder: Recorder) -> RoomRecords:
    room.records = RoomRecords(room, recorder)
    return room.records


@pytest.fixture
def worded(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """The records that were made to texts."""
    worded: list[Record] = []

    def noting(record: Record) -> str:
        worded.append(record)
        return encode(record)

    monkeypatch.setattr(room_records, "encode", noting)
    return worded


async def test_only_what_has_changed_is_worded(
    kept: RoomRecords, recorder: Recorder, room: Room, arrive: Arrive, worded: list[Record]
) -> None:
    anna, _ = await arrive("anna")
    await arrive("bob")
    kept.look()
    assert len(worded) >= 3
    worded.clear()
    room.rename(anna, "Anne")
    kept.look()
    assert worded == [room_records.describe_peer(anna)]
    await kept.save(anna)
    assert len(worded) == 1


async def test_every_change_is_put_down_by_itself(
    kept: RoomRecords, store: MemoryStore, room: Room, arrive: Arrive
) -> None:
    anna, _ = await arrive("anna")
    key = peer_key(room.quarters.router.id, anna.session.id)
    # Another than what was put down last, and not than what ever was.
    for name in ("Anne", "Anja", "Anne"):
        room.rename(anna, name)
        await until(lambda: store.texts.get(key) == encode(room_records.describe_peer(anna)))


async def test_what_was_refused_is_tried_again_though_it_has_not_changed(
    kept: RoomRecords, store: MemoryStore, recorder: Recorder, room: Room, arrive: Arrive
) -> None:
    anna, _ = await arrive("anna")
    store.fault = RecordRefused("all full")
    await kept.save(anna)
    assert store.texts == {}
    store.fault = None
    kept.look()
    await recorder.saved()
    router_id = room.quarters.router.id
    assert store.texts.keys() == {room_key(router_id), peer_key(router_id, anna.session.id)}


async def test_who_leaves_before_anything_was_put_down_leaves_nothing_of_an_earlier_process(
    store: MemoryStore, recorder: Recorder, room: Room, arrive: Arrive
) -> None:
    anna, _ = await arrive("anna")
    key = peer_key(room.quarters.router.id, anna.session.id)
    store.texts[key] = encode(room_records.describe_peer(anna))
    room.records = RoomRecords(room, recorder)
    anna.close()
    await recorder.saved()
    assert key not in store.texts


async def test_of_a_room_that_ends_all_is_deleted(
    kept: RoomRecords, recorder: Recorder, room: Room, arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, _ = await arrive("anna")
    room.chat.say(anna, "Bye")
    await kept.save(anna)
    deleted: list[str] = []
    monkeypatch.setattr(recorder, "delete", lambda place, key: deleted.append(key.partition(":")[0]))
    room.close(Farewell.ROOM_ENDED)
    assert deleted == ["peer", "room", "chat"]
