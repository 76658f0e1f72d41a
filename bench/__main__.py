"""
``python -m bench [name ...]``: run the benchmarks, print a table, and write the numbers to ``bench/results/``.

Ends with 1 if a target was missed.
"""

import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import codec
from bench.measure import Comparison

BENCHES = {"codec": codec.run}
RESULTS = Path(__file__).parent / "results"


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    if unknown := set(names) - BENCHES.keys():
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    print(f"{'CPU µs an operation: median (min to max)':44}{'ours':>26}{'other':>30}{'faster':>9}")
    met = True
    for name in names or BENCHES:
        comparisons = []
        for comparison in BENCHES[name]():
            print(_line(comparison))
            comparisons.append(comparison)
        _write(name, comparisons)
        met = met and all(comparison.met for comparison in comparisons)
    return 0 if met else 1


def _line(comparison: Comparison) -> str:
    ours, other = (
        f"{side.name} {side.median:.1f} ({min(side.rounds):.1f} to {max(side.rounds):.1f})"
        for side in (comparison.ours, comparison.other)
    )
    missed = "" if comparison.met else f", and should be {comparison.target:g}x"
    return f"{comparison.name:44}{ours:>26}{other:>30}{comparison.times_faster:8.1f}x{missed}"


def _write(name: str, comparisons: list[Comparison]) -> None:
    RESULTS.mkdir(exist_ok=True)
    result = {
        "bench": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "comparisons": [comparison.to_json() for comparison in comparisons],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
