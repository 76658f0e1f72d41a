"""
Measure two ways of doing the same thing, side by side in one run.

The two take turns (A B A B ...), so that a machine that gets slower or faster does so for both. What counts is the
processor time of this process.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROUNDS: Final = 9
#: Seconds that processes have to become quiet, how often they are looked at, and how much processor time is quiet.
CALM_SECONDS: Final = 60.0
LOOK_EVERY: Final = 0.25
QUIET: Final = 0.01
_ROUND_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its name and what each round took, in the unit of its benchmark."""

    name: str
    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one of the rounds."""
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        return f"{self.median:.1f} ({min(self.rounds):.1f} to {max(self.rounds):.1f})"

    def to_json(self) -> dict[str, Any]:
        """Return the numbers with those that are made of them."""
        return {
            "name": self.name,
            "median": round(self.median, 3),
            "min": round(min(self.rounds), 3),
            "max": round(max(self.rounds), 3),
            "rounds": [round(number, 3) for number in self.rounds],
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was done, by us and by the other, and how many times faster we have to be."""

    name: str
    ours: Side
    other: Side
    target: float

    @property
    def times_faster(self) -> float:
        """How many of our operations take as long as one of the other's; of the medians."""
        return self.other.median / self.ours.median

    @property
    def failed(self) -> bool:
        """Whether we are slower than we have to be."""
        return self.times_faster < self.target

    def lines(self) -> list[str]:
        """Give the line of the table."""
        sides = "".join(f"{f'{side.name} {side}':>30}" for side in (self.ours, self.other))
        missed = f", and should be {self.target:g}x" if self.failed else ""
        return [f"{self.name:44}{sides}{self.times_faster:8.1f}x{missed}"]

    def to_json(self) -> dict[str, Any]:
        """Return all of it, with the unit of the numbers."""
        return {
            "name": self.name,
            "unit": "CPU microseconds an operation",
            "ours": self.ours.to_json(),
            "other": self.other.to_json(),
            "timesFaster": round(self.times_faster, 2),
            "target": self.target,
            "met": not self.failed,
        }


def compare(
    name: str,
    ours: tuple[str, Callable[[], object]],
    other: tuple[str, Callable[[], object]],
    *,
    target: float,
    rounds: int = ROUNDS,
) -> Comparison:
    """Measure both sides, each given as its name and its operation, in turns."""
    sides = [(Side(title), operation, _operations_a_round(operation)) for title, operation in (ours, other)]
    for _ in range(rounds):
        for side, operation, operations in sides:
            side.rounds.append(_cpu_seconds(operation, operations) / operations * 1e6)
    return Comparison(name, sides[0][0], sides[1][0], target)


def _operations_a_round(operation: Callable[[], object]) -> int:
    """Find how many operations fill a round; warms up on the way."""
    operations = 1
    while (seconds := _cpu_seconds(operation, operations)) < _ROUND_SECONDS / 4:
        operations *= 2
    return max(1, round(operations * _ROUND_SECONDS / seconds))


def _cpu_seconds(operation: Callable[[], object], operations: int) -> float:
    start = time.process_time()
    for _ in range(operations):
        operation()
    return time.process_time() - start


def cpu_seconds(pid: int) -> float:
    """Tell how much processor time all threads of another process have taken, exactly and as long as they live."""
    schedules = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(schedule.read_text().split()[0]) for schedule in schedules) / 1e9


def await_calm(pids: Iterable[int]) -> None:
    """Wait until other processes have done what is left of what they were asked, so that it disturbs no round."""
    pids = tuple(pids)
    end, last = time.monotonic() + CALM_SECONDS, sum(map(cpu_seconds, pids))
    while time.monotonic() < end:
        time.sleep(LOOK_EVERY)
        now = sum(map(cpu_seconds, pids))
        if now - last < QUIET:
            return
        last = now
    raise RuntimeError(f"the processes {pids} do not become quiet")
