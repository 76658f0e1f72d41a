"""A sidecar's control socket that stays open: each connection costs the sidecar memory until V8 collects it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any, Final, Self

#: Seconds that any answer may take.
PATIENCE: Final = 5.0


class Control:
    """
    One connection to the sidecar of ``run_dir``, from ``with`` to the end of it.

    :raises OSError: in whoever asks, when the sidecar has ended or does not answer in time
    """

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "sidecar.sock"
        self._socket = socket.socket(socket.AF_UNIX)
        self._last_id = 0

    def __enter__(self) -> Self:
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(self._path))
        self._lines = self._socket.makefile("rb")
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def workers(self) -> dict[int, int]:
        """Give the workers' processes by their slots."""
        return {slot["slot"]: slot["pid"] for slot in self._ask("status")["slots"]}

    def records(self) -> int:
        """Count the records of all workers."""
        return sum(len(self._ask("state.list", slot=slot)["records"]) for slot in self.workers())

    def _ask(self, method: str, **data: Any) -> dict[str, Any]:
        self._last_id = id = self._last_id + 1
        self._socket.sendall(json.dumps({"id": id, "method": method, "data": data}).encode() + b"\n")
        for line in self._lines:
            # Between answers there are events.
            answer = json.loads(line)
            if answer.get("id") == id:
                given: dict[str, Any] = answer["data"]
                return given
        raise ConnectionError("the sidecar has closed its control socket")
