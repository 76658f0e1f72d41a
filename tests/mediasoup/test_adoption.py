"""Adoption: the control plane is gone, and another one takes over what it has left in a worker."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from app.mediasoup.active_speaker_observer import ActiveSpeakerObserver
from app.mediasoup.consumer import Consumer
from app.mediasoup.data_structures import ListenInfo, SctpStreamParameters
from app.mediasoup.errors import ChannelClosedError, InvalidStateError, InvalidValueError, NotFoundError
from app.mediasoup.memory import MIDS_OF_A_GENERATION, RouterMemory, TransportMemory
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpParameters
from app.mediasoup.signal import Signal
from app.mediasoup.transport import Transport
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker
from app.mediasoup.worker_object import WorkerObject
from app.sidecar import Sidecar
from tests.conftest import SidecarProcess

from .conftest import MEDIA_CODECS
from .events import record, until
from .parameters import AUDIO, DTLS_CLIENT, RECEIVER, SIMULCAST
from .rtp import OPUS, VP8, Packet, opus_packet, vp8_packet
from .test_plain_transport import LOCAL
from .udp import UdpEndpoint, udp_endpoint


@dataclass
class Controllers:
    """Control planes of one worker, one after the other: a new one cuts off the one before."""

    sidecar: Sidecar

    async def next(self) -> Worker:
        return (await self.sidecar.attach(0)).worker


@pytest.fixture
async def controllers(sidecar_process: SidecarProcess) -> AsyncIterator[Controllers]:
    sidecar = Sidecar(sidecar_process.run_dir)
    sidecar.start()
    yield Controllers(sidecar)
    (await sidecar.attach(0)).worker.let_go()
    await sidecar.close()


@pytest.fixture
async def first(controllers: Controllers) -> Worker:
    """The control plane that makes a room."""
    return await controllers.next()


@pytest.fixture
async def server(first: Worker) -> WebRtcServer:
    return await first.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])


@pytest.fixture
async def room(first: Worker, server: WebRtcServer) -> Router:
    """Something of each kind."""
    router = await first.create_router(media_codecs=MEDIA_CODECS)
    speaker = await router.create_webrtc_transport(
        webrtc_server=server, enable_sctp=True, app_data={"consuming": False}
    )
    listener = await router.create_webrtc_transport(webrtc_server=server, enable_sctp=True)
    await speaker.connect(dtls_parameters=DTLS_CLIENT)
    audio = await speaker.produce(kind="audio", rtp_parameters=AUDIO, app_data={"source": "microphone"})
    video = await speaker.produce(kind="video", rtp_parameters=SIMULCAST, paused=True)
    sound = await listener.consume(producer_id=audio.id, rtp_capabilities=RECEIVER, app_data={"a": 1})
    picture = await listener.consume(producer_id=video.id, rtp_capabilities=RECEIVER, paused=True)
    await listener.consume(producer_id=video.id, rtp_capabilities=RECEIVER, pipe=True)
    await sound.pause()
    await picture.set_preferred_layers(spatial_layer=1, temporal_layer=0)
    await picture.set_priority(7)
    stream = SctpStreamParameters(stream_id=12, max_retransmits=3)
    data = await speaker.produce_data(sctp_stream_parameters=stream, label="chat", protocol="text", app_data={"b": 2})
    await listener.consume_data(data_producer_id=data.id, subchannels=[5, 6], paused=True)
    await router.create_active_speaker_observer(app_data={"c": 3})
    levels = await router.create_audio_level_observer()
    await levels.add_producer(producer_id=audio.id)
    pipe = await router.create_pipe_transport(listen_info=LOCAL, enable_rtx=True, enable_srtp=True)
    await pipe.consume(producer_id=audio.id)
    direct = await router.create_direct_transport()
    await direct.consume(producer_id=audio.id, rtp_capabilities=RECEIVER)
    await (await direct.produce_data(label="from here")).pause()
    await router.create_plain_transport(listen_info=LOCAL, rtcp_mux=False, enable_srtp=True, enable_sctp=True)
    return router


async def adopt(worker: Worker, memory: RouterMemory, router: Router) -> Router:
    """Take over what another control plane knew as ``router``."""
    for server_id in (await worker.dump()).web_rtc_server_ids:
        await worker.adopt_webrtc_server(server_id)
    return await worker.adopt_router(router.id, memory)


def contents(router: Router) -> list[WorkerObject]:
    transports = router.transports.values()
    carried = [
        each
        for transport in transports
        for registry in (transport.producers, transport.consumers, transport.data_producers, transport.data_consumers)
        for each in registry.values()
    ]
    return [router, *transports, *router.rtp_observers.values(), *carried]


def seen(router: Router) -> dict[str, Any]:
    """Give the attributes of all objects."""
    return {
        f"{type(each).__name__} {each.id} {name}": _shown(value)
        for each in contents(router)
        for name, value in vars(each).items()
        if not name.startswith("_") and not isinstance(value, Signal)
    }


def _shown(value: Any) -> Any:
    if isinstance(value, dict) and any(isinstance(each, WorkerObject) for each in value.values()):
        return sorted(value)
    return value


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


async def dumps(router: Router) -> dict[str, Any]:
    """Ask the worker for everything in ``router``."""
    asked = [each for each in contents(router) if hasattr(each, "dump")]
    answers = await asyncio.gather(*(each.dump() for each in asked))
    return {each.id: _sorted(answer) for each, answer in zip(asked, answers, strict=True)}


def _sorted(dump: Any) -> dict[str, Any]:
    """Leave the order of ids aside: the worker keeps them in hash maps."""
    return {name: sorted(value) if name.endswith("_ids") else value for name, value in _plain(dump).items()}


async def test_the_next_control_plane_knows_everything_as_the_first_did(
    controllers: Controllers, first: Worker, room: Router
) -> None:
    memory, before, dumped = room.memory, seen(room), await dumps(room)
    second = await controllers.next()
    await until(lambda: first.died)
    adopted = await adopt(second, memory, room)
    assert second.routers == {room.id: adopted}
    assert seen(adopted) == before
    assert await dumps(adopted) == dumped


async def test_and_so_does_the_one_after_it(controllers: Controllers, room: Router) -> None:
    memory, before = room.memory, seen(room)
    adopted = await adopt(await controllers.next(), memory, room)
    memory = adopted.memory
    adopted = await adopt(await controllers.next(), memory, room)
    assert seen(adopted) == before
    assert {each.generation for each in memory.transports.values()} == {1}
    assert {each.generation for each in adopted.memory.transports.values()} == {2}


async def test_what_was_adopted_does_what_it_is_told(controllers: Controllers, room: Router) -> None:
    memory = room.memory
    router = await adopt(await controllers.next(), memory, room)
    audio = next(each for each in router.producers.values() if each.kind == "audio")
    video = next(each for each in router.producers.values() if each.kind == "video")
    consumers = _consumers(router)
    sound = next(each for each in consumers if each.kind == "audio" and each.type == "simple" and each.paused)
    picture = next(each for each in consumers if each.type == "simulcast")
    fired = record(pause=picture.on_producer_pause, resume=picture.on_producer_resume)
    await sound.resume()
    await video.resume()
    await until(lambda: fired == ["resume"])
    await video.pause()
    await until(lambda: fired == ["resume", "pause"])
    assert not (await sound.dump()).paused
    await audio.pause()
    await picture.set_preferred_layers(spatial_layer=2)
    assert picture.preferred_layers is not None
    assert picture.preferred_layers.spatial_layer == 2
    speakers = next(each for each in router.rtp_observers.values() if isinstance(each, ActiveSpeakerObserver))
    await speakers.add_producer(producer_id=audio.id)
    assert speakers.id in (await router.dump()).map_producer_id_observer_ids[audio.id]


async def test_it_can_be_added_to(controllers: Controllers, room: Router) -> None:
    memory = room.memory
    worker = await controllers.next()
    router = await adopt(worker, memory, room)
    speaker, listener = _speaker_and_listener(router)
    more = await speaker.produce(kind="audio", rtp_parameters=_another_audio())
    assert more.rtp_parameters.rtcp.cname == AUDIO.rtcp.cname
    before = {each.rtp_parameters.mid for each in _consumers(router)}
    new = [await listener.consume(producer_id=id, rtp_capabilities=RECEIVER) for id in router.producers]
    mids = [each.rtp_parameters.mid for each in new]
    assert mids == [str(MIDS_OF_A_GENERATION + number) for number in range(len(new))]
    assert before.isdisjoint(mids)
    (data,) = (each for each in router.data_producers.values() if each.label == "chat")
    ids = [
        each.sctp_stream_parameters.stream_id
        for each in [*listener.data_consumers.values(), await listener.consume_data(data_producer_id=data.id)]
        if each.sctp_stream_parameters is not None
    ]
    assert len(set(ids)) == 2
    (server,) = worker.webrtc_servers.values()
    third = await router.create_webrtc_transport(webrtc_server=server)
    assert third.id in (await router.dump()).transport_ids


async def test_a_producer_that_closes_takes_its_consumers_with_it(controllers: Controllers, room: Router) -> None:
    memory = room.memory
    router = await adopt(await controllers.next(), memory, room)
    audio = next(each for each in router.producers.values() if each.kind == "audio")
    fed = [each for each in _consumers(router) if each.producer_id == audio.id]
    assert len(fed) == 3
    audio.close()
    await until(lambda: all(each.closed for each in fed))
    assert audio.id not in router.producers
    assert set(fed).isdisjoint(_consumers(router))


async def test_a_transport_that_closes_takes_what_it_carries_with_it(controllers: Controllers, room: Router) -> None:
    memory = room.memory
    worker = await controllers.next()
    router = await adopt(worker, memory, room)
    speaker, listener = _speaker_and_listener(router)
    carried = [*speaker.producers.values(), *speaker.data_producers.values()]
    consumers = _consumers(router)
    speaker.close()
    assert all(each.closed for each in carried)
    await until(lambda: all(each.closed for each in consumers))
    assert (await worker.dump()).router_ids == [router.id]
    assert (await listener.dump()).consumer_ids == []


async def test_a_server_that_closes_takes_its_transports_with_it(controllers: Controllers, room: Router) -> None:
    memory = room.memory
    worker = await controllers.next()
    router = await adopt(worker, memory, room)
    (server,) = worker.webrtc_servers.values()
    transports = _speaker_and_listener(router)
    fired = record(gone=transports[0].on_listen_server_close)
    server.close()
    assert fired == ["gone"]
    assert [each.closed for each in transports] == [True, True]


async def test_a_router_that_closes_leaves_nothing(controllers: Controllers, room: Router) -> None:
    memory = room.memory
    worker = await controllers.next()
    router = await adopt(worker, memory, room)
    everything = contents(router)
    router.close()
    assert all(each.closed for each in everything)
    assert (worker.routers, (await worker.dump()).router_ids) == ({}, [])


async def test_no_packet_is_lost_meanwhile(controllers: Controllers, first: Worker) -> None:
    router = await first.create_router(media_codecs=MEDIA_CODECS)
    async with udp_endpoint() as sender, udp_endpoint() as receiver:
        into = await router.create_plain_transport(listen_info=LOCAL, comedia=True)
        out = await router.create_plain_transport(listen_info=LOCAL)
        await out.connect(ip="127.0.0.1", port=receiver.port)
        producer = await into.produce(kind="audio", rtp_parameters=OPUS)
        await out.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
        memory = router.memory
        stream = asyncio.create_task(_send_opus(sender, into.tuple.local_port, 500))
        await until(lambda: len(receiver.received) > 50)
        adopted = await adopt(await controllers.next(), memory, router)
        (fed,) = _consumers(adopted)
        assert fed.score.score == 10
        await stream
        await until(lambda: len(_numbers(receiver)) >= 500)
    numbers = _numbers(receiver)
    assert numbers == [numbers[0] + number for number in range(500)]


async def test_scores_and_layers_are_known_at_once(controllers: Controllers, first: Worker) -> None:
    router = await first.create_router(media_codecs=MEDIA_CODECS)
    async with udp_endpoint() as sender:
        into = await router.create_plain_transport(listen_info=LOCAL, comedia=True)
        out = await router.create_plain_transport(listen_info=LOCAL)
        producer = await into.produce(kind="video", rtp_parameters=VP8)
        consumer = await out.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
        sender.send(vp8_packet(0), port=into.tuple.local_port)
        await until(lambda: producer.score and consumer.score.producer_score == 10)
        memory, before = router.memory, seen(router)
        adopted = await adopt(await controllers.next(), memory, router)
        assert seen(adopted) == before


async def test_what_nobody_remembers_is_known_as_far_as_dumps_tell(controllers: Controllers, room: Router) -> None:
    capabilities = room.rtp_capabilities
    router = await adopt(await controllers.next(), RouterMemory(rtp_capabilities=capabilities), room)
    assert router.rtp_observers == {}
    assert [each.app_data for each in contents(router) if each.app_data] == []
    speaker, listener = _speaker_and_listener(router)
    assert speaker.memory == TransportMemory(cname=AUDIO.rtcp.cname, generation=1)
    assert listener.memory == TransportMemory(cname=None, generation=1)


async def test_codecs_that_are_not_the_routers_are_refused(controllers: Controllers, room: Router) -> None:
    worker = await controllers.next()
    other = await worker.create_router(media_codecs=MEDIA_CODECS[:1])
    with pytest.raises(InvalidValueError, match="rtp_capabilities"):
        await adopt(worker, RouterMemory(rtp_capabilities=other.rtp_capabilities), room)
    # It may still be closed as a leftover, or adopted better.
    assert worker.routers == {other.id: other}
    assert room.id in (await worker.dump()).router_ids


async def test_what_is_not_there_is_not_found(controllers: Controllers, first: Worker, room: Router) -> None:
    memory = room.memory
    room.close()
    # A request that is answered comes after those that were made before it.
    await first.dump()
    worker = await controllers.next()
    with pytest.raises(NotFoundError):
        await worker.adopt_router(room.id, memory)
    with pytest.raises(NotFoundError):
        await worker.adopt_webrtc_server("nobody")
    assert (worker.routers, worker.webrtc_servers) == ({}, {})


async def test_what_vanishes_meanwhile_is_left_out(controllers: Controllers, room: Router) -> None:
    memory = room.memory
    worker = await controllers.next()
    adopting = asyncio.create_task(adopt(worker, memory, room))
    await _soon(lambda: room.id in worker.routers)
    router = worker.routers[room.id]
    await _soon(lambda: len(router.transports) == len(memory.transports))
    # Its producers are being asked for now.
    assert router.producers == {}
    speaker = next(each for each in router.transports.values() if each.app_data == {"consuming": False})
    speaker.close()
    assert (await adopting) is router
    assert speaker.id not in router.transports
    await until(lambda: not router.producers and not _consumers(router))
    assert [each for each in contents(router) if each.closed] == []


async def test_it_can_be_adopted_once(controllers: Controllers, room: Router, server: WebRtcServer) -> None:
    memory = room.memory
    worker = await controllers.next()
    router = await adopt(worker, memory, room)
    with pytest.raises(InvalidValueError, match="known here already"):
        await worker.adopt_router(room.id, memory)
    with pytest.raises(InvalidValueError, match="known here already"):
        await worker.adopt_webrtc_server(server.id)
    assert not router.closed


async def test_a_worker_that_is_lost_meanwhile_leaves_no_handle(controllers: Controllers, room: Router) -> None:
    memory = room.memory
    second = await controllers.next()
    adopting = asyncio.create_task(adopt(second, memory, room))
    await _soon(lambda: room.id in second.routers)
    # At this moment, which no other way of losing it would hit.
    second._channel._ended("the worker is gone")
    with pytest.raises(ChannelClosedError):
        await adopting
    assert second.routers == {}


async def test_who_lets_go_leaves_everything_there(controllers: Controllers, first: Worker, room: Router) -> None:
    memory, before = room.memory, seen(room)
    everything, fired = contents(room), record(died=first.on_died, close=first.on_close)
    first.let_go()
    first.let_go()
    assert all(each.closed for each in everything)
    assert (first.closed, first.died, fired) == (True, False, ["close"])
    with pytest.raises(InvalidStateError):
        await first.dump()
    assert seen(await adopt(await controllers.next(), memory, room)) == before


async def test_who_lets_go_of_a_worker_of_its_own_ends_it() -> None:
    worker = await Worker.spawn()
    worker.let_go()
    assert await worker.wait_exited() == 0


@pytest.mark.parametrize("seed", range(5))
async def test_any_room_is_the_same_afterwards(controllers: Controllers, first: Worker, seed: int) -> None:
    router = await first.create_router(media_codecs=MEDIA_CODECS)
    server = await first.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])
    await _make_at_random(router, server, random.Random(seed))
    memory, before, dumped = router.memory, seen(router), await dumps(router)
    adopted = await adopt(await controllers.next(), memory, router)
    assert seen(adopted) == before
    assert await dumps(adopted) == dumped


async def _make_at_random(router: Router, server: WebRtcServer, chance: random.Random) -> None:
    """Do a hundred things that a busy room does."""
    transports: list[WebRtcTransport] = []
    for number in range(100):
        deed = chance.choice(("transport", "produce", "produce", "consume", "consume", "consume", "change", "close"))
        open_transports = [each for each in transports if not each.closed]
        consumers = _consumers(router)
        if deed == "transport" or not open_transports:
            transports.append(await router.create_webrtc_transport(webrtc_server=server, enable_sctp=True))
        elif deed == "produce":
            kind, parameters = ("audio", AUDIO) if chance.random() < 0.5 else ("video", SIMULCAST)
            await chance.choice(open_transports).produce(
                kind=kind,  # type: ignore[arg-type]
                rtp_parameters=_renumbered(parameters, number),
                paused=chance.random() < 0.3,
                app_data={"number": number},
            )
        elif deed == "consume" and router.producers:
            await chance.choice(open_transports).consume(
                producer_id=chance.choice(sorted(router.producers)),
                rtp_capabilities=RECEIVER,
                paused=chance.random() < 0.5,
                pipe=chance.random() < 0.1,
            )
        elif deed == "change" and consumers:
            consumer = chance.choice(consumers)
            await chance.choice((consumer.pause, consumer.resume))()
            await consumer.set_priority(chance.randrange(1, 256))
        elif deed == "close" and chance.random() < 0.3:
            things: list[Transport | Consumer | Producer] = [*open_transports, *consumers, *router.producers.values()]
            chance.choice(things).close()
            # Answers come in order: by then it is known which consumers went with their producers.
            await router.dump()
            await asyncio.sleep(0)


def _renumbered(parameters: RtpParameters, number: int) -> RtpParameters:
    """Give parameters that can be on one transport with others of another number."""
    encodings = [
        replace(each, ssrc=10_000 * (number + 1) + index, rtx=None) for index, each in enumerate(parameters.encodings)
    ]
    return replace(parameters, mid=f"m{number}", encodings=encodings)


def _another_audio() -> RtpParameters:
    return _renumbered(AUDIO, 9)


def _consumers(router: Router) -> list[Consumer]:
    return [each for transport in router.transports.values() for each in transport.consumers.values()]


def _speaker_and_listener(router: Router) -> tuple[WebRtcTransport, WebRtcTransport]:
    webrtc = [each for each in router.transports.values() if isinstance(each, WebRtcTransport)]
    speaker, listener = sorted(webrtc, key=lambda each: len(each.consumers))
    return speaker, listener


async def _soon(condition: Callable[[], bool]) -> None:
    """Wait for what happens between two answers of the worker, and go on before the next."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def _send_opus(sender: UdpEndpoint, port: int, count: int) -> None:
    for number in range(count):
        sender.send(opus_packet(number), port=port)
        await asyncio.sleep(0.002)


def _numbers(receiver: UdpEndpoint) -> list[int]:
    """Give the sequence numbers of the RTP that came; RTCP has other payload types."""
    packets = [Packet.parse(data) for data in receiver.received if len(data) > 12]
    return [each.sequence_number for each in packets if each.payload_type == 100]
