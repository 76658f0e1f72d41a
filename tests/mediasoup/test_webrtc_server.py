"""WebRTC servers: sockets that transports share."""

from __future__ import annotations

import os
import signal

import pytest

from app.mediasoup.data_structures import ListenInfo
from app.mediasoup.errors import InvalidStateError
from app.mediasoup.router import Router
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.worker import Worker

from .events import record, until


async def test_a_server_listens_on_what_it_was_given(webrtc_server: WebRtcServer) -> None:
    dump = await webrtc_server.dump()
    assert dump.id == webrtc_server.id
    assert [socket.ip for socket in dump.udp_sockets] == ["127.0.0.1"]
    assert [socket.ip for socket in dump.tcp_servers] == ["127.0.0.1"]
    assert (dump.web_rtc_transport_ids, dump.local_ice_username_fragments) == ([], {})


async def test_the_announced_address_is_what_candidates_carry(worker: Worker, router: Router) -> None:
    infos = [ListenInfo(protocol="udp", ip="127.0.0.1", announced_address="media.example.com")]
    server = await worker.create_webrtc_server(listen_infos=infos)
    transport = await router.create_webrtc_transport(webrtc_server=server, enable_tcp=False)
    assert [candidate.address for candidate in transport.ice_candidates] == ["media.example.com"]
    assert (await server.dump()).udp_sockets[0].ip == "127.0.0.1"


async def test_the_internal_address_can_be_exposed_too(worker: Worker, router: Router) -> None:
    infos = [ListenInfo(protocol="udp", ip="127.0.0.1", announced_address="9.9.9.1", expose_internal_ip=True)]
    server = await worker.create_webrtc_server(listen_infos=infos)
    transport = await router.create_webrtc_transport(webrtc_server=server, enable_tcp=False)
    assert {candidate.ip for candidate in transport.ice_candidates} == {"127.0.0.1", "9.9.9.1"}


async def test_a_server_knows_its_transports_until_they_close(webrtc_server: WebRtcServer, router: Router) -> None:
    events = record(handled=webrtc_server.on_transport_handled, unhandled=webrtc_server.on_transport_unhandled)
    transport = await router.create_webrtc_transport(webrtc_server=webrtc_server)
    dump = await webrtc_server.dump()
    assert dump.web_rtc_transport_ids == [transport.id]
    assert dump.local_ice_username_fragments == {transport.ice_parameters.username_fragment: transport.id}
    transport.close()
    assert (await webrtc_server.dump()).web_rtc_transport_ids == []
    assert events == ["handled", "unhandled"]


async def test_a_closed_router_takes_its_transports_off_the_server(webrtc_server: WebRtcServer, router: Router) -> None:
    # mediasoup's Node library forgets this.
    events = record(unhandled=webrtc_server.on_transport_unhandled)
    await router.create_webrtc_transport(webrtc_server=webrtc_server)
    router.close()
    assert events == ["unhandled"]
    assert (await webrtc_server.dump()).web_rtc_transport_ids == []


async def test_a_closed_server_closes_its_transports(webrtc_server: WebRtcServer, router: Router) -> None:
    transport = await router.create_webrtc_transport(webrtc_server=webrtc_server)
    events = record(listen_server=transport.on_listen_server_close, close=transport.on_close)
    webrtc_server.close()
    webrtc_server.close()
    assert events == ["listen_server", "close"]
    assert router.transports == {}
    assert (await router.dump()).transport_ids == []
    with pytest.raises(InvalidStateError):
        await webrtc_server.dump()
    with pytest.raises(InvalidStateError):
        await router.create_webrtc_transport(webrtc_server=webrtc_server)


async def test_a_server_ends_with_its_worker() -> None:
    worker = await Worker.spawn()
    server = await worker.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])
    events = record(worker=server.on_worker_close, close=server.on_close)
    os.kill(worker.pid, signal.SIGKILL)
    await until(lambda: server.closed)
    assert events == ["worker", "close"]
