"""
``python -m bench [name ...]``: run the benchmarks, print a table, and write the numbers to ``bench/results/``.

``soak`` is run only if it is named, and takes ``--minutes``.

Ends with 1 if a target was missed that has to be met: those of ``codec``, ``logins``, ``bus`` and ``soak``. Those of
``node`` are told.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from bench import against_node, bus, codec, joins, logins, nodes, signaling, soak


class Row(Protocol):
    """One thing that was measured."""

    @property
    def failed(self) -> bool:
        """Whether a target was missed that has to be met."""

    def lines(self) -> list[str]:
        """Give the lines of the table."""

    def to_json(self) -> dict[str, Any]: ...


BENCHES: dict[str, tuple[str, Callable[[], Iterator[Row]]]] = {
    "codec": (codec.HEADING, codec.run),
    "node": (against_node.HEADING, against_node.run),
    "signaling": (signaling.HEADING, signaling.run),
    "joins": (joins.HEADING, joins.run),
    "logins": (logins.HEADING, logins.run),
    "bus": (bus.HEADING, bus.run),
    "nodes": (nodes.HEADING, nodes.run),
}
RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all but the soak."""
    parser = argparse.ArgumentParser("python -m bench")
    parser.add_argument("names", nargs="*", metavar="name")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long to soak (%(default)g)")
    options = parser.parse_args(arguments)
    benches = BENCHES | {"soak": (soak.HEADING, lambda: soak.run(options.minutes))}
    if unknown := set(options.names) - benches.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(benches)}")
    failed = False
    for name in options.names or BENCHES:
        heading, run = benches[name]
        print(f"\n{heading}\n", flush=True)
        rows = []
        for row in run():
            print(*row.lines(), sep="\n", flush=True)
            rows.append(row)
        _write(name, rows)
        failed = failed or any(row.failed for row in rows)
    return 1 if failed else 0


def _write(name: str, rows: Iterable[Row]) -> None:
    RESULTS.mkdir(exist_ok=True)
    result = {
        "bench": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {_processor()}, {os.cpu_count()} CPUs",
        "load": [round(load, 2) for load in os.getloadavg()],
        "comparisons": [row.to_json() for row in rows],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")


def _processor() -> str:
    """Give the processor's name as Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
