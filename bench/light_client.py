"""A client that joins a room, sends and receives as far as signaling, ICE and DTLS go, and has no media."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import count
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from bench.light_transport import Identity, LightTransport

#: Seconds that an answer may take.
PATIENCE: Final = 30.0
_SCENARIO: Final = json.loads((Path(__file__).parent / "scenario.json").read_text())
_DEVICE: Final = {"flag": "chrome", "name": "Chrome", "version": "143.0"}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class LightClient:
    """
    One peer of one room. ``all_consumed`` is set, and ``last_consumed`` the time of it (of the monotonic clock), once
    it was told of as many consumers as it ``expects``.
    """

    def __init__(self, identity: Identity, expects: int) -> None:
        self.all_consumed = asyncio.Event()
        self.last_consumed = 0.0
        self._identity = identity
        self._expects = expects
        self._consumers = 0
        self._last_step = "nothing"
        self._ids = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._transports: list[LightTransport] = []
        self._reader: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def join(self, session: aiohttp.ClientSession, url: str) -> None:
        """
        Join, and send; both transports are connected then.

        :raises RuntimeError: the server refused something, or closed the socket
        :raises TimeoutError: it did not answer
        """
        self._socket = await session.ws_connect(url, protocols=["protoo"])
        self._reader = asyncio.create_task(self._read(self._socket))
        capabilities = await self._request("getRouterRtpCapabilities", {})
        sending, receiving = await asyncio.gather(self._transport("producing"), self._transport("consuming"))
        who = {"displayName": "Light", "device": _DEVICE, "rtpCapabilities": capabilities}
        await self._request("join", who)
        await asyncio.gather(self._send(sending), self._connect(receiving))

    def __str__(self) -> str:
        connected = sum(transport.connected for transport in self._transports)
        return (
            f"a client whose last request was {self._last_step}, with {len(self._answers)} open, {connected} "
            f"transports connected and {self._consumers} of {self._expects} consumers"
        )

    async def leave(self) -> None:
        """Close everything."""
        for transport in self._transports:
            transport.close()
        if self._socket is not None and self._reader is not None:
            await self._socket.close()
            await self._reader

    async def _transport(self, way: str) -> LightTransport:
        parameters = await self._request("createWebRtcTransport", {"producing": False, "consuming": False, way: True})
        transport = LightTransport(self._identity, parameters)
        self._transports.append(transport)
        return transport

    async def _send(self, transport: LightTransport) -> None:
        connecting = asyncio.create_task(self._connect(transport))
        for kind in ("audio", "video"):
            data = {"transportId": transport.id, "kind": kind, "rtpParameters": _SCENARIO[kind], "appData": {}}
            await self._request("produce", data)
        await connecting

    async def _connect(self, transport: LightTransport) -> None:
        fingerprint = {"algorithm": "sha-256", "value": self._identity.fingerprint}
        dtls = {"role": "client", "fingerprints": [fingerprint]}
        await self._request("connectWebRtcTransport", {"transportId": transport.id, "dtlsParameters": dtls})
        await transport.connect()

    async def _request(self, method: str, data: dict[str, Any]) -> Any:
        id, self._last_step = next(self._ids), method
        answer = self._answers[id] = asyncio.get_running_loop().create_future()
        await self._tell({"request": True, "id": id, "method": method, "data": data})
        async with asyncio.timeout(PATIENCE):
            frame = await answer
        if not frame["ok"]:
            raise RuntimeError(f"{method}: {frame['errorCode']} {frame['errorReason']}")
        return frame["data"]

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            frame = _decode(message.data)
            if frame.get("response"):
                self._answers.pop(frame["id"]).set_result(frame)
            elif frame.get("request"):
                await self._tell({"response": True, "id": frame["id"], "ok": True, "data": {}})
                self._count(frame["method"])
        for answer in self._answers.values():
            answer.set_exception(RuntimeError(f"the socket was closed: {socket.close_code}"))

    def _count(self, method: str) -> None:
        self._consumers += method == "newConsumer"
        if self._consumers == self._expects and not self.all_consumed.is_set():
            self.last_consumed = time.monotonic()
            self.all_consumed.set()

    async def _tell(self, frame: dict[str, Any]) -> None:
        assert self._socket is not None
        await self._socket.send_str(_encode(frame).decode())
