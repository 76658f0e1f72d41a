"""A whole Connect under supervisord, with the very ``supervisord.conf`` that operators use."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

from .deployment import PATIENCE, ROOT, Deployment

#: What the programs find beside ``supervisord.conf``.
BESIDE = (".venv", "alembic.ini", "app", "migrations", "worker-sidecar")


class Supervised(Deployment):
    """Runs from ``with`` to the end of it."""

    def __init__(self, directory: Path, *, workers: int = 1, **settings: str) -> None:
        super().__init__(directory, workers=workers, **settings)
        self._configuration = directory / "supervisord.conf"

    def __enter__(self) -> Self:
        shutil.copy(ROOT / "supervisord.conf", self._configuration)
        (self.directory / "var/run").mkdir(parents=True)
        for name in BESIDE:
            (self.directory / name).symlink_to(ROOT / name)
        self.make_database()
        as_root = ["-u", "root"] if os.getuid() == 0 else []
        self._start("supervisord", [self._program("supervisord"), "-n", "-c", str(self._configuration), *as_root])
        try:
            self.wait_ready()
        except BaseException:
            # It would start what ends for ever.
            self.stop("supervisord")
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("supervisord")

    def control(self, *words: str) -> str:
        """Tell supervisord something, with ``supervisorctl``; gives what that prints."""
        command = [self._program("supervisorctl"), "-c", str(self._configuration), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def pid(self, name: str) -> int:
        """Give the process of a program; 0 while there is none."""
        return int(self.control("pid", name))

    def said(self, text: str) -> int:
        """Count the lines of all logs with this text."""
        return self.log_path("supervisord").read_text().count(text)

    def said_of(self, room: str, message: str) -> int:
        """Count how often the app said just that of a room."""
        said = self.log_records("supervisord")
        return sum((each.get("room"), each.get("message")) == (room, message) for each in said)

    @staticmethod
    def _program(name: str) -> str:
        return str(ROOT / ".venv/bin" / name)
