"""Fixtures of the listener's tests: an address that is free, and the listener as the process that it is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.listening.lease import Lease
from app.listening.sockets import Address
from tests.conftest import ROOT
from tests.ports import free_port
from tests.rtc.fakes import until


class ListenerProcess:
    """``python -m app.listening``; it may be stopped, or killed, and started again."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, **settings: str) -> asyncio.subprocess.Process:
        """Start it; it may take a moment until it listens."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_")} | {
            "CONNECT_HOST": self.address.host,
            "CONNECT_PORT": str(self.address.port),
            "CONNECT_RUN_DIR": str(self.address.listener.parent),
            "CONNECT_LOG_FORMAT": "json",
            **settings,
        }
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app.listening", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
        )
        return self._process

    async def listens(self) -> None:
        """Wait until somebody listens."""
        await until(lambda: accepts(self.address))

    async def says(self, text: str) -> None:
        """Wait until a line of its log has this text."""
        assert self._process is not None and self._process.stderr is not None
        async with asyncio.timeout(20):
            while text not in (line := await self._process.stderr.readline()).decode():
                assert line, f"it ended without saying {text!r}"

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """End it, if it runs; gives its exit code."""
        if self._process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        await self._process.communicate()
        process, self._process = self._process, None
        return process.returncode


@pytest.fixture
def address(tmp_path: Path) -> Address:
    return Address("127.0.0.1", free_port(), tmp_path / "run" / "listener.sock")


@pytest.fixture
async def idle_listener(address: Address) -> AsyncIterator[ListenerProcess]:
    """A listener that is not started yet."""
    process = ListenerProcess(address)
    yield process
    await process.stop(signal.SIGKILL)


@pytest.fixture
async def listener(idle_listener: ListenerProcess) -> ListenerProcess:
    """A listener that listens."""
    await idle_listener.start()
    await idle_listener.listens()
    return idle_listener


@pytest.fixture
async def lease(address: Address) -> AsyncIterator[Lease]:
    """What an app has that runs at the address; open or not."""
    lease = Lease(address)
    yield lease
    await lease.close()


def accepts(address: Address) -> bool:
    """Whether a connection is taken there, by an app or for one."""
    try:
        socket.create_connection((address.host, address.port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True
