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
    ``on_text`` is called for each text message, ``on_frame`` for each other message and control frame, the client's
    close being the last.

    ``ended`` is done when no more will come. Its result is ``None`` after a close or when the connection was lost, or
    else the error for which the rest can't be read.
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
        self.ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._on_text, self._on_frame = on_text, on_frame

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: WebSocketWriter) -> None:
        """Do as the base does, but for the queue: nothing needs one, and so none can fill."""
        self._ws_protocol, self._writer = protocol, writer
        self._reader = _Passage(request.protocol, self._on_text, self._on_frame, self._end)
        self._parser = WebSocketReader(self._reader, self._max_msg_size, compress=False, decode_text=True)
        request.protocol.set_parser(self._parser)
        request.protocol.keep_alive(False)

    def _end(self, outcome: WSMessage | Exception | None) -> None:
        if not self.ended.done():
            if isinstance(outcome, WSMessage):
                # aiohttp answers it, once the request's handler returns.
                self._set_closing(outcome.data)
            self.ended.set_result(outcome if isinstance(outcome, Exception) else None)


class _Passage(WebSocketDataQueue):
    """
    Stands where the parser expects its queue.

    ``on_end`` gets the client's close, the error for which the rest can't be read, or ``None`` when the connection
    was lost.
    """

    def __init__(
        self,
        protocol: web.RequestHandler,
        on_text: Callable[[str], None],
        on_frame: Callable[[WSMessage], None],
        on_end: Callable[[WSMessage | Exception | None], None],
    ) -> None:
        super().__init__(protocol, 0, loop=asyncio.get_running_loop())
        self._on_text, self._on_frame = on_text, on_frame
        self._on_end = on_end
        self._ended = False

    def feed_data(self, data: WSMessage, size: int) -> None:  # type: ignore[override]
        if self._ended:
            return
        if data.type is TEXT:
            self._on_text(data.data)
            return
        self._on_frame(data)
        if data.type is CLOSE:
            self._ended = True
            self._on_end(data)

    def feed_eof(self) -> None:
        super().feed_eof()
        self._on_end(None)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        super().set_exception(exc)
        self._on_end(exc if isinstance(exc, Exception) else RuntimeError(repr(exc)))
