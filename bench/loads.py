"""Processes of a benchmark that are told what to do, and answer, by one JSON object a line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]


@contextmanager
def joining_clients() -> Iterator[subprocess.Popen[str]]:
    """Give a process of light clients (:mod:`bench.join_load`)."""
    with running(sys.executable, "-m", "bench.join_load") as process:
        yield process


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that ends with its standard input."""
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        yield process
        process.stdin.close()


def tell(process: subprocess.Popen[str], line: dict[str, Any]) -> None:
    """Write a line to a process."""
    assert process.stdin is not None
    print(json.dumps(line), file=process.stdin, flush=True)


def answer_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """
    Read a line that a process wrote.

    :raises RuntimeError: it has ended
    """
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a process of the benchmark ended; what it printed says why")
    answer: dict[str, Any] = json.loads(line)
    return answer
