"""A whole Connect as an operator runs it: sidecar and app as two processes, on free ports of this machine."""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from tests.ports import free_port, free_ports

ROOT = Path(__file__).parents[2]
#: Seconds that the whole has to come up, or to go down.
PATIENCE = 30.0
PASSWORD = "correct horse battery staple"


class Deployment:
    """Runs from ``with`` to the end of it; ``url`` is where the page is."""

    def __init__(self, directory: Path, *, workers: int = 2, **settings: str) -> None:
        self.directory = directory
        self.run_dir = directory / "run"
        self._database = directory / "connect.db"
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        #: Where it listens, without a name to look up.
        self.address = f"http://{settings.get('CONNECT_HOST', '127.0.0.1')}:{self.port}"
        self._environment: dict[str, str] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CONNECT_")},
            "CONNECT_HOST": "127.0.0.1",
            "CONNECT_PORT": str(self.port),
            "CONNECT_RUN_DIR": str(self.run_dir),
            "CONNECT_WORKERS": str(workers),
            "CONNECT_RTC_IP": "127.0.0.1",
            "CONNECT_RTC_PORT": str(free_ports(workers)),
            "CONNECT_WEB_DIR": str(ROOT / "web/dist"),
            "CONNECT_DATABASE_URL": f"sqlite:///{self._database}",
            "CONNECT_SECRET_KEYS_FILE": str(directory / "secret-keys"),
            "CONNECT_OPEN_ROOMS": "true",
            # Everybody in a test comes from one address.
            "CONNECT_LOGIN_RATE": "1000/minute",
            "CONNECT_REGISTER_RATE": "1000/minute",
            "CONNECT_REFRESH_RATE": "1000/minute",
            "CONNECT_JOIN_RATE": "1000/minute",
            "CONNECT_LOG_FORMAT": "json",
            "CONNECT_LOG_LEVEL": "debug",
            **settings,
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.make_database()
        self.start_sidecar()
        self.start_app()
        self.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("app", "sidecar"):
            if name in self._processes:
                self.stop(name)

    def make_database(self) -> None:
        """Give it a migrated, empty database, if it has one of its own."""
        if self._environment["CONNECT_DATABASE_URL"] == f"sqlite:///{self._database}":
            self._database.write_bytes(_migrated_file())
        else:
            self.manage("migrate")

    def start_sidecar(self) -> None:
        self._start("sidecar", ["node", str(ROOT / "worker-sidecar/src/main.js")])

    def start_app(self) -> None:
        self._start("app", [sys.executable, "-m", "app"])

    def manage(self, *arguments: str, password: str | None = None) -> str:
        """Run one of the operator's commands, to which ``password`` is typed; gives what it printed."""
        done = self.command(*arguments, *(() if password is None else ("--password-stdin",)), typed=password)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def command(self, *arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run one of the operator's commands, whatever comes of it."""
        return subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=ROOT,
            env=self._environment,
            input=typed or "",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def _start(self, name: str, command: list[str]) -> None:
        with self.log_path(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        """End one program; give its exit code."""
        process = self._processes.pop(name)
        process.send_signal(number)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def log_path(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def log_records(self, name: str = "app") -> list[dict[str, Any]]:
        """Give what a program logged; a line that is no JSON comes as its ``text``."""
        records = []
        for line in self.log_path(name).read_text().splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                records.append({"text": line})
        return records

    def wait_ready(self) -> None:
        """Wait until every worker answers."""
        deadline = time.monotonic() + PATIENCE
        while (ready := self.get("/health/ready"))[0] != 200:
            assert time.monotonic() < deadline, f"not ready: {ready}; logs are in {self.directory}"
            for name, process in self._processes.items():
                assert process.poll() is None, f"{name} ended: {self.log_path(name).read_text()[-2000:]}"
            time.sleep(0.05)

    def get(self, path: str, token: str | None = None) -> tuple[int, Any]:
        """Give status and body (of JSON) of an answer; status 0 when nobody listens."""
        return self._request("GET", path, None, token)

    def api(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """Do something that has to succeed; give what was answered. As clients should, try again after a 503."""
        deadline = time.monotonic() + PATIENCE
        while (response := self._request(method, f"/api{path}", body, token))[0] == 503:
            assert time.monotonic() < deadline, f"{method} {path}: {response}"
            time.sleep(0.2)
        status, answer = response
        assert 200 <= status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def sign_up(self, name: str) -> tuple[str, str]:
        """Make an account; give its e-mail address and an access token. The password is :data:`PASSWORD`."""
        email = f"{name.lower()}@example.org"
        self.api("POST", "/auth/register", {"email": email, "password": PASSWORD, "displayName": name})
        return email, self.api("POST", "/auth/login", {"email": email, "password": PASSWORD})["accessToken"]

    def _request(self, method: str, path: str, body: Any, token: str | None) -> tuple[int, Any]:
        request = urllib.request.Request(f"{self.address}{path}", method=method)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except (urllib.error.URLError, OSError) as error:
            return 0, str(error)

    def workers(self) -> list[dict[str, Any]]:
        """Ask the sidecar for its slots."""
        slots: list[dict[str, Any]] = self.ask_sidecar("status")["slots"]
        return slots

    def ask_sidecar(self, method: str, **data: Any) -> dict[str, Any]:
        """Give the sidecar's answer to a request."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5)
            control.connect(str(self.run_dir / "sidecar.sock"))
            control.sendall(json.dumps({"id": 1, "method": method, "data": data}).encode() + b"\n")
            for line in control.makefile():
                answer = json.loads(line)
                if answer.get("id") == 1:
                    given: dict[str, Any] = answer["data"]
                    return given
        raise AssertionError("the sidecar did not answer")


@functools.cache
def _migrated_file() -> bytes:
    """Migrate one database for all deployments: it costs as much as starting the app does."""
    with tempfile.TemporaryDirectory() as directory:
        Deployment(Path(directory)).manage("migrate")
        return (Path(directory) / "connect.db").read_bytes()
