"""A worker, as a process of our own."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.mediasoup.channel.fbs import SchemaError
from app.mediasoup.data_structures import ListenInfo
from app.mediasoup.errors import (
    ChannelClosedError,
    InvalidStateError,
    InvalidValueError,
    RequestRefusedError,
    UnsupportedError,
    WorkerStartError,
)
from app.mediasoup.rtp_parameters import RtpCodecCapability
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker, WorkerSettings
from app.mediasoup.worker_binary import WorkerBinary, find_worker_binary

from .certificates import write_certificate
from .conftest import MEDIA_CODECS
from .events import record, until
from .parameters import AUDIO, RECEIVER


async def test_a_worker_runs_in_a_session_of_its_own(worker: Worker) -> None:
    assert os.getsid(worker.pid) == worker.pid
    assert (await worker.dump()).pid == worker.pid


async def test_an_empty_worker_dumps_nothing_but_itself(worker: Worker) -> None:
    dump = await worker.dump()
    assert (dump.router_ids, dump.web_rtc_server_ids) == ([], [])
    handlers = dump.channel_message_handlers
    assert (handlers.channel_request_handlers, handlers.channel_notification_handlers) == ([], [])


async def test_resource_usage_is_that_of_a_process(worker: Worker) -> None:
    usage = await worker.get_resource_usage()
    assert usage.ru_maxrss > 1000


async def test_settings_can_be_changed(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="app.mediasoup.worker")
    await worker.update_settings(log_level="debug", log_tags=["info", "dtls"])
    # It says so after its answer.
    await until(lambda: "logTags: info,dtls" in caplog.text)
    assert "logLevel: debug" in caplog.text


async def test_settings_that_are_not_given_stay(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="app.mediasoup.worker")
    await worker.update_settings(log_tags=["info", "dtls"])
    await worker.update_settings(log_level="debug")
    # Node's library forgets the tags.
    await until(lambda: "logTags: info,dtls" in caplog.text)


async def test_wrong_settings_are_refused(worker: Worker) -> None:
    with pytest.raises(RequestRefusedError, match="logLevel") as caught:
        await worker.update_settings(log_level="chicken")  # type: ignore[arg-type]
    assert caught.value.error == "TypeError"


async def test_a_worker_takes_all_settings_and_a_certificate(tmp_path: Path) -> None:
    certificate, fingerprint = write_certificate(tmp_path)
    settings = WorkerSettings(
        log_level="debug",
        log_tags=("info", "rtx"),
        dtls_certificate_file=str(certificate),
        dtls_private_key_file=str(certificate),
        libwebrtc_field_trials="WebRTC-Bwe-AlrLimitedBackoff/Disabled/",
    )
    worker = await Worker.spawn(settings, app_data={"rack": 4})
    assert (worker.closed, worker.died, worker.subprocess_closed) == (False, False, False)
    assert worker.app_data == {"rack": 4}
    router = await worker.create_router()
    transport = await router.create_webrtc_transport(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])
    fingerprints = {row.algorithm: row.value for row in transport.dtls_parameters.fingerprints}
    assert fingerprints["sha-256"] == fingerprint
    worker.close()
    assert await worker.wait_exited() == 0


async def test_a_wrong_log_level_is_refused_at_start() -> None:
    with pytest.raises(InvalidValueError, match="settings"):
        await Worker.spawn(WorkerSettings(log_level="chicken"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "files",
    [
        {"dtls_certificate_file": "/nowhere/cert.pem"},
        {"dtls_private_key_file": "/nowhere/key.pem"},
        {"dtls_certificate_file": "/nowhere/cert.pem", "dtls_private_key_file": "/nowhere/key.pem"},
    ],
)
async def test_a_certificate_that_does_not_exist_is_refused_at_start(files: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError, match="settings"):
        await Worker.spawn(WorkerSettings(**files))  # type: ignore[arg-type]


async def test_a_program_that_is_not_there_cannot_be_started() -> None:
    schemas = find_worker_binary().schemas
    with pytest.raises(WorkerStartError, match="can't be run"):
        await Worker.spawn(binary=WorkerBinary(Path("/nowhere/worker"), schemas))


async def test_a_program_that_is_no_worker_is_an_error_and_not_a_hang() -> None:
    schemas = find_worker_binary().schemas
    with pytest.raises(WorkerStartError, match="ended at once"):
        await Worker.spawn(binary=WorkerBinary(Path("/bin/true"), schemas))


async def test_a_closed_worker_ends_by_itself() -> None:
    worker = await Worker.spawn()
    closed = record(close=worker.on_close, died=worker.on_died)
    worker.close()
    worker.close()
    assert await worker.wait_exited() == 0
    assert (closed, worker.closed, worker.died) == (["close"], True, False)
    requests: list[Callable[[], Awaitable[object]]] = [
        worker.dump,
        worker.get_resource_usage,
        worker.update_settings,
        worker.create_router,
        lambda: worker.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")]),
    ]
    for request in requests:
        with pytest.raises(InvalidStateError):
            await request()


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGHUP, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2])
async def test_a_worker_ignores_signals_that_do_not_mean_it(worker: Worker, number: signal.Signals) -> None:
    os.kill(worker.pid, number)
    # It answers after the signal was delivered, so that it has survived it.
    assert (await worker.dump()).pid == worker.pid
    assert not worker.closed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_a_worker_that_dies_takes_everything_in_it_along(number: signal.Signals) -> None:
    worker = await Worker.spawn()
    server = await worker.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])
    router = await worker.create_router(media_codecs=MEDIA_CODECS)
    transport = await router.create_webrtc_transport(webrtc_server=server)
    producer = await transport.produce(kind="audio", rtp_parameters=AUDIO)
    consumer = await transport.consume(producer_id=producer.id, rtp_capabilities=RECEIVER)
    observer = await router.create_audio_level_observer()
    fired = record(
        worker=worker.on_died,
        server=server.on_worker_close,
        router=router.on_worker_close,
        transport=transport.on_router_close,
        producer=producer.on_transport_close,
        consumer=consumer.on_transport_close,
        observer=observer.on_router_close,
        closed=worker.on_close,
    )
    os.kill(worker.pid, number)
    await until(lambda: worker.died)
    assert fired == ["producer", "consumer", "transport", "observer", "router", "server", "worker", "closed"]
    everything = (worker, server, router, transport, producer, consumer, observer)
    assert all(thing.closed for thing in everything)
    assert await worker.wait_exited() is not None


async def test_requests_that_wait_when_the_worker_dies_fail_at_once(worker: Worker) -> None:
    os.kill(worker.pid, signal.SIGSTOP)
    tasks = [asyncio.create_task(worker.dump()) for _ in range(5)]
    await asyncio.sleep(0)
    os.kill(worker.pid, signal.SIGKILL)
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(outcome, ChannelClosedError)


async def test_routers_and_servers_are_in_the_dump_until_they_are_closed(worker: Worker) -> None:
    routers = [await worker.create_router(media_codecs=MEDIA_CODECS) for _ in range(2)]
    server = await worker.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])
    dump = await worker.dump()
    assert sorted(dump.router_ids) == sorted(router.id for router in routers)
    assert dump.web_rtc_server_ids == [server.id]
    for thing in (*routers, server):
        thing.close()
    dump = await worker.dump()
    assert (dump.router_ids, dump.web_rtc_server_ids) == ([], [])
    assert (worker.routers, worker.webrtc_servers) == ({}, {})


async def test_leftovers_of_somebody_before_us_are_closed(worker: Worker) -> None:
    left_router = await worker.create_router()
    left_server = await worker.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])
    kept = await worker.create_router()
    del worker.routers[left_router.id], worker.webrtc_servers[left_server.id]
    assert await worker.close_leftovers() == 2
    dump = await worker.dump()
    assert (dump.router_ids, dump.web_rtc_server_ids) == ([kept.id], [])
    assert await worker.close_leftovers() == 0


async def test_a_cancelled_creation_leaves_nothing_in_the_worker(worker: Worker) -> None:
    os.kill(worker.pid, signal.SIGSTOP)
    task = asyncio.create_task(worker.create_router(media_codecs=MEDIA_CODECS))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    os.kill(worker.pid, signal.SIGCONT)
    assert (await worker.dump()).router_ids == []
    assert worker.routers == {}


async def test_a_codec_that_mediasoup_does_not_know_is_unsupported(worker: Worker) -> None:
    with pytest.raises(UnsupportedError, match="chicken"):
        await worker.create_router(
            media_codecs=[RtpCodecCapability(kind="audio", mime_type="audio/chicken", clock_rate=8000)]
        )
    assert (await worker.dump()).router_ids == []


async def test_a_server_on_an_address_in_use_is_refused(worker: Worker, webrtc_server: WebRtcServer) -> None:
    port = (await webrtc_server.dump()).udp_sockets[0].port
    with pytest.raises(RequestRefusedError, match="worker_create_webrtcserver"):
        await worker.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1", port=port)])
    assert (await worker.dump()).web_rtc_server_ids == [webrtc_server.id]


async def test_a_server_on_something_that_is_no_address_is_refused(worker: Worker) -> None:
    with pytest.raises(RequestRefusedError):
        await worker.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="chicken")])


async def test_what_closes_while_a_child_is_made_says_so(worker: Worker, transport: WebRtcTransport) -> None:
    task = asyncio.create_task(transport.produce(kind="audio", rtp_parameters=AUDIO))
    await asyncio.sleep(0)
    transport.close()
    with pytest.raises(InvalidStateError, match="closed meanwhile"):
        await task
    assert transport.producers == {}
    handlers = (await worker.dump()).channel_message_handlers.channel_request_handlers
    assert transport.id not in handlers


async def test_schemas_that_are_not_there_are_found_out_before_anybody_is_disturbed(tmp_path: Path) -> None:
    connected: list[object] = []
    server = await asyncio.start_unix_server(lambda *streams: connected.append(streams), tmp_path / "worker-0.sock")
    with pytest.raises(SchemaError):
        await Worker.attach(tmp_path / "worker-0.sock", schemas=tmp_path, pid=1)
    server.close()
    await server.wait_closed()
    assert connected == []
