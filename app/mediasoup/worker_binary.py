"""
Where a worker's binary and the schemas of the same release are.

It finds what ``worker-sidecar/src/obtain-worker.js`` left in the cache; it obtains nothing by itself.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import WorkerStartError

#: The release of mediasoup that this library speaks, as pinned in ``worker-sidecar/package.json``.
MEDIASOUP_RELEASE = "3.27.1"


@dataclass(frozen=True, slots=True)
class WorkerBinary:
    """A worker that can be started: the program, and the directory with its ``.fbs`` files."""

    path: Path
    schemas: Path
    release: str = MEDIASOUP_RELEASE

    def command(self, arguments: Sequence[str]) -> tuple[Path, list[str]]:
        """
        Give the program to start and its arguments.

        That is valgrind around the worker where ``MEDIASOUP_USE_VALGRIND`` is ``true``; ``MEDIASOUP_VALGRIND_BIN`` and
        ``MEDIASOUP_VALGRIND_OPTIONS`` say which and how.
        """
        if os.environ.get("MEDIASOUP_USE_VALGRIND") != "true":
            return self.path, [*arguments]
        valgrind = os.environ.get("MEDIASOUP_VALGRIND_BIN", "valgrind")
        options = os.environ.get("MEDIASOUP_VALGRIND_OPTIONS", "").split()
        return Path(shutil.which(valgrind) or valgrind), [*options, str(self.path), *arguments]


def find_worker_binary() -> WorkerBinary:
    """
    Find the newest worker of our release in the cache.

    ``MEDIASOUP_WORKER_BIN`` names another one, whose schemas lie in a directory ``fbs`` beside it. Raises
    WorkerStartError when there is none.
    """
    if named := os.environ.get("MEDIASOUP_WORKER_BIN"):
        path = Path(named)
        return WorkerBinary(path, path.parent / "fbs")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "connect"
    found = []
    for manifest in cache.glob("mediasoup-*/manifest.json"):
        facts = json.loads(manifest.read_text())
        if facts["release"] == MEDIASOUP_RELEASE:
            found.append((facts["obtainedAt"], manifest.parent))
    if not found:
        raise WorkerStartError(
            f"no worker {MEDIASOUP_RELEASE} in {cache}: run node worker-sidecar/src/obtain-worker.js"
        )
    _, directory = max(found)
    return WorkerBinary(directory / "mediasoup-worker", directory / "fbs")
