"""What a client is told about something comes after the answer by which it knows of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.rtc.recorder import Recorder
from app.rtc.room_manager import RoomManager
from app.rtc.room_records import RoomRecords
from tests.rtc.fakes import until
from tests.rtc.memory_store import MemoryStore

from .calls import RTP_CAPABILITIES, join, produce_audio
from .conftest import Connect

DEVICE = {"flag": "chrome", "name": "Chrome", "version": "156"}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def recorder(store: MemoryStore) -> AsyncIterator[Recorder]:
    recorder = Recorder(store)
    yield recorder
    recorder.close()


async def test_a_transport_is_known_before_what_comes_over_it(
    connect: Connect, rooms: RoomManager, store: MemoryStore, recorder: Recorder
) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await produce_audio(ada)
    await bob.request("join", {"displayName": "Bob", "device": DEVICE, "rtpCapabilities": RTP_CAPABILITIES})
    room = rooms.get("kitchen")
    assert room is not None
    room.records = RoomRecords(room, recorder)
    # The answer waits for the records, and consumers are made meanwhile.
    store.hold()
    bob.frames.clear()
    answered = bob.start_request("createWebRtcTransport", {"consuming": True})
    consumers = room.find("bob").media.subscriber.consumers
    await until(lambda: len(consumers) == 1)
    assert bob.frames == []
    store.go_on()
    await answered
    await bob.hears("newConsumer", peerId="ada")
    assert [frame.get("method", "the answer") for frame in bob.frames][:2] == ["the answer", "newConsumer"]
    await bob.hears("consumerScore")
