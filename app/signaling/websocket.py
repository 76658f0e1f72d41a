"""
aiohttp's websocket without the queue behind its parser: each frame is passed on as soon as it is read.

Else a task would have to wake up for every message, which costs more than all that is done with most of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import WSMessage, WSMsgType, web
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.http_websocket import WebSocketReader, WebSocketWriter

#: Looking them up in their class takes longer than the comparison.
TEXT, CLOSE = WSMsgType.TEXT, WSMsgType.CLOSE


class DirectWebSocket(web.WebSocketResponse):
    """
    ``on_text`` is called for each text message, until :meth:`ignore_texts`, and ``on_frame`` for each other message and
    control frame, the client's close being the last. ``last_heard`` is the loop's time of the last of them all.

    ``ended`` is done when no more will come. Its result is ``None`` after a close or when the connection was lost, or
    else the error for which the rest can't be read. ``wire`` is what carries it all, once it is prepared.
    """

    def __init__(
        self,
        on_text: Callable[[str], None],
        on_frame: Callable[[WSMessage], None],
        *,
        protocol: str,
        max_msg_size: int,
        timeout: float,
    ) -> None:
        # Pings are for ``on_frame`` to answer: aiohttp would hide that the client was heard.
        super().__init__(
            protocols=(protocol,),
            max_msg_size=max_msg_size,
            timeout=timeout,
            autoping=False,
            autoclose=False,
            compress=False,
        )
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Exception | None] = loop.create_future()
        self.last_heard = loop.time()
        self.wire: Wire | None = None
        self._on_text, self._on_frame = on_text, on_frame

    def ignore_texts(self) -> None:
        """Pass no more texts on."""
        self._on_text = _ignore

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: WebSocketWriter) -> None:
        """Do as the base does, but for the queue: nothing needs one, and so none can fill."""
        self._ws_protocol, self._writer = protocol, writer
        self._reader = _Passage(self, request.protocol)
        self._parser = WebSocketReader(self._reader, self._max_msg_size, compress=False, decode_text=True)
        request.protocol.set_parser(self._parser)
        request.protocol.keep_alive(False)
        # Else the answer could not have been written.
        assert request.transport is not None
        self.wire = Wire(request.transport, request.protocol, self._parser)

    def _end(self, outcome: WSMessage | Exception | None) -> None:
        """Take in the client's close, why the rest can't be read, or (``None``) that the connection was lost."""
        self._on_text = self._on_frame = _ignore
        if not self.ended.done():
            if isinstance(outcome, WSMessage):
                # aiohttp answers it, once the request's handler returns.
                self._set_closing(outcome.data)
            self.ended.set_result(outcome if isinstance(outcome, Exception) else None)


class Wire(asyncio.Protocol):
    """
    Takes the place of aiohttp's protocol at a transport: what is read goes straight to the parser, all else to that
    protocol. While ``writing_paused``, what was written has not been taken.
    """

    def __init__(self, transport: asyncio.Transport, protocol: web.RequestHandler, parser: WebSocketReader) -> None:
        self.transport = transport
        self.writing_paused = protocol.writing_paused
        self._protocol = protocol
        # It returns whether there was an error, which ``_Passage`` is told.
        self.data_received = parser.feed_data  # type: ignore[assignment]
        transport.set_protocol(self)

    def pause_writing(self) -> None:
        self.writing_paused = True
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self.writing_paused = False
        self._protocol.resume_writing()

    def eof_received(self) -> None:
        self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)


class _Passage(WebSocketDataQueue):
    """Stands where the parser expects its queue."""

    def __init__(self, websocket: DirectWebSocket, protocol: web.RequestHandler) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(protocol, 0, loop=loop)
        self._websocket = websocket
        self._now = loop.time

    def feed_data(self, data: WSMessage, size: int) -> None:  # type: ignore[override]
        websocket = self._websocket
        websocket.last_heard = self._now()
        if data.type is TEXT:
            websocket._on_text(data.data)
        else:
            websocket._on_frame(data)
            if data.type is CLOSE:
                websocket._end(data)

    def feed_eof(self) -> None:
        super().feed_eof()
        self._websocket._end(None)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        super().set_exception(exc)
        self._websocket._end(exc if isinstance(exc, Exception) else RuntimeError(repr(exc)))


def _ignore(_: object) -> None:
    """Nobody listens any more."""
