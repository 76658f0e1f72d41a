"""Records: their texts, and bringing these to where they outlive the process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from app.auth.grants import Grants
from app.mediasoup.data_structures import ConsumerLayers
from app.mediasoup.memory import TransportMemory
from app.rtc import recorder as recorder_module
from app.rtc import records
from app.rtc.admission import Admission
from app.rtc.events import Device
from app.rtc.hands import Hand
from app.rtc.interfaces import RecordRefused, RecordsUnavailable
from app.rtc.meeting_events import ChatMessage
from app.rtc.recorder import Place, Recorder
from app.rtc.records import (
    ChatRecord,
    ChoiceRecord,
    DataProducerRecord,
    DoorRecord,
    PeerRecord,
    Record,
    RoomRecord,
    TransportRecord,
    chat_key,
    decode,
    encode,
    peer_key,
    read_estate,
    room_key,
)
from app.rtc.room_config import RoomConfig

from .fakes import until
from .memory_store import MemoryStore
from .parameters import RECEIVER

HERE: Place = (0, "first")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NO_ZONE = NOON.replace(tzinfo=None)

ROOM = RoomRecord(
    config=RoomConfig(id="kitchen", name="Kitchen", locked=True, codecs=("opus", "vp8"), ends_at=NOON),
    codecs=("opus", "vp8"),
    rtp_capabilities=RECEIVER,
    observer_id="observer",
    opened_at=NOON,
    call_id=UUID(int=7),
    hands=[Hand(peer_id="anna", raised_at=1)],
    door=DoorRecord(
        bans=[(("identity", "eve"), NOON), (("token", "t"), None)],
        listed_bans=[("identity", "mallory")],
        known={"anna": ["camera"], "bob": []},
    ),
    deaths=[1.5],
)
PEER = PeerRecord(
    id="anna",
    session_id="session",
    token_digest=b"\x00\xffdigest",
    admission=Admission(
        identity="anna", grants=Grants(can_publish_sources=frozenset({"camera"})), attributes={"a": "b"}, role="owner"
    ),
    grants=Grants(room_admin=True),
    role="owner",
    metadata="m",
    attributes={"a": "c"},
    display_name="Anna",
    device=Device(name="test"),
    rtp_capabilities=RECEIVER,
    dynacast=True,
    joined_at=NOON,
    transports={"t": TransportRecord(consuming=True, memory=TransportMemory(cname="c", generation=3))},
    producers={"p": {"source": "camera", "deep": {"er": [1, None]}}},
    data_producers={"d": DataProducerRecord({"x": 1}, [("bob", "bob")])},
    auto=False,
    choices={"p": ChoiceRecord(subscribed=True, layers=ConsumerLayers(1, 0), priority=3, visible=False)},
    last_n=2,
    paused=["c"],
)
CHAT = ChatRecord(103, ChatMessage(id="m", peer_id="anna", display_name="Anna", text="Grüße", sent_at=1))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def recorder(store: MemoryStore) -> Recorder:
    return Recorder(store)


# Texts.


@pytest.mark.parametrize("record", [ROOM, PEER, CHAT], ids=["room", "peer", "chat"])
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    assert decode(encode(record), type(record)) == record


def test_what_another_release_wrote_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    text = encode(PEER)
    monkeypatch.setattr(records, "VERSION", records.VERSION + 1)
    assert decode(text, PeerRecord) is None


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"version": 1}', '{"version": 1, "record": {}}', "\x00"])
def test_what_can_not_be_read_counts_as_none(text: str) -> None:
    assert decode(text, PeerRecord) is None


def test_a_text_cut_anywhere_counts_as_none() -> None:
    text = encode(PEER)
    assert [decode(text[:cut], PeerRecord) for cut in range(len(text))] == [None] * len(text)


@pytest.mark.parametrize(
    "record",
    [
        msgspec.structs.replace(PEER, joined_at=NO_ZONE),
        msgspec.structs.replace(ROOM, opened_at=NO_ZONE),
        msgspec.structs.replace(ROOM, config=RoomConfig(id="kitchen", ends_at=NO_ZONE)),
        msgspec.structs.replace(ROOM, door=DoorRecord(bans=[(("token", "t"), NO_ZONE)])),
    ],
    ids=["joined_at", "opened_at", "ends_at", "ban"],
)
def test_what_tells_a_time_without_its_zone_counts_as_none(record: Record) -> None:
    assert decode(encode(record), type(record)) is None


def test_records_are_sorted_into_rooms() -> None:
    texts = {
        room_key("r1"): encode(ROOM),
        peer_key("r1", "session"): encode(PEER),
        peer_key("r1", "broken"): "{",
        chat_key("r1", 3): encode(CHAT),
        # Of a room without record.
        peer_key("r2", "session"): encode(PEER),
        "something:else": "1",
    }
    estate = read_estate(texts)
    (legacy,) = estate.rooms
    assert (legacy.router_id, legacy.room, legacy.peers, legacy.chat) == ("r1", ROOM, [PEER], [CHAT])
    assert (estate.unread, estate.keys) == (3, frozenset(texts))


def test_of_the_records_of_one_who_was_replaced_the_last_counts() -> None:
    last = msgspec.structs.replace(PEER, session_id="last", joined_at=NOON + timedelta(hours=2))
    between = msgspec.structs.replace(PEER, id="bob", session_id="bob", joined_at=NOON + timedelta(hours=1))
    peers = {peer_key("r1", each.session_id): encode(each) for each in (last, PEER, between)}
    (legacy,) = read_estate({room_key("r1"): encode(ROOM)} | peers).rooms
    assert legacy.peers == [between, last]


# Writing.


async def test_what_is_put_is_written(recorder: Recorder, store: MemoryStore) -> None:
    recorder.put(HERE, "a", "1")
    recorder.put(HERE, "b", "2")
    await recorder.saved()
    assert store.texts == {"a": "1", "b": "2"}


async def test_of_many_changes_the_last_is_written(recorder: Recorder, store: MemoryStore) -> None:
    for number in range(100):
        recorder.put(HERE, "a", str(number))
    await recorder.saved()
    assert (store.texts, store.writes) == ({"a": "99"}, 1)


async def test_what_has_not_changed_is_not_written_again(recorder: Recorder, store: MemoryStore) -> None:
    for _ in range(3):
        recorder.put(HERE, "a", "1")
        await recorder.saved()
    assert store.writes == 1


async def test_what_is_deleted_is_gone_and_may_come_again(recorder: Recorder, store: MemoryStore) -> None:
    recorder.put(HERE, "a", "1")
    await recorder.saved()
    recorder.delete(HERE, "a")
    await recorder.saved()
    assert store.texts == {}
    recorder.put(HERE, "a", "1")
    await recorder.saved()
    assert store.texts == {"a": "1"}


async def test_what_is_put_while_others_are_written_is_waited_for_too(recorder: Recorder, store: MemoryStore) -> None:
    store.hold()
    recorder.put(HERE, "a", "1")
    first = asyncio.create_task(recorder.saved())
    await until(lambda: store.asked)
    recorder.put(HERE, "b", "2")
    second = asyncio.create_task(recorder.saved())
    store.go_on()
    await asyncio.gather(first, second)
    assert store.texts == {"a": "1", "b": "2"}


async def test_nobody_waits_for_ever(recorder: Recorder, store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "PATIENCE", 0.01)
    store.hold()
    recorder.put(HERE, "a", "1")
    await recorder.saved()
    assert store.texts == {}
    store.go_on()
    await until(lambda: store.texts == {"a": "1"})


async def test_while_the_store_is_away_the_newest_of_each_waits(recorder: Recorder, store: MemoryStore) -> None:
    store.fault = RecordsUnavailable("away")
    recorder.put(HERE, "a", "1")
    recorder.put(HERE, "b", "1")
    recorder.delete(HERE, "c")
    # Not for as long as it is away.
    await recorder.saved()
    recorder.put(HERE, "a", "2")
    store.texts["c"] = "old"
    store.fault = None
    await until(lambda: store.texts == {"a": "2", "b": "1"})


async def test_what_is_refused_is_tried_again_when_it_is_put_again(recorder: Recorder, store: MemoryStore) -> None:
    store.fault = RecordRefused("too large")
    recorder.put(HERE, "a", "1")
    await recorder.saved()
    store.fault = None
    recorder.put(HERE, "a", "1")
    await recorder.saved()
    assert store.texts == {"a": "1"}


async def test_nothing_is_written_for_a_worker_that_is_gone(recorder: Recorder, store: MemoryStore) -> None:
    store.fault = RecordsUnavailable("away")
    recorder.put(HERE, "a", "1")
    await recorder.saved()
    recorder.abandon(HERE)
    store.fault = None
    recorder.put((0, "second"), "b", "2")
    await recorder.saved()
    await until(lambda: store.texts == {"b": "2"})


async def test_there_is_a_bound_to_what_waits(
    recorder: Recorder, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "MOST_WAITING", 2)
    for key in "abc":
        recorder.put(HERE, key, "1")
    await recorder.saved()
    assert store.texts == {"a": "1", "b": "1"}
    recorder.put(HERE, "c", "1")
    await recorder.saved()
    assert store.texts == {"a": "1", "b": "1", "c": "1"}
