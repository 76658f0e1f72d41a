"""A small protoo client, as far from the server's own code as a browser is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from aiohttp.base_protocol import BaseProtocol

Json = dict[str, Any]


class Refused(Exception):
    """The server refused a request."""

    def __init__(self, answer: Json) -> None:
        super().__init__(answer["errorReason"])
        self.code: int = answer["errorCode"]
        self.name: str = answer["errorName"]


class ProtooClient:
    """
    Connects, requests, and notes what the server says; ``accepts`` decides how its requests are answered.

    ``accepts`` gives true to accept, false to refuse, ``None`` to say nothing.
    """

    def __init__(self, websocket: ClientWebSocketResponse) -> None:
        self.websocket = websocket
        #: ``(method, data)`` of what the server told and asked, in order.
        self.heard: list[tuple[str, Json]] = []
        #: All that came, as it came.
        self.frames: list[Json] = []
        self.accepts: Callable[[str, Json], bool | None] = lambda method, data: True
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Event()
        self._next_id = 1
        #: The ids of its transports, once it has them.
        self.sending = self.receiving = ""
        self.reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(
        cls, http: ClientSession, url: str, room: str, peer: str, token: str | None = None, resume: str | None = None
    ) -> ProtooClient:
        """Open a socket to ``url``."""
        secrets = {"token": token, "resume": resume}
        params = {"roomId": room, "peerId": peer} | {name: value for name, value in secrets.items() if value}
        websocket = await http.ws_connect(url, params=params, protocols=("protoo",), max_msg_size=0)
        return cls(websocket)

    async def request(self, method: str, data: object = None) -> Any:
        """Send a request and give the data of its answer. Raises Refused."""
        return await self.start_request(method, data)

    def start_request(self, method: str, data: object = None) -> asyncio.Future[Any]:
        """Send a request now; its answer comes with the future."""
        id, self._next_id = self._next_id, self._next_id + 1
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[id] = answered
        self.send({"request": True, "id": id, "method": method, "data": {} if data is None else data})
        return answered

    def send(self, frame: object) -> None:
        """Send anything as JSON."""
        self.send_text(json.dumps(frame))

    def send_text(self, text: str) -> None:
        """Send any text; it is written at once, as long as the server reads."""
        task = asyncio.ensure_future(self.websocket.send_str(text))
        task.add_done_callback(lambda done: done.exception())

    async def hears(self, method: str, **fields: Any) -> Json:
        """Wait for a request or notification with these fields in its data."""
        async with asyncio.timeout(20):
            while True:
                for heard, data in self.heard:
                    if heard == method and fields.items() <= data.items():
                        return data
                self._changed.clear()
                await self._changed.wait()

    def all(self, method: str) -> list[Json]:
        """The data of all requests and notifications of that name."""
        return [data for heard, data in self.heard if heard == method]

    async def ends(self) -> int | None:
        """Wait for the server to close; gives the code."""
        async with asyncio.timeout(20):
            await self.reader
        return self.websocket.close_code

    async def close(self) -> None:
        """Close the socket."""
        await self.websocket.close()
        await self.reader

    def vanish(self) -> None:
        """Cut the connection, without a word. Raises ConnectionResetError when the server was faster."""
        transport = self._protocol().transport
        if not isinstance(transport, asyncio.Transport):
            raise ConnectionResetError("the connection is lost already")
        transport.abort()

    def hang(self, hangs: bool = True) -> None:
        """Read nothing, and so answer no ping; or go on."""
        if hangs:
            self._protocol().pause_reading()
        else:
            self._protocol().resume_reading()

    def _protocol(self) -> BaseProtocol:
        connection = self.websocket._response.connection
        assert connection is not None and connection.protocol is not None
        return connection.protocol

    async def _read(self) -> None:
        async for message in self.websocket:
            if message.type is WSMsgType.TEXT:
                self._received(json.loads(message.data))
        for answered in self._pending.values():
            answered.cancel()

    def _received(self, frame: Json) -> None:
        self.frames.append(frame)
        if frame.get("response"):
            answered = self._pending.pop(frame["id"], None)
            if answered is None:
                self.heard.append(("a stray answer", frame))
            elif frame["ok"]:
                answered.set_result(frame["data"])
            else:
                answered.set_exception(Refused(frame))
        else:
            self.heard.append((frame["method"], frame["data"]))
            if frame.get("request"):
                self._answer(frame)
        self._changed.set()

    def _answer(self, frame: Json) -> None:
        accepted = self.accepts(frame["method"], frame["data"])
        if accepted:
            self.send({"response": True, "id": frame["id"], "ok": True, "data": {}})
        elif accepted is False:
            refusal = {"ok": False, "errorCode": 403, "errorReason": "no, thank you"}
            self.send({"response": True, "id": frame["id"], **refusal})


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def refusal(http: ClientSession, url: str, **params: str) -> tuple[int, str]:
    """Ask for a websocket that is not given; gives the status and the message."""
    async with http.get(url, params=params, headers=UPGRADE) as response:
        return response.status, (await response.json())["error"]["message"]
