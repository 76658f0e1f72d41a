"""How requests of other nodes are answered."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from loguru import logger

from app.errors import ConnectError
from app.rtc.bus import Handler, RequestFailed

#: Requests that a node works on at a time. One more is refused.
MAX_AT_WORK = 256


class Answer(msgspec.Struct, omit_defaults=True):
    """What a request came to: ``data``, or an ``error`` for people, with its stable name if it has one."""

    data: Any = None
    error: str | None = None
    code: str | None = None

    def open(self) -> Any:
        """
        Give the data.

        :raises RequestFailed: there are none
        """
        if self.error is not None:
            raise RequestFailed(self.error, self.code)
        return self.data


class Answering:
    """Knows who answers which requests."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._at_work = 0

    def serve(self, method: str, handler: Handler) -> None:
        self._handlers[method] = handler

    async def answer(self, node_id: str, method: str, data: Any, *, seconds: float) -> Answer:
        """Have a request answered in so many seconds; never raises."""
        handler = self._handlers.get(method)
        if handler is None:
            return Answer(error=f"there is no {method} here", code="method_not_found")
        if self._at_work >= MAX_AT_WORK:
            return Answer(error="busy", code="unavailable")
        self._at_work += 1
        try:
            async with asyncio.timeout(seconds):
                return Answer(data=await handler(node_id, data))
        except ConnectError as error:
            return Answer(error=str(error), code=error.code)
        except TimeoutError:
            # Nobody waits for it any more.
            return Answer(error="it was not answered in time")
        except Exception:
            logger.exception("the request {} of node {} failed", method, node_id)
            return Answer(error="a fault of that node; its log has the details", code="internal_error")
        finally:
            self._at_work -= 1
