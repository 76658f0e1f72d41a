"""A WebRTC endpoint at the other end of a transport, made of aiortc's ICE and DTLS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aioice import ice
from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)

from app.mediasoup.data_structures import DtlsFingerprint, DtlsParameters, IceCandidate
from app.mediasoup.webrtc_transport import WebRtcTransport


@dataclass(frozen=True)
class Endpoint:
    """What the two layers are, once they are connected."""

    ice: RTCIceTransport
    dtls: RTCDtlsTransport


@asynccontextmanager
async def connected(transport: WebRtcTransport) -> AsyncIterator[Endpoint]:
    """Connect an endpoint to ``transport``, over loopback, as the side that starts both ICE and DTLS."""
    certificate = RTCCertificate.generateCertificate()
    async with way(transport) as ice_transport:
        dtls = RTCDtlsTransport(ice_transport, [certificate])
        dtls._set_role("client")
        await transport.connect(dtls_parameters=_client(dtls))
        await dtls.start(_server(transport.dtls_parameters))
        try:
            yield Endpoint(ice_transport, dtls)
        finally:
            await dtls.stop()


@asynccontextmanager
async def way(transport: WebRtcTransport) -> AsyncIterator[RTCIceTransport]:
    """Find a way to ``transport`` by ICE, from a port of its own; the worker sends there from now on."""
    gatherer = RTCIceGatherer(iceServers=[])
    # The worker is ICE lite: who is full controls (RFC 8445, section 6.1.1).
    gatherer._connection.ice_controlling = True
    # Of our own addresses aioice leaves out just the one that we want.
    host_addresses, ice.get_host_addresses = ice.get_host_addresses, lambda **_: ["127.0.0.1"]
    try:
        await gatherer.gather()
    finally:
        ice.get_host_addresses = host_addresses
    ice_transport = RTCIceTransport(gatherer)
    for candidate in transport.ice_candidates:
        await ice_transport.addRemoteCandidate(_candidate(candidate))
    await ice_transport.addRemoteCandidate(None)
    theirs = transport.ice_parameters
    await ice_transport.start(
        RTCIceParameters(usernameFragment=theirs.username_fragment, password=theirs.password, iceLite=True)
    )
    try:
        yield ice_transport
    finally:
        await ice_transport.stop()


def _candidate(candidate: IceCandidate) -> RTCIceCandidate:
    return RTCIceCandidate(
        component=1,
        foundation=candidate.foundation,
        ip=candidate.ip,
        port=candidate.port,
        priority=candidate.priority,
        protocol=candidate.protocol,
        type=candidate.type,
        tcpType=candidate.tcp_type,
    )


def _client(dtls: RTCDtlsTransport) -> DtlsParameters:
    fingerprints = [
        DtlsFingerprint(algorithm="sha-256", value=fingerprint.value)
        for fingerprint in dtls.getLocalParameters().fingerprints
        if fingerprint.algorithm == "sha-256"
    ]
    return DtlsParameters(role="client", fingerprints=fingerprints)


def _server(parameters: DtlsParameters) -> RTCDtlsParameters:
    fingerprints = [RTCDtlsFingerprint(algorithm=row.algorithm, value=row.value) for row in parameters.fingerprints]
    return RTCDtlsParameters(role="server", fingerprints=fingerprints)
