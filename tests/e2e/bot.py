"""A participant without a browser: pymediasoup over the websocket, as mediasoup-demo's clients speak it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Self

import aiohttp
from aiortc import MediaStreamTrack
from pymediasoup import AiortcHandler, Device
from pymediasoup.consumer import Consumer
from pymediasoup.rtp_parameters import RtpCapabilities, RtpParameters
from pymediasoup.transport import Transport

from .deployment import Deployment

#: Seconds that the server has to answer.
PATIENCE = 10.0

Handler = Callable[[dict[str, Any]], Awaitable[None]]


class Signaling:
    """The protoo envelope, from a client's side."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.handlers: dict[str, Handler] = {}
        self.notifications: list[tuple[str, Any]] = []
        self._reader = asyncio.create_task(self._read())

    async def request(self, method: str, **data: Any) -> Any:
        request_id = next(self._ids)
        future = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"request": True, "id": request_id, "method": method, "data": data})
        async with asyncio.timeout(PATIENCE):
            return await future

    async def closed(self) -> int | None:
        """Wait until the server ends the connection; give its close code."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self._reader)
        return self._socket.close_code

    async def close(self) -> None:
        await self._socket.close()
        await self._reader
        await asyncio.gather(*self._tasks)

    async def _read(self) -> None:
        async for message in self._socket:
            frame = message.json()
            if frame.get("response"):
                self._answered(frame)
            elif frame.get("request"):
                task = asyncio.create_task(self._handle(frame))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                self.notifications.append((frame["method"], frame["data"]))

    def _answered(self, frame: dict[str, Any]) -> None:
        future = self._waiting.pop(frame["id"])
        if frame["ok"]:
            future.set_result(frame["data"])
        else:
            future.set_exception(AssertionError(f"{frame['errorCode']} {frame['errorReason']}"))

    async def _handle(self, frame: dict[str, Any]) -> None:
        await self.handlers[frame["method"]](frame["data"])
        # Who left meanwhile answers no more.
        if self._socket.closed:
            return
        await self._socket.send_json({"response": True, "id": frame["id"], "ok": True, "data": {}})


class Bot:
    """Joins with :meth:`enter`, sends what tracks it was given, and collects consumers."""

    def __init__(self, session: aiohttp.ClientSession, signaling: Signaling, device: Device) -> None:
        self._session = session
        self.signaling = signaling
        self._device = device
        self._transports: dict[str, Transport] = {}
        self.peers: list[dict[str, Any]] = []
        self.consumers: asyncio.Queue[tuple[str, Consumer]] = asyncio.Queue()
        signaling.handlers["newConsumer"] = self._new_consumer

    @classmethod
    async def enter(
        cls,
        deployment: Deployment,
        room: str,
        peer_id: str,
        tracks: list[MediaStreamTrack],
        *,
        token: str | None = None,
        name: str | None = None,
    ) -> Self:
        session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"} if token else None)
        url = f"ws://localhost:{deployment.port}/?roomId={room}&peerId={peer_id}"
        signaling = Signaling(await session.ws_connect(url, protocols=["protoo"]))
        device = Device(handlerFactory=AiortcHandler.createFactory(tracks=tracks))
        bot = cls(session, signaling, device)
        capabilities = await signaling.request("getRouterRtpCapabilities")
        await device.load(RtpCapabilities(**capabilities))
        for direction in ("send", "recv"):
            await bot._make_transport(direction)
        answer = await signaling.request(
            "join",
            displayName=name or peer_id,
            device={"flag": "pymediasoup", "name": "pymediasoup", "version": "1.5.0"},
            rtpCapabilities=to_json(device.recvRtpCapabilities),
            sctpCapabilities=to_json(device.sctpCapabilities),
        )
        bot.peers = answer["peers"]
        for track in tracks:
            await bot._transports["send"].produce(track=track, stopTracks=False)
        return bot

    async def leave(self) -> None:
        # First, so that what it is being offered still finds its transports.
        await self.signaling.close()
        for transport in self._transports.values():
            await transport.close()
        await self._session.close()

    async def _make_transport(self, direction: str) -> None:
        parameters = await self.signaling.request(
            "createWebRtcTransport",
            forceTcp=False,
            producing=direction == "send",
            consuming=direction == "recv",
            sctpCapabilities=to_json(self._device.sctpCapabilities),
        )
        make = self._device.createSendTransport if direction == "send" else self._device.createRecvTransport
        transport = make(**{name: parameters[name] for name in TRANSPORT_FIELDS})
        self._transports[direction] = transport

        async def connect(dtls_parameters: Any) -> None:
            await self.signaling.request(
                "connectWebRtcTransport", transportId=transport.id, dtlsParameters=to_json(dtls_parameters)
            )

        async def produce(kind: str, rtp_parameters: Any, app_data: Any) -> str:
            answer = await self.signaling.request(
                "produce",
                transportId=transport.id,
                kind=kind,
                rtpParameters=to_json(rtp_parameters),
                appData=app_data,
            )
            producer_id: str = answer["id"]
            return producer_id

        transport.on("connect", connect)
        transport.on("produce", produce)

    async def _new_consumer(self, data: dict[str, Any]) -> None:
        consumer = await self._transports["recv"].consume(
            id=data["id"],
            producerId=data["producerId"],
            kind=data["kind"],
            rtpParameters=RtpParameters(**data["rtpParameters"]),
        )
        self.consumers.put_nowait((data["peerId"], consumer))

    async def consumer_of(self, peer_id: str, kind: str) -> Consumer:
        """Wait for a consumer of that peer and kind."""
        async with asyncio.timeout(PATIENCE):
            while True:
                owner, consumer = await self.consumers.get()
                if (owner, consumer.kind) == (peer_id, kind):
                    return consumer


TRANSPORT_FIELDS = ("id", "iceParameters", "iceCandidates", "dtlsParameters", "sctpParameters")


def to_json(model: Any) -> Any:
    """Give a pydantic model as the dict that goes out."""
    return model.model_dump(exclude_none=True)
