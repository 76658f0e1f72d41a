"""
The channel: requests to a worker and their answers, and what the worker tells by itself.

Three rules keep answers before notifications (mediasoup issue 510, where both come in one read): an object's id is
announced before the request that creates it, notifications are dispatched by ``loop.call_soon``, and objects keep
the last value of what they were told. Nobody may put a task between a creating request and its caller.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from ..errors import (
    ChannelClosedError,
    ChannelFullError,
    InvalidValueError,
    MalformedMessageError,
    NotFoundError,
    RequestRefusedError,
    RequestTimeoutError,
)
from ..signal import Signal
from .codec import Codec
from .frames import FrameDecoder
from .messages import MessageDecoder
from .requests import MESSAGE as MESSAGE
from .requests import Body as Body
from .requests import RequestEncoder

logger = logging.getLogger(__name__)
worker_logger = logging.getLogger("app.mediasoup.worker")

MAX_REQUEST_ID = 0xFFFF_FFFF

#: Seconds that the worker has to answer.
REQUEST_TIMEOUT = 10.0
#: Seconds between two looks for requests past their deadlines, which is how much later one may be told of.
SWEEP_INTERVAL = 0.1
#: Requests that may wait for an answer at once; one more is refused.
MAX_IN_FLIGHT = 10_000
#: Bytes that may wait to be written to a worker that does not read; what would add to them is refused.
MAX_UNWRITTEN = 32 * 1024 * 1024
#: Notifications kept for an object whose creation has not been answered; further ones are dropped.
MAX_EARLY = 1_000

NotificationListener = Callable[[str, dict[str, Any]], None]

#: The first character of a log message of the worker tells its level ("X" is a dump).
LOG_LEVELS = {"D": logging.DEBUG, "W": logging.WARNING, "E": logging.ERROR, "X": logging.INFO}


class Link(Protocol):
    """The two byte streams of a worker, as :mod:`.streams` makes them."""

    def start(self, on_data: Callable[[bytes], None], on_end: Callable[[str], None]) -> None:
        """Begin to read; ``on_end`` is called once with the reason when the worker's side ends."""

    def write(self, data: bytes) -> None: ...

    def unwritten(self) -> int:
        """Tell how many bytes wait to be written."""

    def close(self) -> None:
        """Write what waits, then end both streams."""


class _Pending(NamedTuple):
    """A request whose answer somebody waits for; it expires at that time of the loop."""

    method: str
    answer: asyncio.Future[dict[str, Any]]
    deadline: float
    expires: float


class Channel:
    """
    Requests and notifications over the byte streams of one worker.

    ``on_end`` fires once with the reason when the streams end without :meth:`close`. ``show_logs`` passes the
    worker's own log lines to the logger ``app.mediasoup.worker``.
    """

    def __init__(self, link: Link, codec: Codec, *, first_id: int = 1, show_logs: bool = True) -> None:
        self._link = link
        self.codec = codec
        self._requests = RequestEncoder(codec)
        self._messages = MessageDecoder(codec)
        self._decoder = FrameDecoder()
        self._loop = asyncio.get_running_loop()
        self._next_id = first_id
        self._show_logs = show_logs
        self._pending: dict[int, _Pending] = {}
        self._sweeping = False
        # Requests whose answers nobody waits for, with their methods for the log.
        self._posted: dict[int, str] = {}
        self._listeners: dict[str, NotificationListener] = {}
        self._creating: set[str] = set()
        self._early: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self._end_reason: str | None = None
        self.malformed = 0
        self.on_end: Signal[str] = Signal()
        link.start(self._data_received, self._ended)

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked any more."""
        return self._end_reason is not None

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answers."""
        return len(self._pending) + len(self._posted)

    # Asking.

    async def request(
        self, method: str, handler_id: str = "", body: Body | None = None, *, deadline: float = REQUEST_TIMEOUT
    ) -> dict[str, Any]:
        """
        Ask the worker and give the fields of its answer's body, empty when it has none.

        ``method`` is a value of ``FBS.Request.Method`` in lower case, ``deadline`` in seconds from now. Raises
        InvalidValueError for a body that the schema does not allow, RequestRefusedError or NotFoundError when the
        worker refuses, RequestTimeoutError, ChannelFullError, and ChannelClosedError when the worker goes away.
        """
        self._check_room()
        request_id = self._send_request(method, handler_id, body)
        # One timer watches all requests: one for each would cost a third of the whole request.
        answer: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._pending[request_id] = _Pending(method, answer, deadline, self._loop.time() + deadline)
        if not self._sweeping:
            self._sweeping = True
            self._loop.call_later(SWEEP_INTERVAL, self._sweep)
        try:
            return await answer
        finally:
            del self._pending[request_id]

    def _sweep(self) -> None:
        """Fail the requests that are past their deadlines, and look again later if others wait."""
        now = self._loop.time()
        for method, answer, deadline, expires in self._pending.values():
            if expires <= now and not answer.done():
                answer.set_exception(RequestTimeoutError(f"{method}: no answer in {deadline:g} s"))
        self._sweeping = bool(self._pending)
        if self._sweeping:
            self._loop.call_later(SWEEP_INTERVAL, self._sweep)

    async def create(
        self, method: str, handler_id: str, body: Body, *, new_id: str, undo: Callable[[], None]
    ) -> dict[str, Any]:
        """
        Ask the worker to create the object ``new_id``.

        Notifications to it are kept until somebody subscribes. When the caller is cancelled, or the answer does not
        come in time, ``undo`` is called and must post the closing of that id: the worker carries out requests in
        order, so that nothing is left there. Raises InvalidValueError while an object with that id is being created:
        undoing this one would close that one.
        """
        if new_id in self._creating:
            raise InvalidValueError("id", f"{new_id} is being created already")
        self._creating.add(new_id)
        early = self._early[new_id] = []
        try:
            return await self.request(method, handler_id, body)
        except (asyncio.CancelledError, RequestTimeoutError):
            undo()
            raise
        finally:
            self._creating.discard(new_id)
            # The caller subscribes before anything else runs, see the module's docstring.
            self._loop.call_soon(self._deliver_early, new_id, early)

    def post(self, method: str, handler_id: str = "", body: Body | None = None) -> None:
        """Ask without waiting; a refusal is logged. Does nothing once the channel is closed."""
        if not self.closed:
            self._posted[self._send_request(method, handler_id, body)] = method

    def notify(self, event: str, handler_id: str = "", body: Body | None = None) -> None:
        """Tell the worker something. Raises ChannelFullError and ChannelClosedError."""
        self._check_room()
        notification = {"handler_id": handler_id, "event": event, "body": body}
        self._link.write(self.codec.encode(MESSAGE, {"data": ("Notification", notification)}, size_prefixed=True))

    def _send_request(self, method: str, handler_id: str, body: Body | None) -> int:
        request_id = self._next_id
        while request_id in self._pending or request_id in self._posted:
            request_id = request_id + 1 if request_id < MAX_REQUEST_ID else 1
        self._link.write(self._requests.encode(request_id, method, handler_id, body))
        self._next_id = request_id + 1 if request_id < MAX_REQUEST_ID else 1
        return request_id

    def _check_room(self) -> None:
        if self._end_reason is not None:
            raise ChannelClosedError(self._end_reason)
        if len(self._pending) >= MAX_IN_FLIGHT:
            raise ChannelFullError(f"{MAX_IN_FLIGHT} requests wait for an answer of the worker")
        if self._link.unwritten() > MAX_UNWRITTEN:
            raise ChannelFullError("the worker does not read")

    # Listening.

    def subscribe(self, handler_id: str, listener: NotificationListener) -> None:
        """Pass notifications to the object ``handler_id`` on, also those that came while it was being created."""
        self._listeners[handler_id] = listener

    def unsubscribe(self, handler_id: str) -> None:
        """Drop notifications to ``handler_id`` from now on."""
        self._listeners.pop(handler_id, None)

    def _data_received(self, data: bytes) -> None:
        try:
            for frame in self._decoder.feed(data):
                self._frame_received(frame)
        except MalformedMessageError as error:
            # Where the next message starts is unknown: nothing that follows can be trusted.
            logger.error("the worker's stream can't be read: %s", error)
            self._link.close()
            self._ended(f"the worker's stream can't be read: {error}")

    def _frame_received(self, frame: bytes) -> None:
        try:
            kind, fields = self._messages.decode(frame)["data"]
        except MalformedMessageError as error:
            self.malformed += 1
            logger.error("dropped a message of the worker that can't be read: %s", error)
            return
        if kind == "Response":
            self._response_received(fields)
        elif kind == "Notification":
            body = fields["body"]
            self._loop.call_soon(
                self._dispatch, fields["handler_id"], fields["event"], body[1] if body is not None else {}
            )
        elif kind == "Log" and self._show_logs:
            text = fields["data"]
            worker_logger.log(LOG_LEVELS.get(text[:1], logging.INFO), "%s", text[1:])

    def _response_received(self, response: dict[str, Any]) -> None:
        request_id = response["id"]
        if (posted := self._posted.pop(request_id, None)) is not None:
            if not response["accepted"]:
                logger.debug("%s was refused: %s", posted, response["reason"])
            return
        pending = self._pending.get(request_id)
        if pending is None or pending.answer.done():
            logger.debug("an answer that nobody waits for any more: %d", request_id)
        elif response["accepted"]:
            body = response["body"]
            pending.answer.set_result(body[1] if body is not None else {})
        else:
            error, reason = response["error"] or "Error", response["reason"] or ""
            pending.answer.set_exception(_refusal(pending.method, error, reason))

    def _dispatch(self, handler_id: str, event: str, body: dict[str, Any]) -> None:
        early = self._early.get(handler_id)
        if early is None:
            self._tell(handler_id, event, body)
        elif len(early) < MAX_EARLY:
            early.append((event, body))

    def _deliver_early(self, handler_id: str, early: list[tuple[str, dict[str, Any]]]) -> None:
        # By now another object with that id may be on its way, whose notifications stay.
        if self._early.get(handler_id) is early:
            del self._early[handler_id]
        for event, body in early:
            self._tell(handler_id, event, body)

    def _tell(self, handler_id: str, event: str, body: dict[str, Any]) -> None:
        listener = self._listeners.get(handler_id)
        if listener is None:
            logger.debug("%s to %s: nobody listens", event, handler_id)
            return
        try:
            listener(event, body)
        except Exception:
            logger.exception("%s to %s could not be handled", event, handler_id)

    # Ending.

    def close(self, reason: str = "the channel was closed here") -> None:
        """End both streams and fail what waits for an answer."""
        if not self.closed:
            self._finish(reason)
            self._link.close()

    def _ended(self, reason: str) -> None:
        if not self.closed:
            self._finish(reason)
            self.on_end.emit(reason)

    def _finish(self, reason: str) -> None:
        self._end_reason = reason
        self._posted.clear()
        self._listeners.clear()
        self._early.clear()
        for pending in self._pending.values():
            if not pending.answer.done():
                pending.answer.set_exception(ChannelClosedError(f"{pending.method}: {reason}"))


def _refusal(method: str, error: str, reason: str) -> NotFoundError | RequestRefusedError:
    """Make the exception for a request that the worker refused."""
    if error == "NotFoundError":
        return NotFoundError(f"{method}: {reason or error}")
    return RequestRefusedError(method, error, reason)
