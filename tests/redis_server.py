"""A real Redis that tests start, freeze and end."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.databases import end_with_parent
from tests.ports import free_port

#: Seconds for the server to start, or to stop.
LIMIT = 20.0


class RedisServer:
    """``redis-server`` in a folder of its own, keeping nothing on disk; it may be stopped and started again."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self._folder = folder
        self._host = host
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://{host}:{self._port}/0"
        self.socket_url = f"unix://{folder / 'redis.sock'}?db=0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it takes connections. It ends with the thread that calls this."""
        options = {
            "port": self._port,
            "bind": self._host,
            # Without a password it would serve loopback only, whatever it is bound to.
            "protected-mode": "no",
            "unixsocket": self._folder / "redis.sock",
            "dir": self._folder,
            "logfile": self._folder / "redis.log",
            "save": "",
            "appendonly": "no",
            "enable-debug-command": "local",
        }
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            ["redis-server", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Control-C in a terminal is for pytest, which then stops it.
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        give_up_at = time.monotonic() + LIMIT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                pytest.fail(f"Redis did not start:\n{(self._folder / 'redis.log').read_text()}")
            time.sleep(0.005)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)
            # For one that is frozen.
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(LIMIT)
            self._process = None

    def kill(self) -> None:
        """End it as when the power fails."""
        self.stop(signal.SIGKILL)

    def freeze(self) -> None:
        """Make it take connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def ask(self, *command: str | int) -> Any:
        """Have it do a command."""
        async with Redis.from_url(self.url) as client:
            return await client.execute_command(*command)  # type: ignore[no-untyped-call]

    async def keys(self) -> set[str]:
        """Give the names of all that it has."""
        async with Redis.from_url(self.url) as client:
            return {key.decode() async for key in client.scan_iter()}

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self._host, self._port), 1) as probe:
            probe.sendall(b"PING\r\n")
            return probe.recv(100) == b"+PONG\r\n"
        return False


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of this test's own, which runs."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()
