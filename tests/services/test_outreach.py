"""What is done to a call by REST is done to the one that is there, and outlives the app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from app.rtc.recorder import Recorder
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.rtc.room_records import RoomRecords
from app.services.deeds import Configure
from app.services.outreach import Outreach
from tests.rtc.fakes import until
from tests.rtc.memory_store import MemoryStore

OpenRoom = Callable[[str], Awaitable[Room]]


@pytest.fixture
def outreach(rooms: RoomManager) -> Outreach:
    return Outreach(rooms, "calls.test", Configure)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def recorder(store: MemoryStore) -> AsyncIterator[Recorder]:
    recorder = Recorder(store)
    yield recorder
    recorder.close()


async def test_what_was_done_is_put_down_before_it_is_answered(
    outreach: Outreach, open_room: OpenRoom, recorder: Recorder, store: MemoryStore
) -> None:
    room = await open_room("kitchen")
    room.records = RoomRecords(room, recorder)
    await room.records.save_all()
    store.hold()
    before = store.asked
    doing = asyncio.create_task(outreach.do("kitchen", Configure(replace(room.config, locked=True), ["locked"])))
    await until(lambda: store.asked > before)
    assert room.config.locked and not doing.done()
    store.go_on()
    await doing
    assert any('"locked":true' in text for text in store.texts.values())


async def test_a_call_from_before_is_awaited(
    outreach: Outreach, open_room: OpenRoom, rooms: RoomManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_over = asyncio.Event()
    monkeypatch.setattr(rooms, "wait_settled", taken_over.wait)
    room = await open_room("kitchen")
    with monkeypatch.context() as patch:
        # The next process has not found it yet.
        patch.setattr(rooms, "get", lambda _: None)
        doing = asyncio.create_task(outreach.do("kitchen", Configure(replace(room.config, locked=True), ["locked"])))
        await asyncio.wait([doing], timeout=0.05)
        assert not doing.done()
    taken_over.set()
    await doing
    assert room.config.locked
