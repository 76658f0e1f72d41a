"""Runs the application so that what goes wrong outside of it is answered and logged as everything else."""

from __future__ import annotations

import asyncio
import functools

from aiohttp import web
from loguru import logger

from .middlewares import SECURITY_HEADERS, answer_errors, plain_error
from .proxies import shortened

#: How long a client may take for the header of its first request, in seconds.
FIRST_REQUEST_SECONDS = 20.0


class Runner(web.AppRunner):
    """aiohttp's runner, with connections of our own."""

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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._first_request = self._loop.call_later(FIRST_REQUEST_SECONDS, self._give_up)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._first_request is not None:
            self._first_request.cancel()
        super().connection_lost(exc)

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
