"""Consuming what others produce: the half of a peer's media that the server starts."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from app.errors import WrongState
from app.mediasoup.errors import MediasoupError, UnsupportedError
from app.mediasoup.signal import Signal
from app.mediasoup.transport import Transport

from .events import Client, Event, NotConfirmed, Question
from .far_producer import Far, is_here
from .registry import Registry, WorkerThing
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger


class Consuming(WorkerThing, Protocol):
    """A consumer of media or data."""

    on_transport_close: Signal[()]


P = TypeVar("P", bound=WorkerThing)
C = TypeVar("C", bound=Consuming)


class Subscriber(ABC, Generic[P, C]):
    """
    Consumes every producer that is offered, once, for one peer.

    A producer that can't be consumed yet (there is no transport, or the peer has as many consumers as it may)
    waits until it can, or is withdrawn; one of another part of the room also until it was brought here. Consumers are
    made one after the other, so that the client hears of them in the order of the offers and a big room does not flood
    the worker; nobody waits for a client's answer.

    While it is not ``allowed`` to, it consumes nothing and forgets what it is offered.
    """

    KIND: str

    def __init__(
        self,
        client: Client,
        tasks: TaskSet,
        limit: int,
        find_transport: Callable[[], Transport | None],
        log: Logger,
    ) -> None:
        self.consumers: Registry[C] = Registry(self.KIND, limit)
        self._client = client
        self._tasks = tasks
        self._find_transport = find_transport
        self._log = log
        #: By the producer's id: the peer that owns it, and the producer.
        self._waiting: dict[str, tuple[str, P]] = {}
        #: Those that are on their way here, by the same.
        self._expected: dict[str, tuple[str, P]] = {}
        #: By the producer's id, too.
        self._consumed: dict[str, C] = {}
        #: By the consumer's id: the peer that owns its producer, and the producer.
        self._sources: dict[str, tuple[str, P]] = {}
        #: By the id here of a producer whose owner is not known yet.
        self._held: dict[str, C] = {}
        self._working = False
        self._closed = False
        self.allowed = True
        #: How often it was forbidden: a consumer that was begun before is not wanted any more.
        self._bans = 0

    def offer(self, owner_id: str, producer: P) -> None:
        """Consume ``producer`` of the peer ``owner_id``, as soon as that is possible."""
        if self.allowed and not (self._closed or producer.closed):
            if (held := self._held_of(producer)) is not None:
                self._want(producer)
                self._take(held, owner_id, producer)
            else:
                self._waiting[producer.id] = (owner_id, producer)
                self.proceed()

    def withdraw(self, producer_id: str) -> None:
        """Forget a producer that is closed."""
        self._drop(producer_id)
        self.proceed()

    def proceed(self) -> None:
        """Consume what waits: to be called when something that it waited for is there."""
        if self._waiting and not self._working and self._transport() is not None:
            self._working = True
            self._tasks.start(self._work(), name=f"consuming {self.KIND}s")

    def forbid(self) -> None:
        """Consume no more until it is allowed; the client hears of each consumer that is closed."""
        self.allowed = False
        self._bans += 1
        self._drop_all()
        for consumer in self.consumers:
            self._give_up(consumer)
        self._close_held()

    def allow(self) -> None:
        """Consume what will be offered."""
        self.allowed = True

    def source_of(self, consumer_id: str) -> tuple[str, P]:
        """Give what is consumed, and the peer that it is of."""
        return self._sources[consumer_id]

    def keep(self, consumer_ids: Collection[str]) -> None:
        """
        Close all consumers but these, which the client has, and has thereby confirmed.

        What is closed is consumed again when it is offered again.
        """
        self._close_held()
        for consumer in self.consumers:
            if consumer.id in consumer_ids:
                agreed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                agreed.set_result(None)
                self._tasks.start(self._confirm(consumer, agreed), name=f"keeping {self.KIND} {consumer.id}")
            else:
                consumer.close()

    def close(self) -> None:
        """Consume no more. Consumers go with their transport."""
        self._closed = True
        self._drop_all()

    async def _work(self) -> None:
        try:
            while self._waiting and (transport := self._transport()) is not None:
                if self.consumers.left <= len(self._expected):
                    self._log.warning("no more {}s: the peer has {}", self.KIND, len(self.consumers))
                    return
                owner_id, producer = self._waiting.pop(next(iter(self._waiting)))
                if producer.id not in self._consumed and self._is_here(owner_id, producer):
                    await self._consume(transport, owner_id, producer)
        finally:
            self._working = False

    def _is_here(self, owner_id: str, producer: P) -> bool:
        """Whether it can be consumed at once; if not, it is brought here, and consumed then."""
        self._want(producer)
        here = is_here(producer)
        if not (here or producer.closed):
            self._expected[producer.id] = (owner_id, producer)
        return here

    def _want(self, producer: P) -> None:
        if isinstance(producer, Far):
            producer.want(self, lambda: self._arrived(producer.id))

    def _arrived(self, producer_id: str) -> None:
        if (expected := self._expected.pop(producer_id, None)) is not None:
            self.offer(*expected)
            if (first := self._waiting.pop(producer_id, None)) is not None:
                # Others who have yet to be brought must not take its place.
                self._waiting = {producer_id: first, **self._waiting}

    def _drop(self, producer_id: str) -> None:
        """Do not consume what was to be consumed as soon as possible."""
        for each in (self._waiting, self._expected):
            if (dropped := each.pop(producer_id, None)) is not None:
                self._leave(dropped[1])

    def _drop_all(self) -> None:
        for producer_id in (*self._waiting, *self._expected):
            self._drop(producer_id)

    def _leave(self, producer: P) -> None:
        """Do without a producer; from another part it comes only as long as somebody wants it."""
        if isinstance(producer, Far) and producer.id not in self._waiting:
            producer.leave(self)

    async def _consume(self, transport: Transport, owner_id: str, producer: P) -> None:
        bans = self._bans
        try:
            consumer = await self.consumers.make(lambda: self._make(transport, producer))
        except UnsupportedError as error:
            self._log.debug("producer {} is not for this peer: {}", producer.id, error)
            self._leave(producer)
        except (MediasoupError, WrongState) as error:
            if transport.closed or not is_here(producer):
                self.offer(owner_id, producer)
            elif not producer.closed:
                self._log.warning("producer {} could not be consumed: {}", producer.id, error)
            self._leave(producer)
        else:
            if bans == self._bans and self._wants(producer.id):
                self._introduce(consumer, owner_id, producer)
            else:
                consumer.close()
                self._leave(producer)

    def hold(self, consumer: C, producer_id: str) -> None:
        """
        Have a consumer from before this process began, of something that came from another part of the room.

        It is adopted when that is offered, and closed if the client comes back before. ``producer_id`` is the one here.
        """
        self._held[producer_id] = consumer
        consumer.on_close.add(lambda: self._held.pop(producer_id, None))

    def _held_of(self, producer: P) -> C | None:
        if isinstance(producer, Far) and producer.local is not None:
            return self._held.pop(producer.local.id, None)
        return None

    def _take(self, consumer: C, owner_id: str, producer: P) -> None:
        """Adopt one that was held."""
        self.adopt(consumer, owner_id, producer)

    def _close_held(self) -> None:
        for consumer in tuple(self._held.values()):
            consumer.close()

    def adopt(self, consumer: C, owner_id: str, producer: P) -> None:
        """Have a consumer from before this process began; :meth:`keep` says whether its client has it, too."""
        self.consumers.adopt(consumer)
        self._waiting.pop(producer.id, None)
        self._watch(consumer, owner_id, producer)

    def _introduce(self, consumer: C, owner_id: str, producer: P) -> None:
        # The question goes out before any event of the consumer can.
        confirmed = self._client.ask(self._question(consumer, owner_id, producer))
        self._watch(consumer, owner_id, producer)
        self._tasks.start(self._confirm(consumer, confirmed), name=f"introducing {self.KIND} {consumer.id}")

    def _watch(self, consumer: C, owner_id: str, producer: P) -> None:
        self._consumed[producer.id] = consumer
        self._sources[consumer.id] = (owner_id, producer)
        self._listen(consumer, owner_id, producer)
        # A consumer that its transport took with it is still wanted, on the next transport.
        consumer.on_transport_close.add(lambda: self.offer(owner_id, producer))
        consumer.on_close.add(lambda: self._ended(consumer, producer))

    async def _confirm(self, consumer: C, confirmed: Awaitable[None]) -> None:
        try:
            await confirmed
            await self._start(consumer)
        except (NotConfirmed, MediasoupError) as error:
            if not consumer.closed:
                self._log.info("{} {} is given up: {}", self.KIND, consumer.id, error)
                self._give_up(consumer)

    def _ended(self, consumer: C, producer: P) -> None:
        del self._consumed[producer.id], self._sources[consumer.id]
        self._leave(producer)
        self.proceed()

    def _give_up(self, consumer: C) -> None:
        consumer.close()
        self._client.notify(self._closed_event(consumer))

    def _transport(self) -> Transport | None:
        """Give the transport on which to consume, if it is possible now."""
        return None if self._closed else self._find_transport()

    def _wants(self, producer_id: str) -> bool:
        """Whether a producer that was offered is to be consumed still."""
        return True

    @abstractmethod
    async def _make(self, transport: Transport, producer: P) -> C:
        """Make the consumer in the worker. Raises UnsupportedError if the client can't take it."""

    @abstractmethod
    def _question(self, consumer: C, owner_id: str, producer: P) -> Question:
        """Word what the client is asked to confirm."""

    @abstractmethod
    def _listen(self, consumer: C, owner_id: str, producer: P) -> None:
        """Pass the consumer's events on to the client."""

    @abstractmethod
    async def _start(self, consumer: C) -> None:
        """Let it flow: the client is ready."""

    @abstractmethod
    def _closed_event(self, consumer: C) -> Event:
        """Word that the consumer is gone."""
