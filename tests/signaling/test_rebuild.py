"""What clients see when a worker dies under their call."""

from __future__ import annotations

import os
import signal

import pytest

from app.mediasoup.worker import Worker
from app.rtc import deaths
from app.rtc.room_manager import RoomManager
from app.signaling.endpoint import Signaling
from tests.rtc.fakes import until

from .calls import create_transport, join, produce_audio
from .client import ProtooClient
from .conftest import Connect


def kill(worker: Worker) -> None:
    os.kill(worker.pid, signal.SIGKILL)


async def test_clients_make_their_media_anew_and_nobody_leaves(connect: Connect, worker: Worker) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    await produce_audio(ada)
    await bob.hears("consumerScore")
    capabilities = await ada.request("getRouterRtpCapabilities")
    kill(worker)
    for client in (ada, bob):
        assert await client.hears("rebuild") == {"routerRtpCapabilities": capabilities}
    ada.sending = await create_transport(ada, producing=True)
    bob.receiving = await create_transport(bob, consuming=True)
    producer_id = await produce_audio(ada)
    await bob.hears("newConsumer", producerId=producer_id)
    assert len(ada.all("rebuild")) == len(bob.all("rebuild")) == 1
    assert not any(client.all("peerClosed") or client.all("roomClosed") for client in (ada, bob))


async def test_a_client_that_knows_nothing_of_it_comes_again(
    connect: Connect, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "NOTICE_SECONDS", 0.2)
    old = await connect("old")
    await join(old)
    kill(worker)
    assert await old.ends() == 1012
    again = await connect("old")
    assert (await join(again))["peers"] == []
    await produce_audio(again)


async def test_who_was_away_sees_on_coming_back_that_nothing_is_left(
    connect: Connect, worker: Worker, rooms: RoomManager, signaling: Signaling
) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    joined = await join(ada)
    await join(bob)
    producer_id = await produce_audio(ada)
    room = rooms.get("kitchen")
    assert room is not None
    ada.vanish()
    await until(lambda: room.find("ada").session.away)
    kill(worker)
    await bob.hears("rebuild")
    again = await connect("ada", resume=joined["resumeToken"])
    held = {"transports": [ada.sending, ada.receiving], "producers": [producer_id], "consumers": []}
    answer = await again.request("resume", {"sessionId": joined["sessionId"], **held})
    assert (answer["transports"], answer["producers"]) == ([], [])
    again.sending = await create_transport(again, producing=True)
    await create_transport(bob, consuming=True)
    again_id = await produce_audio(again)
    await bob.hears("newConsumer", producerId=again_id)
    assert bob.all("peerClosed") == []


async def test_in_the_lobby_one_waits_on(connect: Connect, worker: Worker, rooms: RoomManager) -> None:
    waiting = await connect("waiting")
    transport_id = await create_transport(waiting, producing=True)
    kill(worker)
    await waiting.hears("rebuild")
    assert await create_transport(waiting, producing=True) != transport_id
    assert await _is_there(waiting)


async def _is_there(client: ProtooClient) -> bool:
    return "codecs" in await client.request("getRouterRtpCapabilities")
