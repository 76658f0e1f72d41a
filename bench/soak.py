"""
Whether anything grows: people join, publish, drop out and leave, and the app is killed or restarted every 20 seconds.

Told are memory and file descriptors of all processes in the first full minute and in the last. The app's memory, and
the records, are looked at just before each of its ends: at equal ages.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.control import Control
from bench.soak_load import Visitors
from tests.e2e.rtp_probe import Probe
from tests.e2e.supervised import Supervised
from tests.left_over import left_over

HEADING: Final = "A soak: memory (MiB) and file descriptors, medians of the first full minute and of the last."
#: Seconds between two looks, and between two ends of the app.
EVERY, KILL_EVERY = 1.0, 20.0
#: Seconds until all is warm (a minute in a soak of ten), and over which medians are taken.
WARM_UP, WINDOW = 60.0, 60.0
VISITORS: Final = 8
WORKERS: Final = 2
#: Rooms of two who stay all the time, with media.
RESIDENTS: Final = ("resident-0", "resident-1")
#: By how much of it something may grow; descriptors and records, which come and go with people, by a few in any case.
TOLERANCE: Final = 0.05
FEW: Final = {"descriptors": 3, "records": 40}
#: Seconds that a session is kept that nobody comes back to, and a room that is empty: two hours are squeezed here.
GRACE, EMPTY = 5, 2
#: Seconds in which all must be gone after the last one left.
GONE_IN = 30.0


@dataclass(frozen=True, slots=True)
class Growth:
    """How something was at first, and at last."""

    name: str
    first: float
    last: float
    slack: float

    @property
    def failed(self) -> bool:
        return self.last - self.first > max(self.slack, TOLERANCE * self.first)

    def lines(self) -> list[str]:
        share = (self.last / self.first - 1) * 100
        return [f"{self.name:26}{self.first:9.1f}{self.last:9.1f}{share:+8.1f} %{' GROWS' if self.failed else ''}"]

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "first": round(self.first, 2), "last": round(self.last, 2), "grows": self.failed}


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What was there at the end that nobody needed, and what happened to people meanwhile."""

    found: list[str]
    packets: int
    missing: int
    visits: Counter[str]
    ends: int

    @property
    def failed(self) -> bool:
        return bool(self.found or self.missing)

    def lines(self) -> list[str]:
        return [
            f"{self.ends} ends of the app; {self.missing} of {self.packets} packets of the residents are missing",
            *(f"  {number:6} visits: {outcome}" for outcome, number in self.visits.most_common()),
            *(f"LEFT OVER: {each}" for each in self.found),
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "ends": self.ends,
            "packets": self.packets,
            "missing": self.missing,
            "visits": self.visits,
            "leftOver": self.found,
        }


class Soak:
    """One soak of a whole Connect."""

    def __init__(self, connect: Supervised, control: Control, seconds: float) -> None:
        self._connect = connect
        self._control = control
        self._seconds = seconds
        self._warm_up = min(WARM_UP, seconds / 4)
        self._window = min(WINDOW, seconds / 4)
        self._started = 0.0
        #: What was seen, by what it is: when, in seconds since the start, and how much.
        self._seen: dict[str, list[tuple[float, float]]] = {}
        self.ends = 0

    async def run(self) -> Leftovers:
        """Let people come and go for the whole time; see what is left of it afterwards."""
        connect = self._connect
        url = f"http://127.0.0.1:{connect.port}/ws"
        self._started = time.monotonic()
        async with Probe(connect.port, RESIDENTS) as residents:
            async with Visitors(url, VISITORS) as visitors:
                while self._now < self._seconds:
                    await self._one_life()
            await residents.go_on(2)
            await residents.quiet()
            missing = sum(map(len, residents.missing().values()))
            packets = sum(stream.sent for stream in residents.streams)
        await self._until_empty()
        kept = await asyncio.to_thread(self._control.records)
        await asyncio.to_thread(connect.control, "stop", "app")
        found = await left_over(connect.run_dir, WORKERS)
        return Leftovers(
            [*found, *([f"{kept} records"] if kept else [])], packets, missing, visitors.outcomes, self.ends
        )

    def growths(self) -> Iterator[Growth]:
        """Compare the first full minute with the last."""
        end = max(at for looks in self._seen.values() for at, _ in looks) + EVERY
        spans = (self._warm_up, self._warm_up + self._window), (end - self._window, end)
        for name, looks in self._seen.items():
            first, last = (
                statistics.median(value for at, value in looks if start <= at < stop) for start, stop in spans
            )
            yield Growth(name, first, last, FEW.get(name.split()[-1], 0))

    @property
    def _now(self) -> float:
        return time.monotonic() - self._started

    async def _one_life(self) -> None:
        """Look at all processes until it is time for the app's end, in one of two ways."""
        connect, born = self._connect, time.monotonic()
        app, sidecar = [await asyncio.to_thread(connect.pid, name) for name in ("app", "worker-sidecar")]
        while time.monotonic() - born < KILL_EVERY:
            await asyncio.sleep(EVERY)
            workers = await asyncio.to_thread(self._control.workers)
            pids = {f"worker {slot}": pid for slot, pid in workers.items()}
            pids["sidecar"] = sidecar
            for name, pid in pids.items():
                self._note(f"{name}: memory", _rss(pid))
            for name, pid in {**pids, "app": app}.items():
                self._note(f"{name}: descriptors", len(os.listdir(f"/proc/{pid}/fd")))
        self._note("records", await asyncio.to_thread(self._control.records))
        self._note("app: memory", _rss(app))
        self.ends += 1
        if self.ends % 2:
            os.kill(app, signal.SIGKILL)
        else:
            await asyncio.to_thread(connect.control, "restart", "app")
        async with asyncio.timeout(60):
            while await asyncio.to_thread(connect.pid, "app") in (0, app):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.to_thread(connect.wait_ready)

    def _note(self, what: str, value: float) -> None:
        self._seen.setdefault(what, []).append((self._now, value))

    async def _until_empty(self) -> None:
        """Wait until the sidecar keeps no record any more; what is there later is left over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GONE_IN):
                while await asyncio.to_thread(self._control.records) > 0:  # noqa: ASYNC110
                    await asyncio.sleep(EVERY)


def _rss(pid: int) -> float:
    """Give the resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run(minutes: float) -> Iterator[Growth | Leftovers]:
    """Soak for so long, and tell what grew."""
    settings = {"CONNECT_LOG_LEVEL": "info", "CONNECT_SESSION_GRACE_SECONDS": str(GRACE)}
    settings["CONNECT_EMPTY_ROOM_SECONDS"] = str(EMPTY)
    with (
        tempfile.TemporaryDirectory() as folder,
        Supervised(Path(folder), workers=WORKERS, **settings) as connect,
        Control(connect.run_dir) as control,
    ):
        soak = Soak(connect, control, minutes * 60)
        leftovers = asyncio.run(soak.run())
        yield from soak.growths()
        yield leftovers
