from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.config import Settings
from app.mediasoup.errors import RequestRefusedError
from app.mediasoup.producer import Producer
from app.mediasoup.stats import WebRtcTransportStats
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker
from app.rtc.client_transports import as_webrtc
from app.rtc.events import Farewell
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.services import call_metrics
from app.services.call_metrics import CallMetrics, read_media
from app.services.call_readings import Reading
from app.services.history import History
from app.stores.call_metrics import CallMetrics as MetricRecords
from app.stores.database import Database
from app.stores.models import CallMetric, RoomRecord
from app.stores.sessions import Sessions
from tests.mediasoup.endpoint import Endpoint, connected
from tests.mediasoup.rtp import KEY_FRAME, Packet, opus_packet
from tests.rtc.fakes import until
from tests.rtc.parameters import produce_audio, produce_video, sending_transport

from .conftest import ArriveAt
from .waiting import eventually

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Says what time it is; starts ten seconds after noon."""

    def __init__(self) -> None:
        self.now = NOON + timedelta(seconds=10)

    def __call__(self) -> datetime:
        return self.now

    def set(self, *, minute: int = 0, second: int) -> None:
        self.now = NOON + timedelta(minutes=minute, seconds=second)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def history(rooms: RoomManager, database: Database, settings: Settings) -> AsyncIterator[History]:
    history = History(rooms, database, settings)
    history.start()
    yield history
    await history.close()


@pytest.fixture
async def metrics(history: History, clock: Clock) -> AsyncIterator[CallMetrics]:
    metrics = CallMetrics(history, now=clock)
    yield metrics
    await metrics.close()


@pytest.fixture
async def kitchen(
    history: History, metrics: CallMetrics, record: RoomRecord, open_room: Callable[[str], Awaitable[Room]]
) -> Room:
    """A call whose history is written, with metrics."""
    return await open_room("kitchen")


async def lines(history: History, database: Database, record: RoomRecord) -> Sequence[CallMetric]:
    """All that was measured in the only call in a room."""
    await history.writes.flush()
    async with database.transaction(read_only=True) as tx:
        (session,) = (await Sessions(tx).page(record.id, limit=2)).items
        return (await MetricRecords(tx).page_of_session(session.id, limit=100)).items


def transport_of(peer: Peer) -> WebRtcTransport:
    return as_webrtc(peer.media.transports.get(sending_transport(peer)))


async def speak(endpoint: Endpoint, producer: Producer, *, first: int, last: int) -> None:
    """Send packets of audio, and wait until they have arrived."""
    for number in range(first, last + 1):
        await endpoint.dtls._send_rtp(opus_packet(number))

    async def arrived() -> bool:
        return sum(each.packet_count for each in await producer.get_stats()) == last + 1

    await eventually(arrived)


async def test_a_minute_has_the_bits_that_came_in_it(
    kitchen: Room,
    history: History,
    metrics: CallMetrics,
    clock: Clock,
    database: Database,
    record: RoomRecord,
    arrive_at: ArriveAt,
) -> None:
    ada, _ = await arrive_at(kitchen, "ada")
    producer = await produce_audio(ada)
    async with connected(transport_of(ada)) as endpoint:
        await speak(endpoint, producer, first=0, last=99)
        clock.set(second=40)
        await metrics.collect()
        await speak(endpoint, producer, first=100, last=149)
        (before,) = await transport_of(ada).get_stats()
        clock.set(minute=1, second=10)
        await metrics.collect()
        (after,) = await transport_of(ada).get_stats()
    (line,) = await lines(history, database, record)
    assert line.minute == NOON
    assert before.bytes_received * 8 // 60 <= line.bitrate_in <= after.bytes_received * 8 // 60 + 1
    assert line.bitrate_out > 0
    assert (line.loss_in, line.score) == (0, 10)
    assert line.jitter_ms is not None


async def test_lost_packets_are_told(
    kitchen: Room,
    history: History,
    metrics: CallMetrics,
    clock: Clock,
    database: Database,
    record: RoomRecord,
    arrive_at: ArriveAt,
) -> None:
    ada, _ = await arrive_at(kitchen, "ada")
    producer = await produce_video(ada)
    async with connected(transport_of(ada)) as endpoint:
        for number in range(100):
            if number % 10 != 5:
                await endpoint.dtls._send_rtp(bytes(Packet(96, 100 + number, 3_000 * number, 2222, KEY_FRAME)))

        async def missed() -> bool:
            # The worker counts them when it sends a report, every second or so.
            return sum(each.packets_lost for each in await producer.get_stats()) == 10

        await eventually(missed)
        clock.set(minute=1, second=0)
        await metrics.collect()
    (line,) = await lines(history, database, record)
    assert line.loss_in == pytest.approx(0.1)


async def test_each_minute_is_a_line_and_so_is_the_rest_when_they_leave(
    kitchen: Room,
    history: History,
    metrics: CallMetrics,
    clock: Clock,
    database: Database,
    record: RoomRecord,
    arrive_at: ArriveAt,
) -> None:
    ada, _ = await arrive_at(kitchen, "ada")
    for minute, second in ((0, 30), (1, 10), (1, 50), (2, 5), (2, 25)):
        clock.set(minute=minute, second=second)
        await metrics.collect()
    ada.close()
    await metrics.collect()
    assert [each.minute for each in await lines(history, database, record)] == [
        NOON + timedelta(minutes=minute) for minute in range(3)
    ]


async def test_the_rest_is_written_when_the_room_ends(
    kitchen: Room,
    history: History,
    metrics: CallMetrics,
    clock: Clock,
    database: Database,
    record: RoomRecord,
    arrive_at: ArriveAt,
) -> None:
    for name in ("ada", "bob"):
        await arrive_at(kitchen, name)
    clock.set(second=30)
    await metrics.collect()
    kitchen.close(Farewell.ROOM_CLOSED)
    assert len(await lines(history, database, record)) == 2
    assert history.writes.lost == 0


async def test_who_leaves_before_anything_was_read_has_no_line(
    kitchen: Room, history: History, database: Database, record: RoomRecord, arrive_at: ArriveAt
) -> None:
    ada, _ = await arrive_at(kitchen, "ada")
    ada.close()
    assert await lines(history, database, record) == []


async def test_who_sends_nothing_has_neither_score_nor_jitter(
    kitchen: Room,
    history: History,
    metrics: CallMetrics,
    clock: Clock,
    database: Database,
    record: RoomRecord,
    arrive_at: ArriveAt,
) -> None:
    await arrive_at(kitchen, "ada")
    clock.set(minute=1, second=0)
    await metrics.collect()
    (line,) = await lines(history, database, record)
    assert (line.bitrate_in, line.loss_in, line.jitter_ms, line.score) == (0, None, None, None)


async def test_a_muted_producer_has_no_score(kitchen: Room, arrive_at: ArriveAt, clock: Clock) -> None:
    ada, _ = await arrive_at(kitchen, "ada")
    producer = await produce_audio(ada)
    async with connected(transport_of(ada)) as endpoint:
        await speak(endpoint, producer, first=0, last=0)
        await until(lambda: producer.score)
        assert (await read_media(ada, clock)).score == 10
        await producer.pause()
        assert (await read_media(ada, clock)).score is None


async def test_the_round_trip_of_a_listener_is_read_from_a_consumer(
    kitchen: Room, arrive_at: ArriveAt, clock: Clock
) -> None:
    ada, _ = await arrive_at(kitchen, "ada")
    bob, _ = await arrive_at(kitchen, "bob")
    await produce_audio(ada)
    await until(lambda: len(bob.media.subscriber.consumers))
    reading = await read_media(bob, clock)
    assert (reading.streams, list(reading.round_trips)) == ([], [0])


async def test_what_closes_meanwhile_is_left_out(kitchen: Room, arrive_at: ArriveAt, clock: Clock) -> None:
    ada, _ = await arrive_at(kitchen, "ada")
    first, second = ada.media.transports
    reading = asyncio.create_task(read_media(ada, clock))
    await asyncio.sleep(0)
    second.close()
    assert [each.transport_id for each in (await reading).transports] == [first.id]


async def test_what_can_t_be_read_now_is_read_with_the_next(
    kitchen: Room,
    history: History,
    metrics: CallMetrics,
    clock: Clock,
    database: Database,
    record: RoomRecord,
    arrive_at: ArriveAt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada, _ = await arrive_at(kitchen, "ada")
    transport = transport_of(ada)

    async def refuse() -> list[WebRtcTransportStats]:
        raise RequestRefusedError("transport_get_stats", "Error", "not now")

    clock.set(second=20)
    await metrics.collect()
    with monkeypatch.context() as patch:
        patch.setattr(transport, "get_stats", refuse)
        clock.set(minute=1, second=10)
        await metrics.collect()
    clock.set(minute=1, second=20)
    await metrics.collect()
    assert [each.minute for each in await lines(history, database, record)] == [NOON]


async def test_a_mistake_with_one_costs_no_other_its_metrics(
    kitchen: Room,
    history: History,
    metrics: CallMetrics,
    clock: Clock,
    database: Database,
    record: RoomRecord,
    arrive_at: ArriveAt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada, _ = await arrive_at(kitchen, "ada")
    await arrive_at(kitchen, "bob")
    monkeypatch.setattr(ada, "media", None)
    clock.set(minute=1, second=0)
    await metrics.collect()
    monkeypatch.undo()
    assert len(await lines(history, database, record)) == 1


async def test_a_worker_that_does_not_answer_is_asked_once_a_round(
    kitchen: Room,
    history: History,
    metrics: CallMetrics,
    clock: Clock,
    database: Database,
    record: RoomRecord,
    arrive_at: ArriveAt,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_metrics, "ANSWER_TIMEOUT", 0.1)
    for name in ("ada", "bob", "cyd"):
        await arrive_at(kitchen, name)
    asked: list[str] = []

    async def read(peer: Peer, now: Callable[[], datetime]) -> Reading:
        asked.append(peer.id)
        return await read_media(peer, now)

    monkeypatch.setattr(call_metrics, "read_media", read)
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        await metrics.collect()
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    assert asked == ["ada"]
    monkeypatch.setattr(call_metrics, "ANSWER_TIMEOUT", 10)
    clock.set(minute=1, second=0)
    await metrics.collect()
    assert asked == ["ada", "ada", "bob", "cyd"]
    assert len(await lines(history, database, record)) == 3


async def test_it_collects_by_itself(
    history: History,
    database: Database,
    record: RoomRecord,
    arrive_at: ArriveAt,
    open_room: Callable[[str], Awaitable[Room]],
) -> None:
    metrics = CallMetrics(history, interval=0.02, minute=0.1)
    metrics.start()
    room = await open_room("kitchen")
    for name in ("ada", "bob"):
        await arrive_at(room, name)

    async def measured() -> bool:
        return len(await lines(history, database, record)) >= 6

    await eventually(measured)
    await metrics.close()
