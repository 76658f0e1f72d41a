"""Fixtures that many tests share: a real sidecar with real workers, and a whole app on top of it."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
from loguru import logger

from app.config import Settings
from app.server import Server
from tests.ports import free_port, free_ports

ROOT = Path(__file__).parents[1]

# How long an example takes is not what is tried with it, and depends on what else runs.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

#: Fixtures of databases, and of Redis.
pytest_plugins = ("tests.databases", "tests.redis_server")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class SidecarProcess:
    """``worker-sidecar`` as a process; it may be stopped and started again."""

    def __init__(self, run_dir: Path, workers: int) -> None:
        self.run_dir = run_dir
        self.workers = workers
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_")}
        environment |= {"CONNECT_RUN_DIR": str(self.run_dir), "CONNECT_WORKERS": str(self.workers)}
        self._process = await asyncio.create_subprocess_exec(
            "node", ROOT / "worker-sidecar/src/main.js", env=environment, stdout=asyncio.subprocess.DEVNULL
        )

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)
            await self._process.wait()
            self._process = None


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
async def idle_sidecar(run_dir: Path) -> AsyncIterator[SidecarProcess]:
    """A sidecar for two workers that is not started yet."""
    process = SidecarProcess(run_dir, workers=2)
    yield process
    await process.stop()


@pytest.fixture
async def sidecar_process(idle_sidecar: SidecarProcess) -> SidecarProcess:
    """A sidecar that runs, or is about to."""
    await idle_sidecar.start()
    return idle_sidecar


@pytest.fixture
def server_settings(run_dir: Path, tmp_path: Path, sqlite_url: str) -> Settings:
    """Settings of :func:`server`: with open rooms and a migrated database, without a built page."""
    return dataclasses.replace(
        Settings(),
        run_dir=run_dir,
        web_dir=tmp_path / "dist",
        port=free_port(),
        rtc_port=free_ports(2),
        open_rooms=True,
        database_url=sqlite_url,
        secret_keys_file=tmp_path / "secret-keys",
    )


@pytest.fixture
async def server(server_settings: Settings) -> AsyncIterator[Server]:
    """An app that listens; whether it can serve calls depends on the test's sidecar."""
    server = Server(server_settings)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def server_url(server: Server, server_settings: Settings) -> str:
    return f"http://{server_settings.host}:{server_settings.port}"


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Leave logging to the other tests as it was, whatever this one sets up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logger.remove()
    logger.add(sys.stderr)
