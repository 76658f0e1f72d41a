"""One client's websocket: frames in and out, its liveness and its end. Knows nothing of what frames mean."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import WebSocketError, WSCloseCode, WSMsgType, web

from app.config import Limits

from .outbox import Frame, Outbox
from .protocol import SUBPROTOCOL

if TYPE_CHECKING:
    from loguru import Logger

#: A client that takes nothing for so long, in seconds, does not read.
SEND_SECONDS = 10.0
#: Time in seconds for what is queued and the closing handshake, once the end is decided.
CLOSE_SECONDS = 5.0
#: What a close frame can carry (RFC 6455, section 5.5), less the code.
MAX_CLOSE_REASON = 123
CLOSE_CODE = struct.Struct("!H")
PING = Frame(WSMsgType.PING)
#: What stands for the end among messages: the client closed, we do, or the connection broke.
ENDS = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)
#: How a client's end of the socket came about, as the others and history are told.
LEFT, LOST, AT_FAULT = "left", "connection-lost", "protocol-error"
#: How a client closes that is done here. No code at all reads as 0.
DONE = (0, WSCloseCode.OK, WSCloseCode.GOING_AWAY)


class Socket:
    """
    Sends in the background, never making the caller wait, and passes on the text that arrives.

    ``on_text`` is called for each text frame, ``on_fault(code, reason)`` once when the client breaks the rules or
    does not read; whoever gets it is expected to :meth:`close`. ``last_heard`` is the loop's time of the last frame,
    ``end`` how the client's end came about, once it has.
    """

    def __init__(
        self,
        limits: Limits,
        log: Logger,
        *,
        on_text: Callable[[str], None],
        on_fault: Callable[[int, str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._log = log
        self._on_text = on_text
        self._on_fault = on_fault
        self._outbox = Outbox(limits.max_outgoing_queue, limits.max_outgoing_bytes)
        # Pings are answered below: aiohttp would hide that the client was heard.
        self._ws = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            max_msg_size=limits.max_message_size,
            timeout=CLOSE_SECONDS,
            autoping=False,
            autoclose=False,
            compress=False,
        )
        self._transport: asyncio.Transport | None = None
        self.closing = False
        self.end = LOST
        self.last_heard = self._loop.time()

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Upgrade ``request``, then send and receive until the end."""
        await self._ws.prepare(request)
        self._transport = request.transport
        writer = asyncio.create_task(self._write(), name="websocket writer")
        try:
            await self._read()
        finally:
            ended_here = self.closing
            if not ended_here:
                # The client has gone: nothing can be sent any more.
                self.closing = True
                writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            if ended_here and self._transport is not None:
                # aiohttp would send a second close frame, for which browsers take the connection for broken: they
                # tell the page 1006 instead of our code, and it comes again.
                self._transport.close()
        return self._ws

    def send(self, text: bytes) -> None:
        """Queue a text frame; too many of them are the client's fault."""
        self._put(Frame(WSMsgType.TEXT, text))

    def ping(self) -> None:
        """Make the client show that it lives."""
        self._put(PING)

    def close(self, code: int, reason: str, *, instead: bool = False) -> None:
        """Send a last frame, after what is queued or ``instead`` of it. Only the first call counts."""
        if not self.closing:
            self.closing = True
            text = reason.encode()[:MAX_CLOSE_REASON].decode(errors="ignore")
            self._log.debug("closing the socket: {} {}", code, text)
            self._outbox.put_last(Frame(WSMsgType.CLOSE, text.encode(), code), instead=instead)
            # Not cancelled when all went well: cutting what is closed does nothing.
            self._loop.call_later(CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _put(self, frame: Frame) -> None:
        if not self.closing and not self._outbox.put(frame):
            self._on_fault(WSCloseCode.POLICY_VIOLATION, "too slow: what was sent is not read")

    async def _read(self) -> None:
        while (message := await self._ws.receive()).type not in ENDS:
            self.last_heard = self._loop.time()
            if self.closing:
                continue
            if message.type is WSMsgType.TEXT:
                self._on_text(message.data)
            elif message.type is WSMsgType.PING:
                self._put(Frame(WSMsgType.PONG, message.data))
            elif message.type is WSMsgType.BINARY:
                self._on_fault(WSCloseCode.UNSUPPORTED_DATA, "text frames only")
            elif message.type is WSMsgType.ERROR:
                # aiohttp has closed the socket already, with the code that fits.
                self._log.info("a frame that can't be read: {}", message.data)
                self.end = AT_FAULT if isinstance(message.data, WebSocketError) else LOST
        if message.type is WSMsgType.CLOSE and message.data in DONE and not self.closing:
            self.end = LEFT

    async def _write(self) -> None:
        try:
            while (frame := await self._outbox.get()).kind is not WSMsgType.CLOSE:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._ws.send_frame(frame.payload, frame.kind)
            # Not ws.close(): while somebody reads it cuts the connection before the client has seen the code.
            await self._ws.send_frame(CLOSE_CODE.pack(frame.code) + frame.payload, WSMsgType.CLOSE)
        except TimeoutError:
            self._on_fault(WSCloseCode.POLICY_VIOLATION, "too slow: what was sent is not read")
            self.abort()
        except ConnectionError as error:
            # The reader sees the same end.
            self._log.debug("the client is gone: {}", error)
        except Exception:
            self._log.exception("sending failed")
            self.abort()
