"""One connection of a client, from the upgrade to its end: protoo's requests in both directions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from aiohttp import WSCloseCode, web

from app.config import Limits
from app.errors import CannotResume, WrongState
from app.rtc.events import Event, Farewell, NotConfirmed, Question
from app.rtc.peer import Peer
from app.rtc.permissions import check
from app.rtc.room import Room
from app.rtc.tasks import TaskSet

from . import handlers, ice_servers, joining, meeting, moderation, protocol, schemas, subscriptions
from .methods import OWN, PACES, Method
from .protocol import ProtocolError, Request, Response
from .refusals import FAULT, TOO_MANY, UNKNOWN, Refusal, refusal_of
from .socket import AT_FAULT, LOST, Socket
from .token_bucket import TokenBucket
from .waiting_requests import WaitingRequests

if TYPE_CHECKING:
    from loguru import Logger

    from app.rtc.room_records import RoomRecords

METHODS = (
    handlers.METHODS
    | ice_servers.METHODS
    | joining.METHODS
    | meeting.METHODS
    | moderation.METHODS
    | subscriptions.METHODS
)
#: protoo-client does not come back after this one. After any other it connects, and joins, again.
STAY_AWAY = 4000
#: After these it should; after all other farewells it would only be sent away again.
COME_AGAIN = (Farewell.WORKER_DIED, Farewell.SERVER_SHUTDOWN, Farewell.CONNECTION_LOST, Farewell.DRAINING)
#: With this many questions open a client gets twice the time, with twice as many three times, and so on.
QUESTIONS_A_TURN = 20
NO_SESSION = "there is no session to resume here (any more): join"
#: A method's name is logged up to here.
SHOWN_NAME = 64


class Connection:
    """
    The :class:`app.rtc.events.Client` of a peer that is connected by a websocket.

    Requests of the client run concurrently, up to a bound, and some more wait for their turn: a page that is hidden
    asks for many things at once. Those that change the same object keep their order. When it is lost, the room decides
    how long the peer stays without; whatever else ends it, the peer leaves at once, and the socket may take a moment
    longer.
    """

    def __init__(self, limits: Limits, log: Logger) -> None:
        self._limits = limits
        self._log = log
        self._loop = asyncio.get_running_loop()
        self.socket = Socket(limits, log, on_text=self._received, on_fault=self._cut_off)
        self._room: Room | None = None
        self._peer: Peer | None = None
        self._requests = TaskSet()
        self._waiting = WaitingRequests()
        self._paces = {pace: TokenBucket(burst, rate) for pace, (burst, rate) in PACES.items()}
        #: One lock for each object that is being changed; it goes with the last who holds or awaits it.
        self._orders: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._questions: dict[int, tuple[asyncio.Future[None], asyncio.TimerHandle]] = {}
        self._last_question = 0
        #: What is told while answers that go first are on their way, and how many of these there are.
        self._held: list[bytes] = []
        self._holding = 0

    async def run(self, request: web.Request, room: Room, peer: Peer) -> web.WebSocketResponse:
        """Upgrade ``request`` and serve ``peer`` of ``room`` until one side ends it."""
        self._room, self._peer = room, peer
        try:
            return await self.socket.run(request)
        finally:
            self._ended(self.socket.end)

    def notify(self, event: Event) -> None:
        """Tell the client something."""
        self._tell(protocol.notification(event.METHOD, event))

    def ask(self, question: Question) -> Awaitable[None]:
        """Ask the client something now; the awaitable raises NotConfirmed unless it agrees in time."""
        confirmed: asyncio.Future[None] = self._loop.create_future()
        if self.socket.closing:
            confirmed.cancel()
            return confirmed
        self._last_question = id = self._last_question + 1
        # A client that has much to work through gets the time for it.
        seconds = self._limits.request_timeout_seconds * (1 + len(self._questions) / QUESTIONS_A_TURN)
        timer = self._loop.call_later(seconds, self._answered, id, f"no answer within {seconds:.0f} s")
        self._questions[id] = confirmed, timer
        self._tell(protocol.request(id, question.METHOD, question))
        return confirmed

    def end(self, farewell: Farewell) -> None:
        """Close the socket, after what was told before."""
        code = WSCloseCode.SERVICE_RESTART if farewell in COME_AGAIN else STAY_AWAY
        self._release()
        self.socket.close(code, farewell.value)
        self._stop()

    def give_up(self, reason: str) -> None:
        """Close the socket of a client that is not heard any more, or does not listen."""
        self._cut_off(WSCloseCode.POLICY_VIOLATION, reason)

    def _stop(self) -> None:
        self._waiting.clear()
        self._requests.cancel()
        for confirmed, timer in self._questions.values():
            confirmed.cancel()
            timer.cancel()
        self._questions.clear()

    def _ended(self, how: str) -> None:
        self._stop()
        if self._room is None or self._peer is None or not self._peer.session.belongs_to(self):
            # The peer has left, or has another connection by now.
            return
        if how == LOST:
            self._room.sessions.lose(self._peer, self, self.socket.last_heard)
        else:
            self._peer.close(how)

    def _tell(self, text: bytes) -> None:
        if not self._holding:
            self.socket.send(text)
        else:
            self._held.append(text)
            if len(self._held) >= self._limits.max_outgoing_queue:
                # The order matters less than that nothing is lost.
                self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        for text in held:
            self.socket.send(text)

    def _cut_off(self, code: int, reason: str) -> None:
        self._log.info("closed: {}", reason)
        self.socket.close(code, reason, instead=True)
        self._ended(LOST if code == WSCloseCode.POLICY_VIOLATION else AT_FAULT)

    def _received(self, text: str) -> None:
        try:
            message = protocol.decode(text)
        except ProtocolError as error:
            self._cut_off(WSCloseCode.PROTOCOL_ERROR, f"not a protoo message: {error}")
            return
        # ``match`` would take more than twice the time, for each message.
        if isinstance(message, Request):
            self._requested(message)
        elif isinstance(message, Response):
            self._answered(message.id, message.refusal)
        else:
            self._log.debug("a notification that nobody expects: {!r}", message.method[:SHOWN_NAME])

    def _answered(self, id: int, refusal: str | None) -> None:
        confirmed, timer = self._questions.pop(id, (None, None))
        if confirmed is None or timer is None:
            self._log.debug("an answer to nothing that is open: {}", id)
            return
        timer.cancel()
        if confirmed.cancelled():
            # Nobody waits any more.
            return
        if refusal is None:
            confirmed.set_result(None)
        else:
            confirmed.set_exception(NotConfirmed(refusal))

    def _requested(self, request: Request) -> None:
        method = METHODS.get(request.method)
        if method is None:
            self._refuse(request, UNKNOWN)
        elif not (method.waits or method.answers_first or (method.put_down == "before" and self._records is not None)):
            self._answer_now(method, request)
        elif len(self._requests) < self._limits.max_requests_in_flight:
            self._answer_later(method, request)
        elif not self._waiting.add(request):
            self._refuse(request, TOO_MANY)

    def _ended_one(self, _: object) -> None:
        """Take up what waits for the end of a request, in the order in which it came."""
        while len(self._requests) < self._limits.max_requests_in_flight and (request := self._waiting.take()):
            self._answer_later(METHODS[request.method], request)

    @property
    def _records(self) -> RoomRecords | None:
        """Where that is put down which is to outlive this process."""
        return None if self._room is None else self._room.records

    def _answer_now(self, method: Method[Any], request: Request) -> None:
        try:
            room, peer, data = self._checked(method, request)
            frame = protocol.answer(request.id, method.handle(room, peer, data))
        except Exception as error:
            self._failed(method, request, error)
        else:
            self.socket.send(frame)
            if method.put_down == "after" and room.records is not None:
                room.records.touch()

    def _answer_later(self, method: Method[Any], request: Request) -> None:
        """Do now what takes no time: what is refused needs no task, and what comes next finds it done."""
        self._holding += method.answers_first
        try:
            room, peer, data = self._checked(method, request)
            answer = None if method.waits else method.handle(room, peer, data)
        except Exception as error:
            self._failed(method, request, error)
            self._let_go(method)
        else:
            task = self._requests.start(self._finish(method, request, data, answer), name=f"request {request.method!r}")
            task.add_done_callback(self._ended_one)

    async def _finish(self, method: Method[Any], request: Request, data: Any, answer: object) -> None:
        """Do what takes time, and answer; ``answer`` is that of a method that does not wait."""
        try:
            if method.waits:
                answer = await self._call(method, data)
            await self._put_down(method)
            frame = protocol.answer(request.id, answer)
        except Exception as error:
            self._failed(method, request, error)
        else:
            self.socket.send(frame)
        finally:
            self._let_go(method)

    async def _call(self, method: Method[Any], data: Any) -> object:
        handle = cast(Callable[..., Awaitable[object]], method.handle)
        if method.ordered_by is None:
            return await handle(self._room, self._peer, data)
        async with self._orders.setdefault(getattr(data, method.ordered_by), asyncio.Lock()):
            return await handle(self._room, self._peer, data)

    def _let_go(self, method: Method[Any]) -> None:
        """Tell what had to wait for the answer of ``method``, unless there are more of these."""
        self._holding -= method.answers_first
        if not self._holding:
            self._release()

    def _checked(self, method: Method[Any], request: Request) -> tuple[Room, Peer, Any]:
        """Give what the method's handler takes, if the client may call it now."""
        data = schemas.read(method.schema, request.data)
        room, peer = self._room, self._peer
        assert room is not None and peer is not None
        if method.resumes != peer.session.returning:
            raise CannotResume(NO_SESSION) if method.resumes else WrongState("resume first")
        if method.needs_join and peer.joined_at is None:
            raise WrongState("join first")
        if method.needs is not None:
            check(peer.grants, method.needs)
        if method.pace is not None:
            self._paces[method.pace].take()
        if method.ordered_by is not None:
            # What is not there need not wait for its turn.
            OWN[method.ordered_by](peer).get(getattr(data, method.ordered_by))
        return room, peer, data

    def _failed(self, method: Method[Any], request: Request, error: Exception) -> None:
        refusal = refusal_of(error, method.schema)
        if refusal is None:
            self._log.opt(exception=error).error("{} failed", request.method)
        self._refuse(request, refusal or FAULT)

    async def _put_down(self, method: Method[Any]) -> None:
        """See that what the method has changed outlives this process, before the client counts on it."""
        if method.put_down == "before" and self._records is not None and self._peer is not None:
            await self._records.save(self._peer)

    def _refuse(self, request: Request, refusal: Refusal) -> None:
        self._log.debug("{!r} refused: {} {}", request.method[:SHOWN_NAME], refusal.name, refusal.reason)
        self.socket.send(protocol.refusal(request.id, refusal.code, refusal.name, refusal.reason))
