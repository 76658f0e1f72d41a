"""A participant without a browser who sends numbered streams, and comes back by itself as those do that people use."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import ClientError, ClientSession

from bench.light_transport import Identity
from tests.signaling.calls import RTP_CAPABILITIES, audio
from tests.signaling.client import Json, ProtooClient, Refused

from .media_transport import MediaTransport, media_identity
from .rtp_streams import Stream, Streams

#: Seconds that an answer may take, and between two tries to connect.
PATIENCE, AGAIN = 10.0, 0.1
DEVICE: Json = {"flag": "probe", "name": "Probe", "version": "1"}
#: What may happen while everything is killed around it.
TROUBLES = (ClientError, ConnectionError, TimeoutError, Refused)


@dataclass(slots=True)
class Studio:
    """What speakers share. ``url`` is that of the websocket, ``tokens`` are those that rooms need, by room."""

    http: ClientSession
    url: str
    streams: Streams = field(default_factory=Streams)
    identity: Identity = field(default_factory=media_identity)
    tokens: Mapping[str, str] = field(default_factory=dict)


class Media(Protocol):
    """A speaker's end of a transport. ``frozen``: it is as if the machine were suspended, and nothing goes out."""

    id: str
    frozen: bool

    async def connect(self) -> None: ...

    def send_rtp(self, packet: bytes) -> None: ...

    def close(self) -> None: ...


class _Client(ProtooClient):
    """Hears of the worker's death."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.media_gone = asyncio.Event()

    def _received(self, frame: Json) -> None:
        super()._received(frame)
        if frame.get("method") == "rebuild":
            self.media_gone.set()


class Speaker:
    """
    Takes part in ``room`` from :meth:`enter` to :meth:`leave`.

    ``returns`` are the times, of the monotonic clock, at which it was back in its session, ``rejoins`` counts how
    often it could not be. ``troubles`` are what was tried in vain meanwhile.
    """

    def __init__(self, studio: Studio, room: str, name: str, streams: int) -> None:
        self.room = room
        self.name = name
        self.streams: Sequence[Stream] = ()
        self.returns: list[float] = []
        self.rejoins = 0
        self.troubles: list[str] = []
        self._studio = studio
        self._count = streams
        self._client: _Client | None = None
        self._session: Json = {}
        self._transports: Sequence[Media] = ()
        self._producers: list[str] = []
        #: The consumers that it had when it was last connected.
        self._kept: list[str] = []
        self._living: asyncio.Task[None] | None = None

    @property
    def client(self) -> ProtooClient:
        assert self._client is not None
        return self._client

    async def enter(self) -> None:
        """Join, and send."""
        await self._connect()
        await self._join()
        self._living = asyncio.create_task(self._live())

    async def leave(self) -> None:
        if self._living is not None:
            self._living.cancel()
            await asyncio.gather(self._living, return_exceptions=True)
        self._drop_media()
        await self.client.close()

    def freeze(self, frozen: bool = True) -> None:
        """Be as a machine that is suspended: read and send nothing, and close nothing; or go on."""
        self.client.hang(frozen)
        for transport in self._transports:
            transport.frozen = frozen

    async def _live(self) -> None:
        """Come back whenever the connection is lost, and make all media anew when they are gone."""
        while True:
            client = self._client
            assert client is not None
            gone = asyncio.create_task(client.media_gone.wait())
            await asyncio.wait({client.reader, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            try:
                if client.reader.done():
                    await self._come_back()
                else:
                    client.media_gone.clear()
                    await self._make_media()
            except TROUBLES as trouble:
                # Either the connection is lost again, or there will be another worker.
                self.troubles.append(repr(trouble))

    async def _connect(self, resume: str | None = None) -> None:
        studio, token = self._studio, self._studio.tokens.get(self.room)
        while True:
            with contextlib.suppress(ClientError):
                client = await _Client.connect(studio.http, studio.url, self.room, self.name, token, resume)
                assert isinstance(client, _Client)
                self._client = client
                return
            await asyncio.sleep(AGAIN)

    async def _join(self) -> None:
        self._drop_media()
        who = {"displayName": self.name, "device": DEVICE, "rtpCapabilities": RTP_CAPABILITIES}
        self._session = await self._request("join", who)
        await self._make_media()

    async def _come_back(self) -> None:
        self._kept = self._consumers()
        held = {
            "transports": [transport.id for transport in self._transports],
            "producers": self._producers,
            "consumers": self._kept,
        }
        await self._connect(resume=self._session["resumeToken"])
        try:
            seen = await self._request("resume", {"sessionId": self._session["sessionId"], **held})
        except Refused as refused:
            if refused.name != "cannot_resume":
                raise
            self.rejoins += 1
            await self._join()
            return
        self._session = seen
        self._kept = [each["id"] for each in seen["consumers"]]
        self.returns.append(time.monotonic())
        if len(seen["transports"]) < len(self._transports):
            await self._make_media()

    def _consumers(self) -> list[str]:
        come = [each["id"] for each in self.client.all("newConsumer")]
        gone = {each["consumerId"] for each in self.client.all("consumerClosed")}
        return [id for id in (*self._kept, *come) if id not in gone]

    # Media

    async def _make_media(self) -> None:
        self._drop_media()
        sending, receiving = [await self._make_transport(way) for way in ("producing", "consuming")]
        self._transports = sending, receiving
        await asyncio.gather(*map(self._connect_transport, self._transports))
        self.streams = [await self._send(sending, f"{self.room}/{self.name}/{each}") for each in range(self._count)]

    def _drop_media(self) -> None:
        for transport in self._transports:
            transport.close()
        self._transports = self.streams = ()
        self._producers, self._kept = [], []

    async def _make_transport(self, way: str) -> Media:
        ways = {"producing": False, "consuming": False, way: True}
        parameters = await self._request("createWebRtcTransport", ways)
        return MediaTransport(self._studio.identity, parameters, self._studio.streams.receive)

    async def _connect_transport(self, transport: Media) -> None:
        fingerprint = {"algorithm": "sha-256", "value": self._studio.identity.fingerprint}
        dtls = {"role": "client", "fingerprints": [fingerprint]}
        await self._request("connectWebRtcTransport", {"transportId": transport.id, "dtlsParameters": dtls})
        await transport.connect()

    async def _send(self, transport: Media, name: str) -> Stream:
        stream = self._studio.streams.start(name, transport.send_rtp)
        data = {"transportId": transport.id, "kind": "audio", "rtpParameters": audio(stream.number)}
        self._producers.append((await self._request("produce", {**data, "appData": {}}))["id"])
        return stream

    async def _request(self, method: str, data: Json) -> Any:
        answer = self.client.start_request(method, data)
        await asyncio.wait({answer, self.client.reader}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() or answer.cancelled():
            raise ConnectionResetError(f"{method} was not answered")
        return answer.result()
