"""What a client may ask for and is told, over a real websocket, with media objects in a real worker."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSMsgType
from aiohttp.test_utils import TestServer

from app.config import Limits, Settings
from app.mediasoup.producer import Producer
from app.mediasoup.worker import Worker
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from app.signaling import waiting_requests
from app.signaling.endpoint import Signaling
from app.web.application import make_application
from tests.rtc.fakes import until

from .calls import (
    FINGERPRINT,
    audio,
    create_transport,
    join,
    produce_audio,
    produce_chat,
    produce_video,
)
from .client import ProtooClient, Refused
from .conftest import Connect
from .gates import TestGate, everybody


async def test_the_capabilities_are_the_answer_itself(connect: Connect) -> None:
    capabilities = await (await connect("ada")).request("getRouterRtpCapabilities")
    assert {"codecs", "headerExtensions"} == set(capabilities)
    assert capabilities["codecs"][0]["mimeType"] == "audio/opus"


async def test_a_transport_has_all_that_mediasoup_client_reads(connect: Connect) -> None:
    client = await connect("ada")
    plain = await client.request("createWebRtcTransport", {"forceTcp": False, "producing": True})
    assert set(plain) == {"id", "iceParameters", "iceCandidates", "dtlsParameters"}
    assert {candidate["protocol"] for candidate in plain["iceCandidates"]} == {"udp", "tcp"}
    assert plain["iceParameters"]["usernameFragment"]
    assert plain["dtlsParameters"]["role"] == "auto"
    with_sctp = await client.request(
        "createWebRtcTransport", {"forceTcp": True, "consuming": True, "sctpCapabilities": {}}
    )
    assert {candidate["protocol"] for candidate in with_sctp["iceCandidates"]} == {"tcp"}
    assert {"port", "OS", "MIS", "maxMessageSize"} <= set(with_sctp["sctpParameters"])


async def test_joining_tells_who_is_there_and_the_others_who_came(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    assert (await join(ada, "Ada"))["peers"] == []
    device = {"flag": "chrome", "name": "Chrome", "version": "156"}
    assert (await join(bob, "Bob"))["peers"] == [{"id": "ada", "displayName": "Ada", "device": device}]
    assert await ada.hears("newPeer") == {"id": "bob", "displayName": "Bob", "device": device}
    await bob.close()
    assert await ada.hears("peerClosed") == {"peerId": "bob"}


async def test_the_answer_to_join_comes_before_the_consumers(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await produce_audio(ada)
    bobs_joining = asyncio.create_task(join(bob))
    await bob.hears("newConsumer")
    assert bobs_joining.done() or bob.all("newConsumer") == []
    assert (await bobs_joining)["peers"][0]["id"] == "ada"


async def test_what_is_sent_along_with_join_finds_it_done(connect: Connect) -> None:
    client = await connect("ada")
    joining = client.start_request("join", {"displayName": "Ada"})
    renaming = client.start_request("changeDisplayName", {"displayName": "Countess"})
    limiting = client.start_request("setLastN", {"lastN": 1})
    choosing = client.start_request("setSubscription", {"auto": False})
    assert (await joining)["sessionId"]
    for request in (renaming, limiting, choosing):
        assert await request == {}


async def test_a_consumer_tells_all_that_mediasoup_client_needs(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    producer_id = await produce_video(ada, share=False)
    consumer = await bob.hears("newConsumer")
    assert set(consumer) == {
        *("peerId", "producerId", "id", "kind", "rtpParameters", "type", "appData", "producerPaused")
    }
    assert (consumer["peerId"], consumer["producerId"]) == ("ada", producer_id)
    assert (consumer["kind"], consumer["type"]) == ("video", "simulcast")
    assert consumer["appData"] == {"share": False}
    assert consumer["rtpParameters"]["codecs"][0]["mimeType"] == "video/VP8"
    score = await bob.hears("consumerScore", consumerId=consumer["id"])
    assert set(score["score"]) == {"score", "producerScore", "producerScores"}


async def test_data_channels_are_offered_to_the_others(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    data_producer_id = await produce_chat(ada)
    consumer = await bob.hears("newDataConsumer")
    assert set(consumer) == {
        *("peerId", "dataProducerId", "id", "sctpStreamParameters", "label", "protocol", "appData")
    }
    assert consumer["dataProducerId"] == data_producer_id
    assert consumer["sctpStreamParameters"]["maxRetransmits"] == 1
    assert consumer["label"] == "chat"


async def test_pausing_resuming_and_closing_are_passed_on(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    producer_id = await produce_audio(ada)
    consumer_id = (await bob.hears("newConsumer"))["id"]
    await bob.hears("consumerScore")
    assert await ada.request("pauseProducer", {"producerId": producer_id}) == {}
    await bob.hears("consumerPaused", consumerId=consumer_id)
    await ada.request("resumeProducer", {"producerId": producer_id})
    await bob.hears("consumerResumed", consumerId=consumer_id)
    await ada.request("closeProducer", {"producerId": producer_id})
    await bob.hears("consumerClosed", consumerId=consumer_id)


async def test_a_data_channel_is_closed_for_all_and_makes_room_for_another(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    for _ in range(20):
        id = await produce_chat(ada)
        consumer = await bob.hears("newDataConsumer", dataProducerId=id)
        assert await ada.request("closeDataProducer", {"dataProducerId": id}) == {}
        await bob.hears("dataConsumerClosed", dataConsumerId=consumer["id"])
    with pytest.raises(Refused) as caught:
        await ada.request("closeDataProducer", {"dataProducerId": id})
    assert caught.value.code == 404


async def test_consumers_can_be_steered(connect: Connect, worker: Worker) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    await produce_video(ada)
    id = (await bob.hears("newConsumer"))["id"]
    await bob.hears("consumerScore")
    await bob.request("pauseConsumer", {"consumerId": id})
    await bob.request("resumeConsumer", {"consumerId": id})
    await bob.request("requestConsumerKeyFrame", {"consumerId": id})
    await bob.request("setConsumerPriority", {"consumerId": id, "priority": 3})
    await bob.request("setConsumerPreferredLayers", {"consumerId": id, "spatialLayer": 1, "temporalLayer": 0})
    await bob.request("setConsumerPreferredLayers", {"consumerId": id, "spatialLayer": 2})
    (router,) = worker.routers.values()
    consumer = next(each.consumers[id] for each in router.transports.values() if id in each.consumers)
    assert consumer.priority == 3 and not consumer.paused
    assert consumer.preferred_layers is not None and consumer.preferred_layers.spatial_layer == 2


async def test_ice_is_restarted_and_dtls_connected_once(connect: Connect) -> None:
    client = await connect("ada")
    id = await create_transport(client, producing=True)
    ice = await client.request("restartIce", {"transportId": id})
    assert set(ice) == {"usernameFragment", "password", "iceLite"}
    connecting = {"transportId": id, "dtlsParameters": {"role": "client", "fingerprints": [FINGERPRINT]}}
    assert await client.request("connectWebRtcTransport", connecting) == {}
    with pytest.raises(Refused) as caught:
        await client.request("connectWebRtcTransport", connecting)
    assert 400 <= caught.value.code < 500


async def test_statistics_are_lists(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    producer_id, data_producer_id = await produce_audio(ada), await produce_chat(ada)
    consumer_id = (await bob.hears("newConsumer"))["id"]
    data_consumer_id = (await bob.hears("newDataConsumer"))["id"]
    (transport,) = await ada.request("getTransportStats", {"transportId": ada.sending})
    assert transport["type"] == "webrtc-transport"
    assert await ada.request("getProducerStats", {"producerId": producer_id}) == []
    (data_producer,) = await ada.request("getDataProducerStats", {"dataProducerId": data_producer_id})
    assert data_producer["label"] == "chat"
    assert isinstance(await bob.request("getConsumerStats", {"consumerId": consumer_id}), list)
    (data_consumer,) = await bob.request("getDataConsumerStats", {"dataConsumerId": data_consumer_id})
    assert data_consumer["messagesSent"] == 0


async def test_a_new_name_is_told_to_the_others(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada, "Ada")
    await join(bob)
    await ada.request("changeDisplayName", {"displayName": "Countess"})
    assert await bob.hears("peerDisplayNameChanged") == {
        "peerId": "ada",
        "displayName": "Countess",
        "oldDisplayName": "Ada",
    }


@pytest.mark.parametrize("method", ["applyNetworkThrottle", "resetNetworkThrottle"])
async def test_nobody_throttles_the_network(connect: Connect, method: str) -> None:
    with pytest.raises(Refused) as caught:
        await (await connect("ada")).request(method, {"secret": "x"})
    assert (caught.value.code, caught.value.name) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("method", "data", "code", "name"),
    [
        ("flyToTheMoon", {}, 404, "method_not_found"),
        ("x" * 10_000, {}, 404, "method_not_found"),
        ("join", {"displayName": 5}, 400, "bad_request"),
        ("join", {"displayName": "x" * 65}, 400, "bad_request"),
        ("join", [], 400, "bad_request"),
        ("restartIce", {"transportId": "nobody's"}, 404, "not_found"),
        ("produce", {"transportId": "t", "kind": "audio", "rtpParameters": audio()}, 409, "wrong_state"),
        ("closeProducer", {"producerId": "p"}, 409, "wrong_state"),
    ],
)
async def test_what_is_wrong_is_refused_with_a_name(
    connect: Connect, method: str, data: object, code: int, name: str
) -> None:
    client = await connect("ada")
    with pytest.raises(Refused) as caught:
        await client.request(method, data)
    assert (caught.value.code, caught.value.name) == (code, name)
    assert await client.request("getRouterRtpCapabilities")


async def test_joining_twice_is_refused(connect: Connect) -> None:
    client = await connect("ada")
    await join(client)
    with pytest.raises(Refused) as caught:
        await join(client)
    assert caught.value.code == 409


async def test_what_the_library_refuses_is_named_by_the_clients_path(connect: Connect) -> None:
    client = await connect("ada")
    await join(client)
    parameters = audio()
    parameters["codecs"][0]["mimeType"] = "opus"
    data = {"transportId": client.sending, "kind": "audio", "rtpParameters": parameters}
    with pytest.raises(Refused, match=r"data\.rtpParameters\.codecs\[0\]\.mimeType") as caught:
        await client.request("produce", data)
    assert caught.value.code == 400


async def test_capabilities_that_make_no_sense_are_refused_when_joining(connect: Connect) -> None:
    client = await connect("ada")
    codec = {"kind": "video", "mimeType": "video/rtx", "clockRate": 90000, "preferredPayloadType": 200}
    with pytest.raises(Refused, match=r"data\.rtpCapabilities\.codecs\[0\]\.") as caught:
        await client.request("join", {"rtpCapabilities": {"codecs": [codec]}})
    assert caught.value.code == 400


async def test_a_codec_that_rooms_do_not_have_is_unsupported(connect: Connect) -> None:
    client = await connect("ada")
    await join(client)
    parameters = audio()
    parameters["codecs"][0].update(mimeType="audio/PCMA", clockRate=8000, channels=1)
    data = {"transportId": client.sending, "kind": "audio", "rtpParameters": parameters}
    with pytest.raises(Refused) as caught:
        await client.request("produce", data)
    assert (caught.value.code, caught.value.name) == (400, "unsupported")


async def test_what_is_others_can_not_be_touched(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    producer_id = await produce_audio(ada)
    consumer_id = (await bob.hears("newConsumer"))["id"]
    for client, method, data in (
        (bob, "closeProducer", {"producerId": producer_id}),
        (bob, "getProducerStats", {"producerId": producer_id}),
        (bob, "restartIce", {"transportId": ada.sending}),
        (ada, "pauseConsumer", {"consumerId": consumer_id}),
    ):
        with pytest.raises(Refused) as caught:
            await client.request(method, data)
        assert caught.value.code == 404


async def test_a_fault_of_ours_is_an_internal_error_and_the_session_goes_on(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret")

    client = await connect("ada")
    with monkeypatch.context() as patch:
        patch.setattr(Room, "join", fail)
        with pytest.raises(Refused) as caught:
            await client.request("join")
    assert (caught.value.code, caught.value.name) == (500, "internal_error")
    assert "secret" not in str(caught.value)
    assert (await client.request("join"))["peers"] == []


async def test_requests_for_one_object_keep_their_order(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await connect("ada")
    await join(client)
    id = await produce_audio(client)
    calls: list[str] = []

    async def slow_pause(self: Producer) -> None:
        await asyncio.sleep(0.05)
        calls.append("pause")

    async def quick_resume(self: Producer) -> None:
        calls.append("resume")

    monkeypatch.setattr(Producer, "pause", slow_pause)
    monkeypatch.setattr(Producer, "resume", quick_resume)
    methods = ["pauseProducer", "resumeProducer"] * 3
    await asyncio.gather(*(client.start_request(method, {"producerId": id}) for method in methods))
    assert calls == ["pause", "resume"] * 3


async def test_a_slow_request_does_not_hold_up_others(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    client, go = await connect("ada"), asyncio.Event()
    await join(client)
    id = await produce_audio(client)

    async def wait(self: Producer) -> None:
        await go.wait()

    monkeypatch.setattr(Producer, "pause", wait)
    pausing = client.start_request("pauseProducer", {"producerId": id})
    assert await client.request("getRouterRtpCapabilities")
    assert not pausing.done()
    go.set()
    await pausing


async def test_requests_wait_for_their_turn_and_one_too_many_is_refused(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, go = await connect("ada"), asyncio.Event()
    await join(client)
    id = await produce_audio(client)

    async def wait(self: Producer) -> None:
        await go.wait()

    monkeypatch.setattr(Producer, "pause", wait)
    monkeypatch.setattr(waiting_requests, "MOST", 70)
    many = [client.start_request("pauseProducer", {"producerId": id}) for _ in range(32 + 70 + 1)]
    with pytest.raises(Refused) as caught:
        await many.pop()
    assert (caught.value.code, caught.value.name) == (429, "limit_reached")
    # What needs no turn is answered meanwhile.
    assert await client.request("getRouterRtpCapabilities")
    assert not any(each.done() for each in many)
    go.set()
    assert await asyncio.gather(*many) == [{}] * (32 + 70)


async def test_requests_that_wait_are_no_more_than_their_data_may_be(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, go = await connect("ada"), asyncio.Event()
    await join(client)
    id = await produce_audio(client)

    async def wait(self: Producer) -> None:
        await go.wait()

    monkeypatch.setattr(Producer, "pause", wait)
    monkeypatch.setattr(waiting_requests, "MOST_BYTES", 1_000)
    many = [client.start_request("pauseProducer", {"producerId": id}) for _ in range(32)]
    large = client.start_request("pauseProducer", {"producerId": id, "more": "x" * 900})
    another = client.start_request("pauseProducer", {"producerId": id, "more": "x" * 900})
    with pytest.raises(Refused, match="too many requests"):
        await another
    go.set()
    await asyncio.gather(*many, large)


async def test_a_refused_consumer_is_closed(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    bob.accepts = lambda method, data: False
    await join(ada)
    await join(bob)
    await produce_audio(ada)
    id = (await bob.hears("newConsumer"))["id"]
    await bob.hears("consumerClosed", consumerId=id)
    with pytest.raises(Refused):
        await bob.request("getConsumerStats", {"consumerId": id})


async def test_a_consumer_that_is_not_confirmed_in_time_is_closed(
    http: ClientSession, pool: WorkerPool, settings: Settings, tmp_path: Path
) -> None:
    settings = dataclasses.replace(settings, limits=Limits(request_timeout_seconds=0.1))
    rooms = RoomManager(pool, settings)
    signaling = Signaling(rooms, TestGate(), settings, everybody)
    async with TestServer(make_application(pool, signaling.handle, settings)) as server:
        url = str(server.make_url("/ws"))
        ada, bob = [await ProtooClient.connect(http, url, "kitchen", name) for name in ("ada", "bob")]
        bob.accepts = lambda method, data: None
        await join(ada)
        await join(bob)
        await produce_audio(ada)
        await bob.hears("consumerClosed", consumerId=(await bob.hears("newConsumer"))["id"])
        await signaling.close()
        await ada.ends()
        await bob.ends()
    await rooms.close()


async def test_an_answer_to_nothing_and_a_notification_are_ignored(connect: Connect) -> None:
    client = await connect("ada")
    client.send({"response": True, "id": 99, "ok": True, "data": {}})
    client.send({"notification": True, "method": "hello", "data": {}})
    assert await client.request("getRouterRtpCapabilities")


@pytest.mark.parametrize("text", ["hello", "[]", "{}", '{"request": true, "method": "join"}', "[" * 40_000])
async def test_what_is_no_protoo_message_closes_with_1002(connect: Connect, text: str) -> None:
    client = await connect("ada")
    client.send_text(text)
    assert await client.ends() == 1002


async def test_a_binary_frame_closes_with_1003(connect: Connect) -> None:
    client = await connect("ada")
    await client.websocket.send_bytes(b"{}")
    assert await client.ends() == 1003


async def test_a_message_over_the_limit_closes_with_1009(connect: Connect) -> None:
    client = await connect("ada")
    client.send({"request": True, "id": 1, "method": "join", "data": "x" * 65_536})
    assert await client.ends() == 1009


async def test_a_message_just_under_the_limit_is_served(connect: Connect) -> None:
    client = await connect("ada")
    with pytest.raises(Refused):
        await client.request("join", "x" * 65_400)


async def test_a_client_that_does_not_read_is_closed_and_holds_nobody_up(
    http: ClientSession, pool: WorkerPool, settings: Settings, tmp_path: Path
) -> None:
    limits = Limits(max_outgoing_queue=10, max_outgoing_bytes=65_536)
    settings = dataclasses.replace(settings, limits=limits, session_grace_seconds=0.1)
    rooms = RoomManager(pool, settings)
    signaling = Signaling(rooms, TestGate(), settings, everybody)
    async with TestServer(make_application(pool, signaling.handle, settings)) as server:
        url = str(server.make_url("/ws"))
        ada = await ProtooClient.connect(http, url, "kitchen", "ada")
        await join(ada)
        deaf = await http.ws_connect(url, params={"roomId": "kitchen", "peerId": "deaf"})
        join_frame = {"request": True, "id": 1, "method": "join", "data": {"displayName": "Deaf"}}
        await deaf.send_json(join_frame)
        await ada.hears("newPeer")
        # It keeps asking and never reads: its kernel's buffers fill up, and then our queue.
        question = json.dumps({"request": True, "id": 2, "method": "getRouterRtpCapabilities"})
        connection = deaf._response.connection
        assert connection is not None and connection.protocol is not None
        connection.protocol.pause_reading()
        flood = asyncio.create_task(_flood(deaf.send_str, question))
        await ada.hears("peerClosed", peerId="deaf")
        assert await ada.request("getRouterRtpCapabilities")
        flood.cancel()
        assert connection.transport is not None
        connection.transport.abort()
        await until(lambda: len(signaling) == 1)
        await signaling.close()
        await ada.ends()
    await rooms.close()


async def _flood(send: object, text: str) -> None:
    assert callable(send)
    try:
        while True:
            await send(text)
    except ConnectionError:
        return


async def test_joining_and_leaving_200_times_leaves_nothing(connect: Connect, worker: Worker, pool: WorkerPool) -> None:
    ada = await connect("ada")
    await join(ada)
    await produce_audio(ada)
    before = sorted((await worker.dump()).channel_message_handlers.channel_request_handlers)
    tasks = len(asyncio.all_tasks())
    for number in range(200):
        bob = await connect(f"bob{number % 3}")
        await join(bob)
        await produce_video(bob)
        await bob.hears("consumerScore")
        await bob.close()
    await until(lambda: len(ada.all("peerClosed")) == 200)
    assert sorted((await worker.dump()).channel_message_handlers.channel_request_handlers) == before
    await until(lambda: len(asyncio.all_tasks()) <= tasks)


async def test_vanishing_in_the_middle_of_requests_leaves_nothing(
    connect: Connect, worker: Worker, pool: WorkerPool
) -> None:
    ada = await connect("ada")
    await join(ada)
    before = sorted((await worker.dump()).channel_message_handlers.channel_request_handlers)
    for _ in range(20):
        bob = await connect("bob")
        await join(bob)
        for number in range(5):
            data = {"transportId": bob.sending, "kind": "audio", "rtpParameters": audio(100 + number)}
            bob.start_request("produce", data)
        bob.start_request("createWebRtcTransport")
        await bob.close()
    await until(lambda: pool.workers[0].peers == 1)
    assert sorted((await worker.dump()).channel_message_handlers.channel_request_handlers) == before


async def test_pings_are_answered(http: ClientSession, url: str) -> None:
    async with http.ws_connect(url, params={"roomId": "kitchen", "peerId": "ada"}, autoping=False) as websocket:
        await websocket.ping(b"are you there?")
        async with asyncio.timeout(5):
            while (message := await websocket.receive()).type is not WSMsgType.PONG:
                pass
        assert message.data == b"are you there?"
