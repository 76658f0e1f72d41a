"""A large room without browsers: cameras that send three sizes, and many who count what arrives of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from struct import Struct

from tests.mediasoup.rtp import KEY_FRAME
from tests.signaling.calls import RTP_CAPABILITIES, simulcast
from tests.signaling.client import ProtooClient

from .media_transport import MediaTransport
from .rtp_streams import BODY, HEADER
from .speaker import DEVICE, Studio

#: Of the VP8 of a camera; the sizes that it sends, and seconds between two packets of each.
PAYLOAD_TYPE, LAYERS, PACE = 96, 3, 0.2
CLOCK = 90_000
#: Rounds of packets between two reports of a sender; without them nobody is given another size (RFC 3550, section 6.4).
REPORT_EVERY = 5
REPORT = Struct("!BBHIQIII")


class Member:
    """Somebody in a room who has one transport, to send or to receive."""

    def __init__(self, studio: Studio, room: str, name: str) -> None:
        self.name = name
        self._studio = studio
        self._room = room
        self._client: ProtooClient | None = None
        self._transport: MediaTransport | None = None

    @property
    def client(self) -> ProtooClient:
        assert self._client is not None
        return self._client

    async def leave(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._client is not None:
            await self._client.close()

    async def _enter(self, *, sending: bool) -> str:
        """Connect, join, and connect the transport; gives its id."""
        self._client = await ProtooClient.connect(self._studio.http, self._studio.url, self._room, self.name)
        ways = {"producing": sending, "consuming": not sending}
        parameters = await self.client.request("createWebRtcTransport", ways)
        transport = self._transport = MediaTransport(self._studio.identity, parameters, self._received)
        who = {"displayName": self.name, "device": DEVICE, "rtpCapabilities": RTP_CAPABILITIES}
        await self.client.request("join", who)
        fingerprint = {"algorithm": "sha-256", "value": self._studio.identity.fingerprint}
        dtls = {"role": "client", "fingerprints": [fingerprint]}
        await self.client.request("connectWebRtcTransport", {"transportId": transport.id, "dtlsParameters": dtls})
        await transport.connect()
        return transport.id

    def _received(self, packet: bytes) -> None:
        """Take a packet that arrived."""


class Camera(Member):
    """Sends as many numbered packets of each of its sizes as it is told to."""

    def __init__(self, studio: Studio, room: str, name: str, ssrc: int) -> None:
        super().__init__(studio, room, name)
        self._ssrc = ssrc
        #: How many packets of each size were sent.
        self.sent = 0

    async def enter(self) -> None:
        """Join, and offer the video."""
        id = await self._enter(sending=True)
        data = {"transportId": id, "kind": "video", "rtpParameters": simulcast(self._ssrc), "appData": {}}
        await self.client.request("produce", data)

    def send_next(self) -> None:
        assert self._transport is not None
        now = time.time()
        ticks = int(now * CLOCK) % 2**32
        for ssrc in range(self._ssrc, self._ssrc + LAYERS):
            if self.sent % REPORT_EVERY == 0:
                self._transport.send_rtcp(REPORT.pack(0x80, 200, 6, ssrc, ntp(now), ticks, self.sent, self.sent))
            header = HEADER.pack(0x80, PAYLOAD_TYPE, self.sent % 2**16, ticks, ssrc)
            self._transport.send_rtp(header + KEY_FRAME + BODY.pack(ssrc, self.sent))
        self.sent += 1


class Viewer(Member):
    """Receives the cameras, each in one size."""

    def __init__(self, studio: Studio, room: str, name: str) -> None:
        super().__init__(studio, room, name)
        #: By SSRC: whose packet it was, by the camera's own SSRC of that size, and which one.
        self.received: dict[int, list[tuple[int, int]]] = {}

    async def enter(self) -> None:
        """Join, and receive."""
        await self._enter(sending=False)

    @property
    def expected(self) -> set[int]:
        """The SSRCs of what it was told to receive."""
        return {data["rtpParameters"]["encodings"][0]["ssrc"] for data in self.client.all("newConsumer")}

    def _received(self, packet: bytes) -> None:
        *_, ssrc = HEADER.unpack_from(packet)
        self.received.setdefault(ssrc, []).append(BODY.unpack(packet[-BODY.size :]))


async def film(cameras: Sequence[Camera], rounds: int) -> None:
    """Have them send so many packets of each size, at their pace."""
    start = time.monotonic()
    for number in range(1, rounds + 1):
        for camera in cameras:
            camera.send_next()
        await asyncio.sleep(start + number * PACE - time.monotonic())


def ntp(seconds: float) -> int:
    """Give a time as RTCP has it (RFC 3550, section 4)."""
    return int((seconds + 2_208_988_800) * 2**32)
