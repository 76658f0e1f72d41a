"""Passwords, hashed with argon2id, where they slow nobody else: off the event loop, in threads that step back."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.errors import Unavailable

T = TypeVar("T")

#: OWASP's minimum: 19 MiB, two passes, one lane. About 25 ms of one core.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
#: A hash with these parameters that is of no password.
NOBODYS_HASH = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${'A' * 22}${'A' * 43}"
#: How far the threads step back behind signaling and media, in steps of ``nice``.
NICENESS = 10
#: Seconds that somebody waits for a free thread at most.
MAX_WAIT = 5.0


class Passwords:
    """
    Hashes and verifies passwords, ``threads`` at a time.

    Up to ``max_waiting`` more wait for their turn; who comes then is told to try again later, and so is who waits too
    long. A caller who is cancelled gives its place to the next.
    """

    def __init__(self, threads: int = 2, max_waiting: int = 100) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._pool = ThreadPoolExecutor(threads, "passwords", initializer=_step_back)
        self._free = asyncio.Semaphore(threads)
        self._max_waiting = max_waiting
        self._waiting = 0
        self._closed = False

    async def hash(self, password: str) -> str:
        """
        Give what to keep of a password.

        :raises Unavailable: too many wait already
        """
        return await self._in_thread(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, hash: str, password: str) -> bool:
        """
        Whether this is the password, whatever parameters the hash was made with.

        :raises Unavailable: too many wait already
        """
        return await self._in_thread(lambda: self._verify(hash, password))

    async def verify_nobody(self, password: str) -> None:
        """
        Take the time of :meth:`verify`, so that a login does not tell whether there is such an account.

        :raises Unavailable: too many wait already
        """
        await self.verify(NOBODYS_HASH, password)

    def needs_rehash(self, hash: str) -> bool:
        """Whether the hash was made with other parameters than new ones are."""
        return self._hasher.check_needs_rehash(hash)

    def close(self) -> None:
        """
        End the threads; who still waits is told :exc:`Unavailable`.

        It blocks until the hashes that are being made are done, some 25 ms, since a thread that outlives the event loop
        has nobody to give its answer to.
        """
        self._closed = True
        self._pool.shutdown()

    def _verify(self, hash: str, password: str) -> bool:
        # Any other error is no wrong password but a broken hash, or no memory; nobody must be told that they mistyped.
        try:
            return self._hasher.verify(hash, _normal(password))
        except VerifyMismatchError:
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        await self._take_turn()
        if self._closed:
            self._free.release()
            raise Unavailable("the server is going down")
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # A thread can't be cancelled: it is free when it is done, not when its caller has gone.
        running.add_done_callback(lambda _: self._free.release())
        return await asyncio.shield(running)

    async def _take_turn(self) -> None:
        if self._free.locked() and self._waiting >= self._max_waiting:
            raise Unavailable("too many people sign in at this moment; try again")
        self._waiting += 1
        try:
            async with asyncio.timeout(MAX_WAIT):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("too many people sign in at this moment; try again") from None
        finally:
            self._waiting -= 1


def _normal(password: str) -> bytes:
    """
    Give the bytes of a password in Unicode's form NFKC, as NIST SP 800-63B advises.

    The same key press gives other code points on other systems. JSON may hold lone surrogates; they are hashed as well.
    """
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")


def _step_back() -> None:
    """Lower the priority of this thread; only Linux keeps one for each."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
