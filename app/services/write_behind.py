"""Writing to the database what may be late but must never be in the way: in order, in batches, with patience."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Protocol

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConnectError, NotFound, Unavailable
from app.rtc.waiting import Backoff
from app.stores.database import Database

#: How many writes may wait, and how many go into one transaction.
LIMIT, BATCH = 10_000, 200
#: Seconds between tries while the database is away.
FIRST_DELAY, LONGEST_DELAY = 0.1, 2.0
#: Seconds between two lines of the log about writes that were lost.
LOG_INTERVAL = 60.0


class Write(Protocol):
    """
    Something to be written. It may be tried several times, each time in a new transaction.

    Since a commit may succeed without anybody hearing of it, writing it twice has to be the same as once.
    """

    async def apply(self, tx: AsyncSession) -> None: ...


class WriteBehind:
    """
    A bounded queue of writes, which one task brings into the database from :meth:`start` to :meth:`close`.

    While the database is away writes wait; when more than ``limit`` do, the oldest are lost. A write that the
    database refuses is lost, too, but none of the others with it. The log tells how many. What belongs to a row that
    was deleted meanwhile is left out, and counts as no loss.
    """

    def __init__(self, database: Database, *, limit: int = LIMIT) -> None:
        self._database = database
        self._limit = limit
        self._waiting: deque[Write] = deque()
        #: Taken from ``_waiting``, but not known to be written yet.
        self._batch: Sequence[Write] = ()
        #: How many of them to try at once: fewer after each failure, for it may be that all of them take too long.
        self._size = BATCH
        self._changed = asyncio.Event()
        self._done = asyncio.Event()
        self._done.set()
        self._task: asyncio.Task[None] | None = None
        self._overflown = Losses("{} writes are lost: too many for the time that the database was away")
        self._refused = Losses("{} writes are lost: the database refused them")

    def __len__(self) -> int:
        """How many writes wait."""
        return len(self._waiting) + len(self._batch)

    @property
    def lost(self) -> int:
        """How many writes were lost so far."""
        return self._overflown.total + self._refused.total

    def start(self) -> None:
        """Begin to write; returns at once."""
        self._task = asyncio.create_task(self._run(), name="writing behind")

    def put(self, write: Write) -> None:
        """Have something written, after what was put before; returns at once."""
        if len(self._waiting) >= self._limit:
            self._waiting.popleft()
            self._overflown.add(1)
        self._waiting.append(write)
        self._done.clear()
        self._changed.set()

    async def flush(self) -> None:
        """Wait until all is written, however long the database is away."""
        await self._done.wait()

    async def close(self, seconds: float = 1.0) -> None:
        """Write what waits, for so many seconds; then give up."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(seconds):
                await self.flush()
        except TimeoutError:
            logger.warning("{} writes are lost: they could not be made before the end", len(self))
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._overflown.tell()
        self._refused.tell()

    async def _run(self) -> None:
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        while True:
            await self._changed.wait()
            try:
                await self._write_some()
                backoff.reset()
            except Unavailable:
                await asyncio.sleep(backoff.next())

    async def _write_some(self) -> None:
        """Write a batch. Raises Unavailable; the same batch comes first the next time."""
        if not self._batch:
            self._batch = tuple(islice(self._waiting, BATCH))
            for _ in self._batch:
                self._waiting.popleft()
        writes = self._batch[: self._size]
        try:
            await self._write(writes)
        except Unavailable:
            self._size = max(1, self._size // 2)
            raise
        except Exception as error:
            _explain(f"{len(writes)} writes", error)
            await self._write_one_by_one()
        else:
            self._batch = self._batch[len(writes) :]
            self._size = min(BATCH, self._size * 2)
        if not len(self):
            self._changed.clear()
            self._done.set()

    async def _write_one_by_one(self) -> None:
        """Write a batch that holds something which the database refuses."""
        while self._batch:
            try:
                await self._write(self._batch[:1])
            except Unavailable:
                raise
            except NotFound as error:
                # What it belongs to was deleted meanwhile, and would have taken it along.
                _explain(repr(self._batch[0]), error)
            except Exception as error:
                _explain(repr(self._batch[0]), error)
                self._refused.add(1)
            self._batch = self._batch[1:]

    async def _write(self, writes: Sequence[Write]) -> None:
        async with self._database.transaction() as tx:
            for write in writes:
                await write.apply(tx)


def _explain(what: str, error: Exception) -> None:
    # What is no answer of the database is a fault of ours.
    if isinstance(error, ConnectError):
        logger.debug("{} was refused: {}", what, error)
    else:
        logger.opt(exception=error).error("{} can't be written", what)


class Losses:
    """Counts what is lost, and says so in the log: at once, and then once a minute at most."""

    def __init__(self, message: str, *, time: Callable[[], float] | None = None) -> None:
        self.total = 0
        self._message = message
        self._time = time
        self._unsaid = 0
        self._next = float("-inf")

    def add(self, count: int) -> None:
        """Count some more."""
        self.total += count
        self._unsaid += count
        now = (self._time or asyncio.get_running_loop().time)()
        if now >= self._next:
            self.tell()
            self._next = now + LOG_INTERVAL

    def tell(self) -> None:
        """Log what was not logged yet."""
        if self._unsaid:
            logger.warning(self._message, self._unsaid)
            self._unsaid = 0
