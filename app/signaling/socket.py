"""One client's websocket: frames in and out, its liveness and its end. Knows nothing of what frames mean."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import WebSocketError, WSCloseCode, WSMessage, WSMsgType, web

from app.config import Limits

from .outbox import Frame, Outbox
from .protocol import SUBPROTOCOL
from .websocket import DirectWebSocket, Wire

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
WHOLE_TEXT = 0x80 | WSMsgType.TEXT
#: The header of a text that is sent whole (RFC 6455, section 5.2), by its length, if that is short; and else.
MAX_SHORT = 125
SHORT = tuple(bytes((WHOLE_TEXT, length)) for length in range(MAX_SHORT + 1))
MEDIUM, LONG = struct.Struct("!BBH"), struct.Struct("!BBQ")
#: How a client's end of the socket came about, as the others and history are told.
LEFT, LOST, AT_FAULT = "left", "connection-lost", "protocol-error"
#: How a client closes that is done here. No code at all reads as 0.
DONE = (0, WSCloseCode.OK, WSCloseCode.GOING_AWAY)


class Socket:
    """
    Sends in the background, never making the caller wait, and passes on the text that arrives.

    ``on_text`` is called for each text frame, ``on_fault(code, reason)`` once when the client breaks the rules or
    does not read; whoever gets it is expected to :meth:`close`. ``end`` is how the client's end came about, once it
    has.
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
        self._on_fault = on_fault
        self._outbox = Outbox(limits.max_outgoing_queue, limits.max_outgoing_bytes)
        self._ws = DirectWebSocket(
            on_text,
            self._received,
            protocol=SUBPROTOCOL,
            max_msg_size=limits.max_message_size,
            timeout=CLOSE_SECONDS,
        )
        self._wire: Wire | None = None
        self.closing = False
        self.end = LOST

    @property
    def last_heard(self) -> float:
        """The loop's time of the last frame."""
        return self._ws.last_heard

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Upgrade ``request``, then send and receive until the end."""
        await self._ws.prepare(request)
        self._wire = self._ws.wire
        writer = asyncio.create_task(self._write(), name="websocket writer")
        try:
            if (error := await self._ws.ended) is not None:
                await self._give_up(error)
        finally:
            ended_here = self.closing
            if not ended_here:
                # The client has gone: nothing can be sent any more.
                self.closing = True
                self._ws.ignore_texts()
                writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            if ended_here and self._wire is not None:
                # aiohttp would send a second close frame, for which browsers take the connection for broken: they
                # tell the page 1006 instead of our code, and it comes again.
                self._wire.transport.close()
        return self._ws

    def send(self, text: bytes) -> None:
        """Send a text frame, or queue it until it can be sent; too many of them are the client's fault."""
        wire, length = self._wire, len(text)
        if (
            wire is None
            or self.closing
            or not self._outbox.idle
            # The client does not read, or is gone.
            or wire.writing_paused
            or wire.transport.is_closing()
        ):
            self._put(Frame(WSMsgType.TEXT, text))
        else:
            wire.transport.write((SHORT[length] if length <= MAX_SHORT else _long_header(length)) + text)

    def ping(self) -> None:
        """Make the client show that it lives."""
        self._put(PING)

    def close(self, code: int, reason: str, *, instead: bool = False) -> None:
        """Send a last frame, after what is queued or ``instead`` of it. Only the first call counts."""
        if not self.closing:
            self.closing = True
            self._ws.ignore_texts()
            text = reason.encode()[:MAX_CLOSE_REASON].decode(errors="ignore")
            self._log.debug("closing the socket: {} {}", code, text)
            self._outbox.put_last(Frame(WSMsgType.CLOSE, text.encode(), code), instead=instead)
            # Not cancelled when all went well: cutting what is closed does nothing.
            self._loop.call_later(CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        """Cut the connection."""
        if self._wire is not None:
            self._wire.transport.abort()

    def _put(self, frame: Frame) -> None:
        if not self.closing and not self._outbox.put(frame):
            self._on_fault(WSCloseCode.POLICY_VIOLATION, "too slow: what was sent is not read")

    def _received(self, message: WSMessage) -> None:
        if message.type is WSMsgType.CLOSE:
            if message.data in DONE and not self.closing:
                self.end = LEFT
        elif self.closing:
            return
        elif message.type is WSMsgType.PING:
            self._put(Frame(WSMsgType.PONG, message.data))
        elif message.type is WSMsgType.BINARY:
            self._on_fault(WSCloseCode.UNSUPPORTED_DATA, "text frames only")

    async def _give_up(self, error: Exception) -> None:
        """Close what can't be read any more, at once; unless it is closed already, which is said only once."""
        code: int = WSCloseCode.INTERNAL_ERROR
        if isinstance(error, WebSocketError):
            self._log.info("a frame that can't be read: {}", error)
            self.end, code = AT_FAULT, error.code
        else:
            self._log.opt(exception=error).error("receiving failed")
        if not self.closing:
            await self._ws.close(code=code)

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


def _long_header(length: int) -> bytes:
    if length < 65_536:
        return MEDIUM.pack(WHOLE_TEXT, 126, length)
    return LONG.pack(WHOLE_TEXT, 127, length)
