"""
A process that hashes passwords, and gives way to everything else.

A thread of low priority would not do: Linux shares out the processor among sessions first ("autogroups", sched(7)), so
that two busy threads of the app, however low, hold up the media workers, whose session is another. This process has a
session of its own, of low priority as a whole.

Run as a program it is that process: it reads tasks from its standard input and writes their results to its standard
output, pickled, until the input ends.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

#: OWASP's minimum: 19 MiB, two passes, one lane. About 25 ms of one core.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
#: How far the process, and its session, step back, in steps of ``nice``.
NICENESS = 10
#: Where the priority of a process's session is; Linux's alone, and not of every kernel.
AUTOGROUP = Path("/proc/self/autogroup")

ARGON2 = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


class Hasher:
    """One such process, for one thread at a time. It starts with the first task, and again if it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def hash(self, password: bytes) -> str:
        """Hash a password."""
        hash: str = self._do("hash", password)
        return hash

    def verify(self, hash: str, password: bytes) -> bool:
        """
        Whether this is the password.

        :raises argon2.exceptions.Argon2Error: the hash is broken, or there is no memory
        """
        verified: bool = self._do("verify", hash, password)
        return verified

    def give_up(self) -> None:
        """Kill the process, from any thread: a task that it does not get done ends, too."""
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """End the process, which does nothing now; takes a moment, and never more than a second or so."""
        if self._process is None:
            return
        try:
            self._process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def _do(self, *task: Any) -> Any:
        try:
            result = self._ask(task)
        except (OSError, EOFError, pickle.UnpicklingError):
            # It was killed, most likely for want of memory; a new one may be luckier.
            self.close()
            result = self._ask(task)
        if isinstance(result, Exception):
            raise result
        return result

    def _ask(self, task: tuple[Any, ...]) -> Any:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        _write(self._process.stdin, task)
        return pickle.load(self._process.stdout)


def main() -> None:
    """Do tasks until standard input ends: whoever gave them has gone."""
    _step_back()
    with suppress(EOFError):
        while True:
            name, *arguments = pickle.load(sys.stdin.buffer)
            _write(sys.stdout.buffer, _result(TASKS[name], arguments))


def _result(function: Callable[..., Any], arguments: list[Any]) -> Any:
    try:
        return function(*arguments)
    except Exception as error:
        # For the caller to raise.
        return error


def _verify(hash: str, password: bytes) -> bool:
    # Any other error is no wrong password but a broken hash, or no memory; nobody must be told that they mistyped.
    try:
        return ARGON2.verify(hash, password)
    except VerifyMismatchError:
        return False


TASKS: dict[str, Callable[..., Any]] = {"hash": ARGON2.hash, "verify": _verify}


def _step_back() -> None:
    os.nice(NICENESS)
    while AUTOGROUP.exists():
        try:
            AUTOGROUP.write_text(str(NICENESS))
        except BlockingIOError:
            # The kernel takes one such wish in a tenth of a second, from all who may not raise priorities.
            time.sleep(0.1)
        else:
            return


def _write(stream: BinaryIO | Any, message: Any) -> None:
    stream.write(pickle.dumps(message))
    stream.flush()


if __name__ == "__main__":
    main()
