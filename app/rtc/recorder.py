"""Bringing records to where they outlive us: soon, in order for each key, and only what has changed."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from itertools import islice
from typing import Final

from loguru import logger

from app.mediasoup.signal import Signal

from .interfaces import RecordRefused, RecordStore, RecordsUnavailable
from .tasks import TaskSet
from .waiting import Backoff, until

#: How many are written at once.
BATCH: Final = 64
#: How many may wait; with more, those that come are lost until they are put again. There are three orders of magnitude
#: fewer unless the store hangs.
MOST_WAITING: Final = 20_000
#: Seconds that somebody waits for what was put to be written, before going on without.
PATIENCE: Final = 1.0
#: Seconds between tries when the store is away.
FIRST_DELAY, LONGEST_DELAY = 0.1, 1.0

#: Where a record is, and with whom it dies: a slot, and the incarnation of its worker.
Place = tuple[int, str]


class Recorder:
    """
    Writes what it is told to :meth:`put`, the newest of each key; what is written already is not written again.

    Texts that the store refuses are lost until they change, and the log says so. While it is away they wait.
    """

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._tasks = TaskSet()
        #: By place and key; ``None``: to be deleted.
        self._waiting: dict[tuple[Place, str], str | None] = {}
        #: Of what is written, or is about to be.
        self._digests: dict[Place, dict[str, bytes]] = {}
        self._begun = self._finished = 0
        self._working = False
        self._changed: Signal[()] = Signal()
        self._said: str | None = None

    def put(self, place: Place, key: str, text: str) -> None:
        """Keep ``text`` under ``key``; returns at once."""
        digest = blake2b(text.encode(), digest_size=16).digest()
        digests = self._digests.setdefault(place, {})
        if digests.get(key) == digest:
            return
        if self._wait(place, key, text):
            digests[key] = digest
        else:
            digests.pop(key, None)

    def has(self, place: Place, key: str) -> bool:
        """Whether what was :meth:`put` last under ``key`` is written, or about to be: it may have been refused."""
        return key in self._digests.get(place, ())

    def delete(self, place: Place, key: str) -> None:
        """Keep nothing under ``key`` any more; returns at once."""
        digests = self._digests.get(place, {})
        digests.pop(key, None)
        if not digests:
            self._digests.pop(place, None)
        self._wait(place, key, None)

    def abandon(self, place: Place) -> None:
        """Forget what was there: the worker is gone."""
        self._digests.pop(place, None)
        self._waiting = {where: text for where, text in self._waiting.items() if where[0] != place}

    async def saved(self) -> None:
        """Wait until all is written that was put so far, or can't be now; a moment at most."""
        target = self._begun + bool(self._waiting)
        try:
            async with asyncio.timeout(PATIENCE):
                await until(lambda: self._finished >= target, self._changed)
        except TimeoutError:
            self._say(f"records are not written within {PATIENCE:g} s")

    def close(self) -> None:
        """Write no more."""
        self._tasks.cancel()

    def _wait(self, place: Place, key: str, text: str | None) -> bool:
        if (place, key) not in self._waiting and len(self._waiting) >= MOST_WAITING:
            self._say(f"more than {MOST_WAITING} records wait")
            return False
        self._waiting[place, key] = text
        if not self._working:
            self._working = True
            self._tasks.start(self._work(), name="writing records")
        return True

    async def _work(self) -> None:
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        try:
            while self._waiting:
                if await self._write_all():
                    backoff.reset()
                else:
                    await asyncio.sleep(backoff.next())
        finally:
            self._working = False

    async def _write_all(self) -> bool:
        """Write what waits now; says whether the store was there."""
        round, self._waiting = self._waiting, {}
        self._begun += 1
        there = True
        try:
            rest = iter(round.items())
            while batch := tuple(islice(rest, BATCH)):
                there &= all(await asyncio.gather(*(self._write(place, key, text) for (place, key), text in batch)))
        finally:
            self._finished += 1
            self._changed.emit()
        return there

    async def _write(self, place: Place, key: str, text: str | None) -> bool:
        slot, incarnation = place
        try:
            if text is None:
                await self._store.delete_state(slot, key)
            else:
                await self._store.put_state(slot, incarnation, key, text)
        except RecordRefused as error:
            self._digests.get(place, {}).pop(key, None)
            self._say(f"a record is refused: {error}")
        except RecordsUnavailable as error:
            self._say(f"records can't be written: {error}")
            # Unless there is something newer by now. Nothing is to be said of a worker that is gone.
            if place in self._digests or text is None:
                self._waiting.setdefault((place, key), text)
            return False
        else:
            self._said = None
        return True

    def _say(self, problem: str) -> None:
        # Once, not with every record.
        logger.log("DEBUG" if problem == self._said else "WARNING", "{}", problem)
        self._said = problem
