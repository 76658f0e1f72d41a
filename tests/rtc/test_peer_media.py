"""What a peer has in the worker, what it may have, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from app.config import Limits, Settings
from app.errors import LimitReached, NotFound
from app.mediasoup.data_structures import BweTraceInfo, TransportTrace
from app.mediasoup.errors import RequestTimeoutError
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker
from app.rtc.events import DownlinkBwe, ProducerScoreChanged
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool

from .parameters import give_transports, produce_audio
from .people import Arrive, enter, handlers_in, join, webrtc_transports


async def test_a_transport_is_made_as_asked(room: Room) -> None:
    ada, _ = enter(room, "ada")
    transport = await ada.media.create_transport(producing=True, consuming=False, force_tcp=True, sctp=True)
    assert {candidate.protocol for candidate in transport.ice_candidates} == {"tcp"}
    assert transport.sctp_parameters is not None
    (stats,) = await transport.get_stats()
    assert stats.max_incoming_bitrate == 5_000_000
    assert not await _limited(ada, consuming=True)


async def _limited(peer: Peer, *, consuming: bool) -> bool:
    transport = await peer.media.create_transport(
        producing=not consuming, consuming=consuming, force_tcp=False, sctp=False
    )
    return bool((await transport.get_stats())[0].max_incoming_bitrate)


async def test_a_transport_whose_dtls_ended_is_gone(arrive: Arrive) -> None:
    ada, _ = await arrive("ada")
    producer = await produce_audio(ada)
    sending = next(each for each in webrtc_transports(ada) if producer.id in each.producers)
    sending.on_dtls_state_change.emit("closed")
    assert producer.closed and len(ada.media.transports) == 1 and len(ada.media.producers) == 0
    with pytest.raises(NotFound):
        ada.media.producers.get(producer.id)


async def test_the_bandwidth_towards_a_client_is_told_to_it(arrive: Arrive) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    receiving = next(each for each in ada.media.transports if each.app_data["consuming"])
    assert (await receiving.dump()).trace_event_types == ["bwe"]
    bitrates = {name: 0 for name in BITRATES} | {"desired_bitrate": 1, "available_bitrate": 2}
    info = BweTraceInfo(bwe_type="transport-cc", effective_desired_bitrate=3, **bitrates)
    for direction in ("out", "in"):
        receiving.on_trace.emit(TransportTrace(type="bwe", timestamp=0, direction=direction, info=info))
    receiving.on_trace.emit(TransportTrace(type="probation", timestamp=0, direction="out"))
    told = DownlinkBwe(desired_bitrate=1, effective_desired_bitrate=3, available_bitrate=2)
    assert (adas.all(DownlinkBwe), bobs.all(DownlinkBwe)) == ([told], [])


BITRATES = (
    "desired_bitrate",
    "min_bitrate",
    "max_bitrate",
    "start_bitrate",
    "max_padding_bitrate",
    "available_bitrate",
)


async def test_scores_of_a_producer_are_told_to_its_owner(arrive: Arrive) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    producer = await produce_audio(ada)
    producer.on_score.emit([])
    assert adas.all(ProducerScoreChanged) == [ProducerScoreChanged(producer_id=producer.id, score=[])]
    assert bobs.all(ProducerScoreChanged) == []


async def test_a_transport_that_could_not_be_set_up_does_not_stay(
    room: Room, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise RequestTimeoutError("not in time")

    ada, _ = enter(room, "ada")
    before = await handlers_in(worker)
    monkeypatch.setattr(WebRtcTransport, "set_max_incoming_bitrate", refuse)
    with pytest.raises(RequestTimeoutError):
        await give_transports(ada)
    assert await handlers_in(worker) == before


async def test_no_peer_gets_more_than_its_share(pool: WorkerPool, settings: Settings) -> None:
    limits = Limits(max_transports_per_peer=2, max_producers_per_peer=1, max_consumers_per_peer=1)
    modest = RoomManager(pool, dataclasses.replace(settings, limits=limits))
    room = await modest.get_or_create(RoomConfig(id="closet"))
    ada, _ = enter(room, "ada")
    made = await asyncio.gather(*(give_transports(ada) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in made if isinstance(each, BaseException)] == [LimitReached] * 3
    assert len(ada.media.transports) == 2
    await modest.close()


async def test_leaving_in_the_middle_of_anything_leaves_nothing(arrive: Arrive, room: Room, worker: Worker) -> None:
    ada, _ = await arrive("ada")
    for number in range(4):
        await produce_audio(ada, 100 + number)
    before = await handlers_in(worker)
    for turns in range(30):
        bob, _ = enter(room, "bob")
        busy = asyncio.gather(_settle_in(room, bob), return_exceptions=True)
        for _ in range(turns):
            await asyncio.sleep(0)
        bob.close()
        await busy
    assert await handlers_in(worker) == before


async def test_a_cancelled_request_leaves_nothing(arrive: Arrive, worker: Worker) -> None:
    ada, _ = await arrive("ada")
    before = await handlers_in(worker)
    for turns in range(10):
        task = asyncio.create_task(_produce_often(ada))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for producer in ada.media.producers:
            producer.close()
    assert await handlers_in(worker) == before


async def _settle_in(room: Room, peer: Peer) -> None:
    await give_transports(peer)
    join(room, peer)
    await produce_audio(peer)


async def _produce_often(peer: Peer) -> None:
    for number in range(16):
        await produce_audio(peer, 500 + number)
