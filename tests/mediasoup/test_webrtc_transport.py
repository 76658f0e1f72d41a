"""WebRTC transports, without a peer at the other end."""

from __future__ import annotations

import msgspec
import pytest

from app.mediasoup.data_structures import ListenInfo, SctpOptions, TransportTrace
from app.mediasoup.dumps import WebRtcTransportDump
from app.mediasoup.errors import InvalidStateError, InvalidValueError, RequestRefusedError
from app.mediasoup.router import Router
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport

from .events import record
from .parameters import DTLS_CLIENT


async def test_a_transport_has_what_a_client_needs(transport: WebRtcTransport) -> None:
    assert transport.type == "webrtc"
    assert transport.ice_parameters.ice_lite
    assert {candidate.protocol for candidate in transport.ice_candidates} == {"udp", "tcp"}
    assert all(candidate.ip == candidate.address == "127.0.0.1" for candidate in transport.ice_candidates)
    assert transport.dtls_parameters.role == "auto"
    algorithms = {fingerprint.algorithm for fingerprint in transport.dtls_parameters.fingerprints}
    assert algorithms == {"sha-1", "sha-224", "sha-256", "sha-384", "sha-512"}
    assert (transport.ice_state, transport.dtls_state, transport.sctp_state) == ("new", "new", "new")


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
    assert (dump.producer_ids, dump.rtp_listener.ssrc_table, dump.sctp_state) == ([], {}, "new")


async def test_stats_start_from_zero(transport: WebRtcTransport) -> None:
    (stats,) = await transport.get_stats()
    assert (stats.type, stats.transport_id) == ("webrtc-transport", transport.id)
    assert (stats.bytes_sent, stats.rtp_bytes_received, stats.ice_state, stats.dtls_state) == (0, 0, "new", "new")
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


async def test_bitrates_are_kept_by_the_worker(transport: WebRtcTransport) -> None:
    await transport.set_max_incoming_bitrate(1_000_000)
    await transport.set_max_outgoing_bitrate(2_000_000)
    await transport.set_min_outgoing_bitrate(100_000)
    (stats,) = await transport.get_stats()
    assert stats.max_incoming_bitrate == 1_000_000
    assert (stats.max_outgoing_bitrate, stats.min_outgoing_bitrate) == (2_000_000, 100_000)
    with pytest.raises(InvalidValueError, match="max_incoming_bitrate"):
        await transport.set_max_incoming_bitrate(-1)


async def test_a_minimum_above_the_maximum_is_refused(transport: WebRtcTransport) -> None:
    await transport.set_max_outgoing_bitrate(1_000_000)
    with pytest.raises(RequestRefusedError):
        await transport.set_min_outgoing_bitrate(2_000_000)


async def test_restarting_ice_gives_new_credentials(transport: WebRtcTransport) -> None:
    before = transport.ice_parameters
    after = await transport.restart_ice()
    assert after == transport.ice_parameters
    assert (after.username_fragment, after.password) != (before.username_fragment, before.password)


async def test_a_closed_transport_is_of_no_use(router: Router, transport: WebRtcTransport) -> None:
    events = record(close=transport.on_close, router=transport.on_router_close)
    transport.close()
    transport.close()
    assert events == ["close"]
    assert (transport.ice_state, transport.dtls_state, transport.sctp_state) == ("closed", "closed", "closed")
    for request in (transport.dump, transport.get_stats, transport.restart_ice):
        with pytest.raises(InvalidStateError):
            await request()
    assert (await router.dump()).transport_ids == []


async def test_traced_events_can_be_chosen(transport: WebRtcTransport) -> None:
    await transport.enable_trace_event(["bwe", "probation"])
    assert sorted((await transport.dump()).trace_event_types) == ["bwe", "probation"]
    await transport.enable_trace_event()
    assert (await transport.dump()).trace_event_types == []
    with pytest.raises(InvalidValueError, match="events"):
        await transport.enable_trace_event(["chicken"])  # type: ignore[list-item]


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
