"""WebRTC transports, without a peer at the other end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from app.mediasoup.data_structures import (
    DtlsFingerprint,
    DtlsParameters,
    ListenInfo,
    PortRange,
    SctpNegotiatedCapabilities,
    SctpOptions,
    SctpParameters,
    TransportTrace,
)
from app.mediasoup.dumps import RecvRtpHeaderExtensions, WebRtcTransportDump
from app.mediasoup.errors import InvalidStateError, InvalidValueError, RequestRefusedError
from app.mediasoup.router import Router
from app.mediasoup.transport import Transport
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker
from tests.ports import free_port

from .endpoint import connected
from .events import record, until
from .parameters import AUDIO, DTLS_CLIENT, FINGERPRINT


async def test_a_transport_has_what_a_client_needs(transport: WebRtcTransport) -> None:
    assert transport.type == "webrtc"
    assert transport.ice_parameters.ice_lite
    assert {candidate.protocol for candidate in transport.ice_candidates} == {"udp", "tcp"}
    assert all(candidate.ip == candidate.address == "127.0.0.1" for candidate in transport.ice_candidates)
    assert transport.dtls_parameters.role == "auto"
    algorithms = {fingerprint.algorithm for fingerprint in transport.dtls_parameters.fingerprints}
    assert algorithms == {"sha-1", "sha-224", "sha-256", "sha-384", "sha-512"}
    assert (transport.ice_state, transport.dtls_state, transport.sctp_state) == ("new", "new", "new")


async def test_a_router_tells_of_its_new_transport_and_keeps_it(router: Router, webrtc_server: WebRtcServer) -> None:
    told: list[Transport] = []
    router.on_new_transport.add(told.append)
    transport = await router.create_webrtc_transport(webrtc_server=webrtc_server, app_data={"who": "me"})
    assert told == [transport]
    assert router.transports == {transport.id: transport}
    assert (transport.closed, transport.app_data, transport.ice_role) == (False, {"who": "me"}, "controlled")
    assert (transport.ice_selected_tuple, transport.dtls_remote_cert) == (None, None)
    assert (await router.dump()).transport_ids == [transport.id]


async def test_candidates_come_in_the_order_of_the_addresses(router: Router) -> None:
    infos = [
        ListenInfo(protocol="udp", ip="127.0.0.1", announced_address="9.9.9.1", expose_internal_ip=True),
        ListenInfo(protocol="tcp", ip="127.0.0.1", announced_address="9.9.9.1"),
        ListenInfo(protocol="udp", ip="0.0.0.0", announced_address="foo1.bar.org"),
        ListenInfo(protocol="tcp", ip="0.0.0.0", announced_address="foo2.bar.org"),
        ListenInfo(protocol="udp", ip="127.0.0.1"),
        ListenInfo(protocol="tcp", ip="127.0.0.1"),
    ]
    transport = await router.create_webrtc_transport(listen_infos=infos, enable_tcp=True, prefer_udp=True)
    assert [(candidate.ip, candidate.protocol, candidate.tcp_type) for candidate in transport.ice_candidates] == [
        ("9.9.9.1", "udp", None),
        ("127.0.0.1", "udp", None),
        ("9.9.9.1", "tcp", "passive"),
        ("foo1.bar.org", "udp", None),
        ("foo2.bar.org", "tcp", "passive"),
        ("127.0.0.1", "udp", None),
        ("127.0.0.1", "tcp", "passive"),
    ]
    assert {candidate.type for candidate in transport.ice_candidates} == {"host"}
    priorities = [candidate.priority for candidate in transport.ice_candidates]
    assert priorities == sorted(set(priorities), reverse=True)


async def test_a_transport_listens_on_the_port_that_it_is_given(router: Router) -> None:
    port = free_port()
    # Sharing is for UDP; with TCP it means nothing.
    info = ListenInfo(protocol="tcp", ip="127.0.0.1", port=port, udp_reuse_port=True)
    transport = await router.create_webrtc_transport(listen_infos=[info], enable_tcp=True)
    assert [candidate.port for candidate in transport.ice_candidates] == [port]


async def test_a_range_of_ports_comes_to_an_end(router: Router) -> None:
    port = free_port()
    info = ListenInfo(protocol="udp", ip="127.0.0.1", port_range=PortRange(min=port, max=port))
    transport = await router.create_webrtc_transport(listen_infos=[info])
    assert [candidate.port for candidate in transport.ice_candidates] == [port]
    with pytest.raises(RequestRefusedError):
        await router.create_webrtc_transport(listen_infos=[info])
    assert (await router.dump()).transport_ids == [transport.id]


async def test_where_nobody_can_listen_there_is_no_transport(router: Router) -> None:
    # Of a network that is reserved for documentation.
    elsewhere = ListenInfo(protocol="udp", ip="192.0.2.1")
    backwards = ListenInfo(protocol="udp", ip="127.0.0.1", port_range=PortRange(min=4000, max=3000))
    nonsense = ListenInfo(protocol="udp", ip="chicken")
    for info in (elsewhere, backwards, nonsense):
        with pytest.raises(RequestRefusedError):
            await router.create_webrtc_transport(listen_infos=[info])
    for wrong in ("127.0.0.1", [123]):
        with pytest.raises(AttributeError):
            await router.create_webrtc_transport(listen_infos=wrong)  # type: ignore[arg-type]
    assert (await router.dump()).transport_ids == []


async def test_sctp_parameters_are_those_that_were_asked_for(router: Router, webrtc_server: WebRtcServer) -> None:
    options = SctpOptions(
        max_send_message_size=1_000_001,
        max_receive_message_size=1_000_002,
        sctp_send_buffer_size=2_000_001,
        sctp_per_stream_send_queue_limit=2_000_002,
        sctp_max_receiver_window_buffer_size=2_000_003,
    )
    transport = await router.create_webrtc_transport(webrtc_server=webrtc_server, enable_sctp=True, sctp=options)
    assert transport.sctp_parameters == SctpParameters(
        port=5000,
        max_send_message_size=1_000_001,
        max_receive_message_size=1_000_002,
        send_buffer_size=2_000_001,
        per_stream_send_queue_limit=2_000_002,
        max_receiver_window_buffer_size=2_000_003,
        is_data_channel=True,
        max_message_size=1_000_002,
    )
    # Nothing is negotiated before there is somebody to negotiate with.
    assert transport.sctp_negotiated_capabilities is None


async def test_sctp_parameters_hold_what_clients_still_read(transport: WebRtcTransport) -> None:
    assert transport.sctp_parameters is not None
    sctp = msgspec.to_builtins(transport.sctp_parameters)
    assert {name: sctp[name] for name in ("port", "OS", "MIS", "maxMessageSize")} == {
        "port": 5000,
        "OS": 65535,
        "MIS": 65535,
        "maxMessageSize": 262144,
    }


async def test_candidates_follow_the_wanted_protocols(router: Router, webrtc_server: WebRtcServer) -> None:
    tcp_only = await router.create_webrtc_transport(webrtc_server=webrtc_server, enable_udp=False)
    assert [candidate.protocol for candidate in tcp_only.ice_candidates] == ["tcp"]
    assert tcp_only.ice_candidates[0].tcp_type == "passive"
    prefers_tcp = await router.create_webrtc_transport(webrtc_server=webrtc_server, prefer_tcp=True)
    best = max(prefers_tcp.ice_candidates, key=lambda candidate: candidate.priority)
    assert best.protocol == "tcp"


async def test_a_transport_can_listen_by_itself(router: Router) -> None:
    infos = [ListenInfo(protocol="udp", ip="127.0.0.1", announced_address="9.9.9.1")]
    transport = await router.create_webrtc_transport(listen_infos=infos)
    assert [candidate.ip for candidate in transport.ice_candidates] == ["9.9.9.1"]
    assert transport.sctp_parameters is None
    assert transport.sctp_state is None


async def test_the_dump_holds_what_was_asked_for(router: Router, webrtc_server: WebRtcServer) -> None:
    transport = await router.create_webrtc_transport(
        webrtc_server=webrtc_server, enable_sctp=True, sctp=SctpOptions(max_send_message_size=1000)
    )
    dump = await transport.dump()
    assert isinstance(dump, WebRtcTransportDump)
    assert (dump.id, dump.max_send_message_size, dump.direct) == (transport.id, 1000, False)
    assert dump.ice_parameters == transport.ice_parameters
    assert dump.ice_candidates == transport.ice_candidates
    assert dump.dtls_parameters == transport.dtls_parameters
    assert (dump.ice_role, dump.ice_state, dump.ice_selected_tuple) == ("controlled", "new", None)
    assert (dump.dtls_state, dump.sctp_parameters) == ("new", transport.sctp_parameters)
    assert (dump.producer_ids, dump.consumer_ids) == ([], [])
    assert (dump.rtp_listener.ssrc_table, dump.sctp_state) == ({}, "new")
    assert dump.recv_rtp_header_extensions == RecvRtpHeaderExtensions()
    assert dump.sctp_negotiated_capabilities == SctpNegotiatedCapabilities(
        negotiated_max_outbound_streams=0, negotiated_max_inbound_streams=0
    )


async def test_stats_start_from_zero(transport: WebRtcTransport) -> None:
    (stats,) = await transport.get_stats()
    assert (stats.type, stats.transport_id) == ("webrtc-transport", transport.id)
    assert (stats.ice_role, stats.ice_state, stats.dtls_state) == ("controlled", "new", "new")
    assert stats.timestamp > 0
    counts = msgspec.structs.asdict(stats)
    assert {name: counts[name] for name in counts if name.endswith(("_bitrate", "bytes_sent", "bytes_received"))} == {
        "bytes_received": 0,
        "recv_bitrate": 0,
        "bytes_sent": 0,
        "send_bitrate": 0,
        "rtp_bytes_received": 0,
        "rtp_recv_bitrate": 0,
        "rtp_bytes_sent": 0,
        "rtp_send_bitrate": 0,
        "rtx_bytes_received": 0,
        "rtx_recv_bitrate": 0,
        "rtx_bytes_sent": 0,
        "rtx_send_bitrate": 0,
        "probation_bytes_sent": 0,
        "probation_send_bitrate": 0,
        # Not known, which is not none.
        "available_outgoing_bitrate": None,
        "available_incoming_bitrate": None,
        "max_incoming_bitrate": None,
        "max_outgoing_bitrate": None,
        "min_outgoing_bitrate": None,
    }
    assert stats.ice_selected_tuple is None
    assert "iceSelectedTuple" not in msgspec.to_builtins(stats)


async def test_a_transport_is_connected_once(transport: WebRtcTransport) -> None:
    await transport.connect(dtls_parameters=DTLS_CLIENT)
    # The client said that it is the DTLS client.
    assert transport.dtls_parameters.role == "server"
    with pytest.raises(RequestRefusedError, match="webrtctransport_connect"):
        await transport.connect(dtls_parameters=DTLS_CLIENT)


async def test_an_empty_list_of_fingerprints_does_not_reach_the_worker(transport: WebRtcTransport) -> None:
    with pytest.raises(InvalidValueError, match="fingerprints"):
        await transport.connect(dtls_parameters=msgspec.structs.replace(DTLS_CLIENT, fingerprints=[]))
    assert (await transport.dump()).dtls_state == "new"


@pytest.mark.parametrize(
    "wrong",
    [
        DtlsParameters(fingerprints=[DtlsFingerprint(algorithm="sha-256000", value=FINGERPRINT)]),  # type: ignore[arg-type]
        msgspec.structs.replace(DTLS_CLIENT, role="chicken"),
    ],
)
async def test_dtls_parameters_that_make_no_sense_do_not_reach_the_worker(
    transport: WebRtcTransport, wrong: DtlsParameters
) -> None:
    with pytest.raises(InvalidValueError, match=r"algorithm|role"):
        await transport.connect(dtls_parameters=wrong)
    with pytest.raises(TypeError):
        await transport.connect()  # type: ignore[call-arg]
    assert transport.dtls_parameters.role == "auto"
    assert (await transport.dump()).dtls_state == "new"


async def test_bitrates_are_kept_by_the_worker(transport: WebRtcTransport) -> None:
    await transport.set_max_incoming_bitrate(1_000_000)
    await transport.set_max_outgoing_bitrate(2_000_000)
    await transport.set_min_outgoing_bitrate(100_000)
    (stats,) = await transport.get_stats()
    assert stats.max_incoming_bitrate == 1_000_000
    assert (stats.max_outgoing_bitrate, stats.min_outgoing_bitrate) == (2_000_000, 100_000)
    with pytest.raises(InvalidValueError, match="max_incoming_bitrate"):
        await transport.set_max_incoming_bitrate(-1)


async def test_a_bitrate_of_zero_lifts_the_limit(transport: WebRtcTransport) -> None:
    for set_bitrate in (
        transport.set_max_incoming_bitrate,
        transport.set_max_outgoing_bitrate,
        transport.set_min_outgoing_bitrate,
    ):
        await set_bitrate(1_000_000)
        await set_bitrate(0)
    (stats,) = await transport.get_stats()
    limits = (stats.max_incoming_bitrate, stats.max_outgoing_bitrate, stats.min_outgoing_bitrate)
    assert limits == (None, None, None)


async def test_a_minimum_above_the_maximum_is_refused(transport: WebRtcTransport) -> None:
    await transport.set_max_outgoing_bitrate(1_000_000)
    with pytest.raises(RequestRefusedError):
        await transport.set_min_outgoing_bitrate(2_000_000)


async def test_a_maximum_below_the_minimum_is_refused(transport: WebRtcTransport) -> None:
    await transport.set_min_outgoing_bitrate(3_000_000)
    with pytest.raises(RequestRefusedError):
        await transport.set_max_outgoing_bitrate(2_000_000)


async def test_restarting_ice_gives_new_credentials(transport: WebRtcTransport) -> None:
    before = transport.ice_parameters
    after = await transport.restart_ice()
    assert after == transport.ice_parameters
    assert after.ice_lite
    assert (after.username_fragment, after.password) != (before.username_fragment, before.password)


async def test_a_closed_transport_is_of_no_use(router: Router, transport: WebRtcTransport) -> None:
    events = record(close=transport.on_close, router=transport.on_router_close)
    transport.close()
    transport.close()
    assert events == ["close"]
    assert (transport.ice_state, transport.dtls_state, transport.sctp_state) == ("closed", "closed", "closed")
    assert transport.ice_selected_tuple is None
    requests: list[Callable[[], Awaitable[object]]] = [
        transport.dump,
        transport.get_stats,
        transport.restart_ice,
        lambda: transport.connect(dtls_parameters=DTLS_CLIENT),
        lambda: transport.set_max_incoming_bitrate(200_000),
        lambda: transport.set_max_outgoing_bitrate(200_000),
        lambda: transport.set_min_outgoing_bitrate(100_000),
        lambda: transport.produce(kind="audio", rtp_parameters=AUDIO),
    ]
    for request in requests:
        with pytest.raises(InvalidStateError):
            await request()
    assert (await router.dump()).transport_ids == []


@pytest.mark.parametrize("owner", ["router", "worker"])
async def test_a_transport_ends_with_what_owns_it(
    worker: Worker, router: Router, transport: WebRtcTransport, owner: str
) -> None:
    events = record(router=transport.on_router_close, close=transport.on_close)
    (router if owner == "router" else worker).close()
    assert events == ["router", "close"]
    assert transport.closed
    assert (transport.ice_state, transport.dtls_state, transport.sctp_state) == ("closed", "closed", "closed")
    assert transport.ice_selected_tuple is None
    with pytest.raises(InvalidStateError):
        await transport.dump()


async def test_the_states_of_a_connection_are_told_and_the_last_are_kept(
    router: Router, webrtc_server: WebRtcServer
) -> None:
    transport = await router.create_webrtc_transport(webrtc_server=webrtc_server)
    told: dict[str, list[Any]] = {"ice": [], "tuple": [], "dtls": []}
    transport.on_ice_state_change.add(told["ice"].append)
    transport.on_ice_selected_tuple_change.add(told["tuple"].append)
    transport.on_dtls_state_change.add(told["dtls"].append)
    async with connected(transport):
        await until(lambda: transport.dtls_state == "connected")
        assert told["ice"][-1] == transport.ice_state == "completed"
        (selected,) = told["tuple"]
        assert transport.ice_selected_tuple == selected
        assert (selected.protocol, selected.local_address, selected.remote_ip) == ("udp", "127.0.0.1", "127.0.0.1")
        assert selected.local_port == (await webrtc_server.dump()).udp_sockets[0].port
        assert told["dtls"] == ["connecting", "connected"]
        assert transport.dtls_remote_cert is not None
        assert "BEGIN CERTIFICATE" in transport.dtls_remote_cert
        dump = await transport.dump()
        assert (dump.ice_state, dump.dtls_state, dump.ice_selected_tuple) == ("completed", "connected", selected)
        (stats,) = await transport.get_stats()
        assert stats.ice_selected_tuple == selected
        assert stats.bytes_received > 0
    # The endpoint says goodbye.
    await until(lambda: transport.dtls_state == "closed")
    assert not transport.closed


async def test_traced_events_can_be_chosen(transport: WebRtcTransport) -> None:
    await transport.enable_trace_event(["bwe", "probation"])
    assert sorted((await transport.dump()).trace_event_types) == ["bwe", "probation"]
    await transport.enable_trace_event()
    assert (await transport.dump()).trace_event_types == []
    wrong: Any
    for wrong in (["chicken"], ["probation", 123], "probation"):
        with pytest.raises(InvalidValueError, match="events"):
            await transport.enable_trace_event(wrong)
    with pytest.raises(TypeError):
        await transport.enable_trace_event(123)  # type: ignore[arg-type]


async def test_traced_events_are_told(transport: WebRtcTransport) -> None:
    told: list[TransportTrace] = []
    transport.on_trace.add(told.append)
    # As the worker would say it, had it media.
    bitrates = dict.fromkeys(BITRATES, 5)
    table = {"type": "bwe", "timestamp": 7, "direction": "direction_out"}
    transport._notified(
        "transport_trace", {**table, "info": ("BweTraceInfo", {"bwe_type": "transport_cc", **bitrates})}
    )
    transport._notified("transport_trace", {**table, "type": "probation", "info": None})
    bwe, probation = told
    assert (bwe.type, bwe.direction) == ("bwe", "out")
    assert bwe.info is not None
    assert (bwe.info.bwe_type, bwe.info.available_bitrate) == ("transport-cc", 5)
    assert probation.info is None


BITRATES = (
    "desired_bitrate",
    "effective_desired_bitrate",
    "min_bitrate",
    "max_bitrate",
    "start_bitrate",
    "max_padding_bitrate",
    "available_bitrate",
)
