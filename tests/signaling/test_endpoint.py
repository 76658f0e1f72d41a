"""Getting in, being looked after, and the end of all sockets."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestServer
from loguru import logger

from app.config import Limits, Settings
from app.rtc.events import Farewell, Move
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from app.signaling.endpoint import Liveness, Signaling
from app.web.application import make_application
from tests.rtc.fakes import SpawnedWorkers, until

from .calls import join
from .client import ProtooClient, refusal
from .conftest import Connect
from .gates import TestGate, everybody


async def test_the_first_thing_told_is_the_release_of_mediasoup(connect: Connect) -> None:
    client = await connect("ada")
    assert client.websocket.protocol == "protoo"
    await client.hears("mediasoup-version", version="3.27.1")


async def test_a_client_that_offers_no_subprotocol_is_welcome(http: ClientSession, url: str) -> None:
    async with http.ws_connect(url, params={"roomId": "kitchen", "peerId": "ada"}) as websocket:
        assert websocket.protocol is None
        assert "mediasoup-version" in (await websocket.receive_str())


async def test_clients_that_know_no_path_come_in_too(http: ClientSession, url: str) -> None:
    client = await ProtooClient.connect(http, url.removesuffix("ws"), "kitchen", "ada")
    await client.hears("mediasoup-version")
    await client.close()


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"peerId": "ada"}, "roomId"),
        ({"roomId": "kitchen"}, "peerId"),
        ({"roomId": "", "peerId": "ada"}, "roomId"),
        ({"roomId": "x" * 65, "peerId": "ada"}, "roomId"),
        ({"roomId": "kitchen", "peerId": "a da"}, "peerId"),
        ({"roomId": "kitchen", "peerId": "ada\n"}, "peerId"),
        ({"roomId": "kitchen", "peerId": "../ada"}, "peerId"),
    ],
)
async def test_a_bad_parameter_is_named_before_the_upgrade(
    http: ClientSession, url: str, params: dict[str, str], named: str
) -> None:
    status, message = await refusal(http, url, **params)
    assert status == 400
    assert message.startswith(f"{named}: ")


async def test_what_asks_for_no_websocket_makes_no_room(http: ClientSession, url: str, rooms: RoomManager) -> None:
    async with http.get(url, params={"roomId": "kitchen", "peerId": "ada"}) as response:
        assert response.status == 400
    assert len(rooms) == 0


async def test_without_a_worker_the_answer_is_503(http: ClientSession, settings: Settings, tmp_path: Path) -> None:
    pool = WorkerPool(SpawnedWorkers(), settings)
    signaling = Signaling(RoomManager(pool, settings), TestGate(), settings, everybody)
    async with TestServer(make_application(pool, signaling.handle, settings)) as server:
        status, message = await refusal(http, str(server.make_url("/ws")), roomId="kitchen", peerId="ada")
    assert (status, "no worker" in message) == (503, True)


async def asked_plainly(http: ClientSession, url: str, **params: str) -> int:
    async with http.get(url, params=params) as response:
        return response.status


async def test_a_full_room_answers_429(
    http: ClientSession, pool: WorkerPool, settings: Settings, tmp_path: Path
) -> None:
    settings = dataclasses.replace(settings, limits=Limits(max_peers_per_room=1))
    rooms = RoomManager(pool, settings)
    signaling = Signaling(rooms, TestGate(), settings, everybody)
    async with TestServer(make_application(pool, signaling.handle, settings)) as server:
        url = str(server.make_url("/ws"))
        client = await ProtooClient.connect(http, url, "kitchen", "ada")
        assert (await refusal(http, url, roomId="kitchen", peerId="bob"))[0] == 429
        # A browser hides that answer; asked without the upgrade, it is the same.
        assert await asked_plainly(http, url, roomId="kitchen", peerId="bob") == 429
        assert await asked_plainly(http, url, roomId="kitchen", peerId="ada") == 400
        await signaling.close()
        await client.ends()
    await rooms.close()


async def test_a_replaced_client_is_told_to_stay_away(connect: Connect) -> None:
    first = await connect("ada")
    await first.hears("mediasoup-version")
    second = await connect("ada")
    await second.hears("mediasoup-version")
    assert await first.ends() == 4000
    assert len(await second.request("getRouterRtpCapabilities")) > 0


async def test_who_did_not_move_to_another_node_is_told_to_come_again(connect: Connect, rooms: RoomManager) -> None:
    client = await connect("ada")
    await join(client)
    room = rooms.get("kitchen")
    assert room is not None
    ada = room.find("ada")
    ada.client.notify(Move(url=None))
    assert await client.hears("move") == {"url": None}
    ada.dismiss(Farewell.DRAINING)
    assert await client.ends() == 1012


async def test_when_the_server_goes_down_all_are_told_to_come_again(
    connect: Connect, signaling: Signaling, http: ClientSession, url: str
) -> None:
    clients = [await connect(f"peer{number}") for number in range(5)]
    await signaling.close()
    assert [await client.ends() for client in clients] == [1012] * 5
    assert len(signaling) == 0
    with pytest.raises(WSServerHandshakeError) as caught:
        await ProtooClient.connect(http, url, "kitchen", "ada")
    assert caught.value.status == 503


async def test_who_is_not_heard_is_given_up_and_who_answers_pings_is_not(
    http: ClientSession, pool: WorkerPool, rooms: RoomManager, settings: Settings, tmp_path: Path
) -> None:
    liveness = Liveness(look_every=0.02, ping_after=0.05, dead_after=0.5)
    signaling = Signaling(rooms, TestGate(), settings, everybody, liveness)
    async with TestServer(make_application(pool, signaling.handle, settings)) as server:
        url, query = str(server.make_url("/ws")), {"roomId": "kitchen", "peerId": "dead"}
        alive = await ProtooClient.connect(http, url, "kitchen", "alive")
        async with http.ws_connect(url, params=query, autoping=False) as dead:
            pings = 0
            async with asyncio.timeout(10):
                while (message := await dead.receive()).type is not WSMsgType.CLOSE:
                    pings += message.type is WSMsgType.PING
            assert pings > 1
            assert (dead.close_code, "not heard" in str(message.extra)) == (1008, True)
        assert await alive.request("getRouterRtpCapabilities")
        await signaling.close()
        await alive.ends()


async def test_when_the_server_hangs_nobody_is_given_up_for_it(
    http: ClientSession, pool: WorkerPool, rooms: RoomManager, settings: Settings
) -> None:
    liveness = Liveness(look_every=0.02, ping_after=0.05, dead_after=1.0)
    signaling = Signaling(rooms, TestGate(), settings, everybody, liveness)
    async with TestServer(make_application(pool, signaling.handle, settings)) as server:
        client = await ProtooClient.connect(http, str(server.make_url("/ws")), "kitchen", "ada")
        await client.hears("mediasoup-version")
        # All of this process hangs, as it may on a machine that was suspended.
        time.sleep(1.5)  # noqa: ASYNC251
        assert await client.request("getRouterRtpCapabilities")
        assert not client.websocket.closed
        await signaling.close()
        assert await client.ends() == 1012


async def test_who_hung_for_8_s_lost_nothing_and_who_vanished_is_out_within_12(
    connect: Connect, rooms: RoomManager
) -> None:
    ada, hung, gone = await connect("ada"), await connect("hung"), await connect("gone")
    for client in (ada, hung, gone):
        await join(client)
    loop = asyncio.get_running_loop()
    vanished_at = loop.time()
    hung.hang()
    gone.hang()
    loop.call_later(8, hung.hang, False)
    await ada.hears("peerClosed", peerId="gone")
    assert 9 < loop.time() - vanished_at < 12
    room = rooms.get("kitchen")
    assert room is not None and not room.find("hung").session.away
    assert await hung.request("getRouterRtpCapabilities")
    gone.hang(False)
    assert await gone.ends() == 1008


async def test_a_client_that_vanishes_before_it_joined_leaves_the_room(
    connect: Connect, pool: WorkerPool, signaling: Signaling
) -> None:
    client = await connect("ada")
    await client.hears("mediasoup-version")
    assert pool.workers[0].peers == 1
    client.vanish()
    await until(lambda: pool.workers[0].peers == 0 and len(signaling) == 0)


@pytest.fixture
async def patient_url(signaling: Signaling, pool: WorkerPool, settings: Settings) -> AsyncIterator[str]:
    """Where the websocket is of a server as it runs in earnest: those of tests end what nobody waits for."""
    runner = web.AppRunner(make_application(pool, signaling.handle, settings))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    yield f"http://{host}:{port}/ws"
    await runner.cleanup()


@pytest.mark.parametrize("when", ["closing", "closed"])
async def test_who_gave_up_waiting_does_not_come_in(
    http: ClientSession,
    patient_url: str,
    signaling: Signaling,
    rooms: RoomManager,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    """The client may be in by a later attempt, which this one must not replace."""
    requests: list[web.Request] = []
    settled, lines = asyncio.Event(), list[str]()
    kitchen = await rooms.get_or_create(RoomConfig(id="kitchen"))

    def note(request: web.Request) -> bool:
        requests.append(request)
        # Clients may try again by themselves.
        return len(requests) == 1

    async def wait_settled() -> None:
        await settled.wait()
        if requests[0].transport is not None:
            requests[0].transport.close()

    monkeypatch.setattr(signaling, "_may_use", note)
    monkeypatch.setattr(rooms, "wait_settled", wait_settled)
    sink = logger.add(lines.append, level="DEBUG", format="{level} {message}")
    attempt = asyncio.create_task(ProtooClient.connect(http, patient_url, "kitchen", "ada", None, None))
    await until(lambda: requests)
    if when == "closed":
        attempt.cancel()
        await until(lambda: requests[0].transport is None)
    settled.set()
    await until(lambda: "DEBUG GET /ws: the client is gone\n" in lines)
    logger.remove(sink)
    await asyncio.gather(attempt, return_exceptions=True)
    assert len(signaling) == 0 and kitchen.peers == ()
    assert [line for line in lines if line.startswith(("ERROR", "WARNING"))] == []


# How it ends.


@pytest.fixture
async def reasons(rooms: RoomManager) -> list[str]:
    """Why those left who were in the kitchen."""
    reasons: list[str] = []
    kitchen = await rooms.get_or_create(RoomConfig(id="kitchen"))
    kitchen.on_leave.add(lambda peer, reason: reasons.append(reason))
    return reasons


@pytest.mark.parametrize(
    ("code", "expected"), [(1000, "left"), (1001, "left"), (1011, "connection-lost"), (3000, "connection-lost")]
)
async def test_who_closes_its_socket_left(
    connect: Connect, reasons: list[str], impatience: None, code: int, expected: str
) -> None:
    client = await connect("ada")
    await join(client)
    await client.websocket.close(code=code)
    await until(lambda: reasons == [expected])


async def test_who_vanishes_has_lost_its_connection(connect: Connect, reasons: list[str], impatience: None) -> None:
    client = await connect("ada")
    await join(client)
    client.vanish()
    await until(lambda: reasons == ["connection-lost"])


@pytest.mark.parametrize(("text", "code"), [("not protoo", 1002), ("x" * 100_000, 1009)])
async def test_who_breaks_the_rules_leaves_by_a_protocol_error(
    connect: Connect, reasons: list[str], text: str, code: int
) -> None:
    client = await connect("ada")
    await join(client)
    client.send_text(text)
    assert await client.ends() == code
    await until(lambda: reasons == ["protocol-error"])


async def test_who_is_sent_away_by_a_server_that_goes_down_has_not_left(
    connect: Connect, reasons: list[str], signaling: Signaling, rooms: RoomManager
) -> None:
    client = await connect("ada")
    await join(client)
    await signaling.close()
    assert await client.ends() == 1012
    room = rooms.get("kitchen")
    assert room is not None and room.find("ada").session.away
    assert reasons == []
