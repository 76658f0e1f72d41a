"""
Databases for tests: SQLite files, and a real PostgreSQL server that the test run starts and stops itself.

``tests/conftest.py`` makes the fixtures known to all tests. ``database_url`` runs a test on both kinds.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from app.stores import migrating
from app.stores.database import Database
from tests.ports import free_port

#: Seconds for the server to start, or to stop.
LIMIT = 20.0

#: Its data are worthless, so it need not be careful with them.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "log_min_messages": "fatal",
}

#: By prctl(2).
PR_SET_PDEATHSIG = 1
# Loaded here, for between fork and exec little may be done.
LIBC = ctypes.CDLL(None)

T = TypeVar("T")


class PostgresServer:
    """
    A PostgreSQL server of our own, on a free port of loopback, with a private directory.

    It may be stopped and started again, killed, or frozen: then it takes connections, and says nothing.
    """

    def __init__(self) -> None:
        self.port = free_port()
        # Not pytest's own directories: another user, who may not enter those, runs the server.
        self._directory = Path(tempfile.mkdtemp(prefix="connect-postgresql-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._as_server: dict[str, Any] = {}
        if os.geteuid() == 0:
            # It refuses to run as root.
            user = _server_user()
            os.chown(self._directory, user.pw_uid, user.pw_gid)
            self._as_server = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def url(self, database: str) -> str:
        return f"postgresql://connect@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make its files."""
        initdb = (_binary("initdb"), "-D", self._data, "-U", "connect", "--auth=trust", "--no-sync")
        subprocess.run(
            (*initdb, "--encoding=UTF8", "--locale=C.UTF-8"),
            check=True,
            capture_output=True,
            timeout=LIMIT,
            cwd=self._directory,
            **self._as_server,
        )

    def start(self) -> None:
        """Start it, and wait until it takes connections. It ends with the thread that calls this."""
        assert self._process is None
        settings = {**OPTIONS, "port": str(self.port), "unix_socket_directories": str(self._directory)}
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                (_binary("postgres"), "-D", self._data, *(f"--{name}={value}" for name, value in settings.items())),
                stdout=log,
                stderr=log,
                cwd=self._directory,
                # Control-C in a terminal is for pytest, which then stops it.
                start_new_session=True,
                preexec_fn=end_with_parent,
                **self._as_server,
            )
        _wait(self._is_ready, "PostgreSQL did not start: see its log below", self._log)

    def stop(self) -> None:
        """Stop it, whatever is connected to it."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill it with all its processes, as when the power fails."""
        self.freeze()
        for pid in self._pids()[1:]:
            os.kill(pid, signal.SIGKILL)
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Have all its processes stand still."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have them go on."""
        self._signal_all(signal.SIGCONT)

    def remove(self) -> None:
        """Stop it, and delete its files."""
        if self._process is not None:
            self._end(signal.SIGQUIT)
        shutil.rmtree(self._directory)

    def execute(self, sql: str) -> None:
        """Run a statement in its own database."""
        in_thread(asyncio.run, self._execute(sql))

    async def _execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"), timeout=LIMIT, command_timeout=LIMIT)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        # For one that is frozen.
        self._process.send_signal(signal.SIGCONT)
        self._process.wait(LIMIT)
        self._process = None

    def _signal_all(self, number: signal.Signals) -> None:
        # The first process first: while it stands still, it starts no others.
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _pids(self) -> list[int]:
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            pytest.fail(f"PostgreSQL ended at once:\n{self._log()}")
        with contextlib.suppress(FileNotFoundError):
            # The eighth line is its state. The file may be of the server before, and it grows line by line.
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return lines[:1] == [str(self._process.pid)] and lines[7:] == ["ready   "]
        return False

    def _log(self) -> str:
        return (self._directory / "log").read_text()


def end_with_parent() -> None:
    """Have the kernel stop this process with its parent: pytest may be killed before it can."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call what runs an event loop of its own, from a thread that may have one already."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(function, *arguments).result()


@functools.cache
def _binary(name: str) -> str:
    """Find a program of PostgreSQL. Debian keeps them apart, for there may be several releases; take the newest."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        pytest.fail(f"{name} of PostgreSQL is not installed; make test installs it")
    return path


def _server_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _wait(condition: Callable[[], bool], problem: str, details: Callable[[], str]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{problem}\n{details()}")
        time.sleep(0.01)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for the whole run; a test that stops or freezes it must set it going again."""
    server = PostgresServer()
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgresql_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated, empty database to copy."""
    postgres_server.execute("CREATE DATABASE connect_template")
    in_thread(migrating.upgrade, postgres_server.url("connect_template"))
    return "connect_template"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    in_thread(migrating.upgrade, f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    return (f"connect_{number}" for number in count(1))


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database."""
    path = tmp_path / "connect.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(
    postgres_server: PostgresServer, postgresql_template: str, database_names: Iterator[str]
) -> Iterator[str]:
    """A migrated, empty PostgreSQL database."""
    name = next(database_names)
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database; the test runs on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, opened; with a time limit for machines that do much else."""
    database = Database(database_url, timeout=10)
    yield database
    await database.close()
