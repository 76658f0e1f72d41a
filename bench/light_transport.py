"""
One WebRTC transport of a client that only connects: ICE and DTLS to a mediasoup worker, no media.

The worker is an ICE lite agent (RFC 8445, section 2.5): it waits to be asked. In DTLS (RFC 5764) we are the client.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aioice import stun
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

#: Seconds until a question is put again; packets get lost where buffers are full.
ASK_AGAIN: Final = 0.5
#: Seconds that connecting may take.
PATIENCE: Final = 30.0
#: Bytes that the kernel may keep for one of them, while the program that runs hundreds of them does not get its turn.
RECEIVE_BUFFER: Final = 1_048_576
#: A datagram of DTLS has no more bytes.
MTU: Final = 1_200
#: That of a host candidate (RFC 8445, section 5.1.2).
PRIORITY: Final = 2_130_706_431
SRTP_PROFILES: Final = b"SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"


class Identity:
    """A key with its certificate, made once for many transports."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = fingerprint_of(certificate)
        self.context = SSL.Context(SSL.DTLS_METHOD)
        self.context.set_options(SSL.OP_NO_TICKET)
        # Whom we speak to is checked by the fingerprint.
        self.context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        self.context.use_certificate(certificate)
        self.context.use_privatekey(key)
        self.context.set_tlsext_use_srtp(SRTP_PROFILES)


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Give a certificate's SHA-256 as SDP writes it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


class LightTransport(asyncio.DatagramProtocol):
    """
    Our end of the transport of which a server told ``parameters``.

    What comes after :meth:`connect` is thrown away.
    """

    def __init__(self, identity: Identity, parameters: dict[str, Any]) -> None:
        self.id: str = parameters["id"]
        self._ice = parameters["iceParameters"]
        self._candidate = next(each for each in parameters["iceCandidates"] if each["protocol"] == "udp")
        self._fingerprints = {each["algorithm"]: each["value"] for each in parameters["dtlsParameters"]["fingerprints"]}
        self._dtls = SSL.Connection(identity.context)
        self._dtls.set_connect_state()
        self._dtls.set_ciphertext_mtu(MTU)
        self._transport: asyncio.DatagramTransport | None = None
        #: A handshake's packets, which nobody sends more of than a few at once.
        self._packets: asyncio.Queue[bytes] = asyncio.Queue(maxsize=16)
        self.connected = False

    async def connect(self) -> None:
        """
        Connect, which the server must have been told of before.

        :raises TimeoutError: the worker does not answer
        :raises RuntimeError: it is not the one with the fingerprint, or has no SRTP for us
        """
        address = self._candidate["ip"], self._candidate["port"]
        async with asyncio.timeout(PATIENCE):
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, remote_addr=address)
            await self._select()
            await self._shake_hands()
        self.connected = True
        certificate = self._dtls.get_peer_certificate(as_cryptography=True)
        if certificate is None or fingerprint_of(certificate) != self._fingerprints["sha-256"]:
            raise RuntimeError("somebody else's certificate")
        if not self._dtls.get_selected_srtp_profile():
            raise RuntimeError("no SRTP")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _select(self) -> None:
        """Ask the worker by STUN to take this address (RFC 8445, section 7)."""
        request = self._binding_request()
        datagram = bytes(request)
        while True:
            self._send(datagram)
            packet = await self._packet(ASK_AGAIN)
            if packet is not None and packet[0] < 4:
                answer = stun.parse_message(packet)
                if answer.transaction_id == request.transaction_id:
                    if answer.message_class != stun.Class.RESPONSE:
                        raise RuntimeError(f"STUN: {answer}")
                    return

    def _binding_request(self) -> stun.Message:
        """Ask whether the worker is there, and have it send here; also to say now and then that we are."""
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._ice['usernameFragment']}:{secrets.token_hex(4)}"
        request.attributes["PRIORITY"] = PRIORITY
        request.attributes["ICE-CONTROLLING"] = secrets.randbits(64)
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._ice["password"].encode())
        request.add_fingerprint()
        return request

    async def _shake_hands(self) -> None:
        while True:
            try:
                self._dtls.do_handshake()
            except SSL.WantReadError:
                self._flush()
            else:
                self._flush()
                return
            packet = await self._packet(self._dtls.DTLSv1_get_timeout())
            if packet is None:
                self._dtls.DTLSv1_handle_timeout()
            elif 20 <= packet[0] <= 63:
                # Others are late answers of STUN (RFC 7983).
                self._dtls.bio_write(packet)

    def _flush(self) -> None:
        while True:
            try:
                self._send(self._dtls.bio_read(MTU))
            except SSL.WantReadError:
                return

    def _send(self, datagram: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(datagram)

    async def _packet(self, seconds: float | None) -> bytes | None:
        """Wait for a packet, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                return await self._packets.get()
        except TimeoutError:
            return None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

    def datagram_received(self, data: bytes, addr: object) -> None:
        # What does not fit is as good as lost on the way, and comes again.
        if not (self.connected or self._packets.full()):
            self._packets.put_nowait(data)
