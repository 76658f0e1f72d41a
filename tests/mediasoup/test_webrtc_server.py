"""WebRTC servers: sockets that transports share."""

from __future__ import annotations

import os
import signal

import msgspec
import pytest

from app.mediasoup.data_structures import ListenInfo, PortRange
from app.mediasoup.dumps import IpPort
from app.mediasoup.errors import InvalidStateError, InvalidValueError, RequestRefusedError
from app.mediasoup.router import Router
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.worker import Worker
from tests.ports import free_port

from .events import record, until


async def test_a_server_listens_on_what_it_was_given(webrtc_server: WebRtcServer) -> None:
    dump = await webrtc_server.dump()
    assert dump.id == webrtc_server.id
    assert [socket.ip for socket in dump.udp_sockets] == ["127.0.0.1"]
    assert [socket.ip for socket in dump.tcp_servers] == ["127.0.0.1"]
    assert (dump.web_rtc_transport_ids, dump.local_ice_username_fragments) == ([], {})


async def test_a_worker_tells_of_its_new_server_and_keeps_it(worker: Worker) -> None:
    told: list[WebRtcServer] = []
    worker.on_new_webrtc_server.add(told.append)
    udp, tcp = free_port(), free_port()
    infos = [
        ListenInfo(protocol="udp", ip="127.0.0.1", port=udp),
        ListenInfo(protocol="tcp", ip="127.0.0.1", port=tcp, announced_address="foo.bar.org"),
    ]
    server = await worker.create_webrtc_server(listen_infos=infos, app_data={"floor": 2})
    assert told == [server]
    assert worker.webrtc_servers == {server.id: server}
    assert (server.closed, server.app_data) == (False, {"floor": 2})
    dump = await worker.dump()
    assert dump.web_rtc_server_ids == dump.channel_message_handlers.channel_request_handlers == [server.id]
    # What it announces is for the clients.
    sockets = await server.dump()
    assert (sockets.udp_sockets, sockets.tcp_servers) == ([IpPort("127.0.0.1", udp)], [IpPort("127.0.0.1", tcp)])


async def test_a_port_is_taken_from_its_range(worker: Worker) -> None:
    udp, tcp = free_port(), free_port()
    infos = [
        ListenInfo(protocol="udp", ip="127.0.0.1", port_range=PortRange(min=udp, max=udp)),
        ListenInfo(protocol="tcp", ip="127.0.0.1", port_range=PortRange(min=tcp, max=tcp)),
    ]
    dump = await (await worker.create_webrtc_server(listen_infos=infos)).dump()
    assert (dump.udp_sockets, dump.tcp_servers) == ([IpPort("127.0.0.1", udp)], [IpPort("127.0.0.1", tcp)])


async def test_without_a_port_the_worker_chooses_one(webrtc_server: WebRtcServer) -> None:
    dump = await webrtc_server.dump()
    assert all(socket.port > 0 for socket in dump.udp_sockets + dump.tcp_servers)


async def test_a_server_must_listen_on_something(worker: Worker) -> None:
    with pytest.raises(InvalidValueError, match="listen_infos"):
        await worker.create_webrtc_server(listen_infos=[])
    with pytest.raises(InvalidValueError, match="protocol"):
        info = ListenInfo(protocol="sctp", ip="127.0.0.1")  # type: ignore[arg-type]
        await worker.create_webrtc_server(listen_infos=[info])
    with pytest.raises(TypeError):
        await worker.create_webrtc_server()  # type: ignore[call-arg]
    assert (await worker.dump()).web_rtc_server_ids == []


async def test_an_address_that_cannot_be_had_is_refused(worker: Worker) -> None:
    port = free_port()
    ours = ListenInfo(protocol="udp", ip="127.0.0.1", port=port)
    # Of a network that is reserved for documentation.
    elsewhere = ListenInfo(protocol="udp", ip="192.0.2.1", port=free_port())
    for infos in ([ours, elsewhere], [ours, msgspec.structs.replace(ours, announced_address="1.2.3.4")]):
        with pytest.raises(RequestRefusedError):
            await worker.create_webrtc_server(listen_infos=infos)
    # Nothing of what was begun is left: the port is free.
    await worker.create_webrtc_server(listen_infos=[ours])
    other_worker = await Worker.spawn()
    with pytest.raises(RequestRefusedError):
        await other_worker.create_webrtc_server(listen_infos=[ours])
    other_worker.close()
    assert await other_worker.wait_exited() == 0


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
    assert (await webrtc_server.dump()).local_ice_username_fragments == {}
    assert events == ["handled", "unhandled"]


async def test_an_exposed_internal_address_comes_after_the_announced_one(worker: Worker, router: Router) -> None:
    infos = [
        ListenInfo(protocol="udp", ip="127.0.0.1"),
        ListenInfo(protocol="tcp", ip="127.0.0.1", announced_address="media1.foo.org", expose_internal_ip=True),
    ]
    server = await worker.create_webrtc_server(listen_infos=infos)
    # Without UDP only candidates of TCP are left.
    transport = await router.create_webrtc_transport(webrtc_server=server, enable_udp=False)
    announced, internal = transport.ice_candidates
    assert (announced.ip, announced.address, internal.ip) == ("media1.foo.org", "media1.foo.org", "127.0.0.1")
    assert announced.port == internal.port == (await server.dump()).tcp_servers[0].port
    assert {(candidate.protocol, candidate.tcp_type) for candidate in transport.ice_candidates} == {("tcp", "passive")}
    assert announced.priority > internal.priority


async def test_a_server_knows_old_and_new_credentials_of_a_transport(
    webrtc_server: WebRtcServer, router: Router
) -> None:
    transport = await router.create_webrtc_transport(webrtc_server=webrtc_server)
    before = transport.ice_parameters.username_fragment
    after = (await transport.restart_ice()).username_fragment
    assert (await webrtc_server.dump()).local_ice_username_fragments == {before: transport.id, after: transport.id}


async def test_a_closed_router_takes_its_transports_off_the_server(webrtc_server: WebRtcServer, router: Router) -> None:
    # mediasoup's Node library forgets this.
    events = record(unhandled=webrtc_server.on_transport_unhandled)
    await router.create_webrtc_transport(webrtc_server=webrtc_server)
    router.close()
    assert events == ["unhandled"]
    assert (await webrtc_server.dump()).web_rtc_transport_ids == []


async def test_a_closed_server_closes_its_transports(
    worker: Worker, webrtc_server: WebRtcServer, router: Router
) -> None:
    transport = await router.create_webrtc_transport(webrtc_server=webrtc_server)
    events = record(
        listen_server=transport.on_listen_server_close,
        close=transport.on_close,
        unhandled=webrtc_server.on_transport_unhandled,
        server=webrtc_server.on_close,
    )
    webrtc_server.close()
    webrtc_server.close()
    assert events == ["listen_server", "unhandled", "close", "server"]
    assert (transport.ice_state, transport.ice_selected_tuple) == ("closed", None)
    assert (transport.dtls_state, transport.sctp_state) == ("closed", None)
    assert (worker.webrtc_servers, router.transports) == ({}, {})
    dump = await worker.dump()
    assert (dump.web_rtc_server_ids, dump.channel_message_handlers.channel_request_handlers) == ([], [router.id])
    assert (await router.dump()).transport_ids == []
    with pytest.raises(InvalidStateError):
        await webrtc_server.dump()
    with pytest.raises(InvalidStateError):
        await router.create_webrtc_transport(webrtc_server=webrtc_server)


async def test_a_server_ends_when_its_worker_is_closed(worker: Worker, webrtc_server: WebRtcServer) -> None:
    events = record(worker=webrtc_server.on_worker_close, close=webrtc_server.on_close)
    worker.close()
    assert events == ["worker", "close"]
    assert (webrtc_server.closed, worker.webrtc_servers) == (True, {})
    with pytest.raises(InvalidStateError):
        await webrtc_server.dump()


async def test_a_server_ends_with_its_worker() -> None:
    worker = await Worker.spawn()
    server = await worker.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")])
    events = record(worker=server.on_worker_close, close=server.on_close)
    os.kill(worker.pid, signal.SIGKILL)
    await until(lambda: server.closed)
    assert events == ["worker", "close"]
