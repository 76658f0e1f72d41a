"""A sidecar with one worker, for as long as a benchmark runs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

START_SECONDS: Final = 60.0
_MAIN: Final = Path(__file__).parents[1] / "worker-sidecar/src/main.js"


@dataclass(frozen=True, slots=True)
class RunningSidecar:
    """Its process, and where its worker is reached."""

    pid: int
    worker_socket: Path
    worker_pid: int


@contextmanager
def running_sidecar(run_dir: Path) -> Iterator[RunningSidecar]:
    """Start it, and stop it at the end."""
    run_dir.mkdir()
    settings = {"CONNECT_RUN_DIR": str(run_dir), "CONNECT_WORKERS": "1", "CONNECT_LOG_LEVEL": "error"}
    process = subprocess.Popen(["node", str(_MAIN)], env={**os.environ, **settings})
    try:
        worker = _running_worker(process, run_dir / "sidecar.sock")
        yield RunningSidecar(process.pid, run_dir / "worker-0.sock", worker["pid"])
    finally:
        process.terminate()
        process.wait(timeout=30)


def _running_worker(process: subprocess.Popen[bytes], path: Path) -> dict[str, Any]:
    """Wait until the worker runs; gives its status."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if path.exists() and (slot := _status(path))["state"] == "running":
            return slot
        time.sleep(0.05)
    raise RuntimeError("the sidecar did not start; what it printed says why")


def _status(path: Path) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock, sock.makefile("rw") as stream:
        sock.connect(str(path))
        for number, method in enumerate(("hello", "status")):
            print(json.dumps({"id": number, "method": method, "data": {}}), file=stream, flush=True)
            answer = json.loads(stream.readline())
    slot: dict[str, Any] = answer["data"]["slots"][0]
    return slot
