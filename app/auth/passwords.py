"""Passwords, hashed with argon2id, where they slow nobody else: in processes that step back."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.errors import Unavailable

from .hasher import ARGON2, LANES, MEMORY_KIB, PASSES, Hasher

T = TypeVar("T")

#: A hash with these parameters that is of no password.
NOBODYS_HASH = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${'A' * 22}${'A' * 43}"
#: Seconds that somebody waits for a free process at most, and that a process may take for one password.
MAX_WAIT, MAX_WORK = 5.0, 10.0


class Passwords:
    """
    Hashes and verifies passwords, ``processes`` at a time, each of which starts when it is needed first.

    Up to ``max_waiting`` more wait for their turn; who comes then is told to try again later, and so is who waits too
    long. A caller who is cancelled gives its place to the next.
    """

    def __init__(self, processes: int = 2, max_waiting: int = 100) -> None:
        # Threads only wait for processes. The hasher that was used last comes first: a seldom login needs but one.
        self._hashers = [Hasher() for _ in range(processes)]
        self._idle = list(self._hashers)
        self._pool = ThreadPoolExecutor(processes, "passwords")
        self._free = asyncio.Semaphore(processes)
        self._max_waiting = max_waiting
        self._waiting = 0
        self._closed = False

    async def hash(self, password: str) -> str:
        """
        Give what to keep of a password.

        :raises Unavailable: too many wait already
        """
        return await self._in_process(lambda hasher: hasher.hash(_normal(password)))

    async def verify(self, hash: str, password: str) -> bool:
        """
        Whether this is the password, whatever parameters the hash was made with.

        :raises Unavailable: too many wait already
        """
        return await self._in_process(lambda hasher: hasher.verify(hash, _normal(password)))

    async def verify_nobody(self, password: str) -> None:
        """
        Take the time of :meth:`verify`, so that a login does not tell whether there is such an account.

        :raises Unavailable: too many wait already
        """
        await self.verify(NOBODYS_HASH, password)

    def needs_rehash(self, hash: str) -> bool:
        """Whether the hash was made with other parameters than new ones are."""
        return ARGON2.check_needs_rehash(hash)

    def close(self) -> None:
        """
        End the processes; who still waits is told :exc:`Unavailable`.

        It blocks until the hashes that are being made are done, some 25 ms, since a thread that outlives the event loop
        has nobody to give its answer to.
        """
        self._closed = True
        self._pool.shutdown()
        for hasher in self._hashers:
            hasher.close()

    async def _in_process(self, work: Callable[[Hasher], T]) -> T:
        await self._take_turn()
        if self._closed:
            self._free.release()
            raise Unavailable("the server is going down")
        hasher = self._idle.pop()
        running = asyncio.get_running_loop().run_in_executor(self._pool, work, hasher)
        # It can't be cancelled: the process is free when it is done, not when its caller has gone.
        running.add_done_callback(lambda _: self._give_back(hasher))
        try:
            async with asyncio.timeout(MAX_WORK):
                return await asyncio.shield(running)
        except TimeoutError:
            hasher.give_up()
            raise Unavailable("the server is too busy to check passwords; try again") from None

    def _give_back(self, hasher: Hasher) -> None:
        self._idle.append(hasher)
        self._free.release()

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
