"""A light transport with media: RTP goes out and comes in over SRTP, and nothing of it is decoded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from pylibsrtp import Policy, Session

from bench.light_transport import Identity, LightTransport

#: Lengths in bytes of SRTP_AES128_CM_SHA1_80 (RFC 5764, section 4.1.2).
KEY, SALT = 16, 14
LABEL: Final = b"EXTRACTOR-dtls_srtp"
#: Seconds between two signs of life (RFC 7675, section 5.1, asks for at least one in five).
CONSENT_SECONDS: Final = 2.5


def media_identity() -> Identity:
    """Make an identity whose transports agree on the only SRTP profile that is spoken here."""
    identity = Identity()
    identity.context.set_tlsext_use_srtp(b"SRTP_AES128_CM_SHA1_80")
    return identity


class MediaTransport(LightTransport):
    """Sends with :meth:`send_rtp` once it is connected; ``on_rtp`` gets each packet that arrives."""

    def __init__(self, identity: Identity, parameters: dict[str, Any], on_rtp: Callable[[bytes], None]) -> None:
        super().__init__(identity, parameters)
        self._on_rtp = on_rtp
        self._outgoing: Session | None = None
        self._incoming: Session | None = None
        self._consent: asyncio.Task[None] | None = None
        #: Whether it is as if the machine were suspended: nothing goes out.
        self.frozen = False

    async def connect(self) -> None:
        await super().connect()
        material = self._dtls.export_keying_material(LABEL, 2 * (KEY + SALT))
        keys, salts = material[: 2 * KEY], material[2 * KEY :]
        # In DTLS we are the client, whose half comes first.
        self._outgoing = Session(Policy(keys[:KEY] + salts[:SALT], Policy.SSRC_ANY_OUTBOUND))
        self._incoming = Session(Policy(keys[KEY:] + salts[SALT:], Policy.SSRC_ANY_INBOUND))
        self._consent = asyncio.create_task(self._keep_consent())

    def close(self) -> None:
        if self._consent is not None:
            self._consent.cancel()
        super().close()

    def send_rtp(self, packet: bytes) -> None:
        """Send a packet."""
        assert self._outgoing is not None and self._transport is not None
        # A transport that is left is closed in the middle of a round of sending.
        if not (self.frozen or self._transport.is_closing()):
            self._send(self._outgoing.protect(packet))

    def send_rtcp(self, packet: bytes) -> None:
        """Send a report."""
        assert self._outgoing is not None
        self._send(self._outgoing.protect_rtcp(packet))

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self._incoming is None:
            super().datagram_received(data, addr)
        elif 128 <= data[0] <= 191 and not 192 <= data[1] <= 223:
            # All else is STUN, DTLS or RTCP (RFC 7983, RFC 5761).
            self._on_rtp(self._incoming.unprotect(data))

    def error_received(self, exc: Exception) -> None:
        """The worker is gone; what was sent is lost, and whether that may be is not for us to say."""

    async def _keep_consent(self) -> None:
        while True:
            await asyncio.sleep(CONSENT_SECONDS)
            if not self.frozen:
                self._send(bytes(self._binding_request()))
