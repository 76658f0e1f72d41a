"""A real Redis that tests start, freeze and end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from pathlib import Path

from tests.rtc.fakes import free_port, until


class RedisServer:
    """``redis-server`` in a folder of its own, keeping nothing on disk; it may be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.socket_url = f"unix://{folder / 'redis.sock'}?db=0"

    async def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = {
            "port": self._port,
            "bind": "127.0.0.1",
            "unixsocket": self._folder / "redis.sock",
            "dir": self._folder,
            "save": "",
            "appendonly": "no",
        }
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        self._process = await asyncio.create_subprocess_exec(
            "redis-server", *arguments, stdout=asyncio.subprocess.DEVNULL
        )
        await until(self._answers)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self.thaw()
            self._process.send_signal(number)
            async with asyncio.timeout(10):
                await self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Make it take connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self._port)) as probe:
            probe.settimeout(1)
            probe.sendall(b"PING\r\n")
            return probe.recv(100) == b"+PONG\r\n"
        return False
