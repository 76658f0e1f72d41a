"""Runs the application so that what goes wrong outside of it is answered and logged as everything else."""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Iterable
from typing import Any

from aiohttp import hdrs, web
from loguru import logger

from app.listening.sockets import BACKLOG

from .middlewares import SECURITY_HEADERS, answer_errors, plain_error
from .proxies import shortened

#: How long a client may take for the header of its first request, in seconds.
FIRST_REQUEST_SECONDS = 20.0
#: How long, in seconds, a connection that was accepted just before the end has for its request to arrive.
LAST_REQUEST_SECONDS = 0.3
#: Seconds between looks at what is still being answered.
LOOK_EVERY = 0.01


class Runner(web.AppRunner):
    """
    aiohttp's runner, with connections of our own.

    At the end :meth:`stop_listening` comes first, then :meth:`finish`, then ``cleanup``.
    """

    def __init__(self, application: web.Application, **kwargs: Any) -> None:
        super().__init__(application, **kwargs)
        self._finishing = False
        application.on_response_prepare.append(self._last_on_its_connection)

    async def listen(self, sockets: Iterable[socket.socket]) -> None:
        """Accept connections from these sockets, which listen."""
        for each in sockets:
            await web.SockSite(self, each, backlog=BACKLOG).start()

    async def stop_listening(self) -> None:
        """Accept no more connections; those that wait are left to the next process that has the sockets."""
        for site in tuple(self.sites):
            await site.stop()

    async def finish(self, seconds: float) -> None:
        """Answer what was asked, for so many seconds at most; answers are the last on their connections."""
        self._finishing = True
        loop = asyncio.get_running_loop()
        begun = loop.time()
        # Nobody tells when the last one is answered.
        while (busy := self._busy()) and loop.time() - begun < seconds:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY)
        if busy:
            logger.warning("{} requests were not answered in {:g} s", busy, seconds)

    def _busy(self) -> int:
        connections = [] if self.server is None else self.server.connections
        return sum(isinstance(each, _Connection) and each.is_busy for each in connections)

    async def _last_on_its_connection(self, request: web.Request, response: web.StreamResponse) -> None:
        if self._finishing and not isinstance(response, web.WebSocketResponse):
            response.force_close()
            # aiohttp has written down already that the connection lives on.
            response.headers[hdrs.CONNECTION] = "close"

    async def _make_server(self) -> web.Server:
        theirs = await super()._make_server()
        # What the application refuses before its middlewares (the header ``Expect``) is an error like any other.
        handler = functools.partial(answer_errors, handler=theirs.request_handler)
        return _Server(handler, request_factory=theirs.request_factory, **theirs._kwargs)


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    """
    Does not wait for ever for a first request; later ones have aiohttp's ``keepalive_timeout``.

    Logs what is no HTTP in a line; aiohttp logs a traceback with the whole header, and so perhaps a token.
    """

    _first_request: asyncio.TimerHandle | None = None
    _made_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._made_at = self._loop.time()
        self._first_request = self._loop.call_later(FIRST_REQUEST_SECONDS, self._give_up)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._first_request is not None:
            self._first_request.cancel()
        super().connection_lost(exc)

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered, or is on its way: who has just connected is about to ask."""
        is_fresh = self._request_count == 0 and self._loop.time() - self._made_at < LAST_REQUEST_SECONDS
        return self.transport is not None and (is_fresh or self._request_in_progress or bool(self._messages))

    def _give_up(self) -> None:
        if self._request_count == 0:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never reached the application; the connection is closed."""
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        logger.debug("{} sent what is no HTTP: {}", shortened(request.remote or ""), type(exc).__name__)
        answer = plain_error(status, "this can't be read as HTTP")
        answer.headers.update(SECURITY_HEADERS)
        answer.force_close()
        return answer
