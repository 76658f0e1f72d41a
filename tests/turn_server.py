"""A real coturn that tests start, with the configurations of docs/turn.md."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.mediasoup.certificates import write_certificate
from tests.ports import free_ports

DOCUMENT = Path(__file__).parents[1] / "docs/turn.md"
SECRET = "a-secret-of-the-tests"
#: Seconds for coturn to start, or to stop.
PATIENCE = 10.0
#: Ports of the relay: as many allocations are possible.
RELAY_PORTS = 80
#: A STUN binding request, to which a server that is ready says something.
PING = struct.pack("!HHI12s", 0x0001, 0, 0x2112A442, b"anybody here")

Setting = tuple[str, str]


class TurnServer:
    """
    Runs from ``with`` to the end of it, on loopback, as the relay to a media server at 127.0.0.1.

    ``any_public``: it leads to all public addresses, too, as docs/turn.md has it for media servers that come and go.
    ``refreshed_after``: so many seconds after they have got a way through it, browsers have to say that they want it
    still, and to identify themselves anew; by default minutes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        secrets: tuple[str, ...] = (SECRET,),
        any_public: bool = False,
        refreshed_after: int | None = None,
    ) -> None:
        self.address = "127.0.0.1"
        self.port = free_ports(2)
        self.tls_port = self.port + 1
        self.certificate, _ = write_certificate(folder)
        self._secrets = secrets
        self._settings = [*documented(any_public), *self._of_this_place(folder)]
        if refreshed_after is not None:
            # Browsers come in the middle of what they are given.
            self._settings.append(("max-allocate-lifetime", str(2 * refreshed_after)))
            self._settings.append(("stale-nonce", str(refreshed_after // 2)))
        self._configuration = folder / "turnserver.conf"
        self._log = folder / "turnserver.log"
        self._process: subprocess.Popen[bytes] | None = None

    def _of_this_place(self, folder: Path) -> list[Setting]:
        relay_ports = free_ports(RELAY_PORTS)
        return [
            ("listening-ip", self.address),
            ("listening-port", str(self.port)),
            ("tls-listening-port", str(self.tls_port)),
            ("relay-ip", self.address),
            ("min-port", str(relay_ports)),
            ("max-port", str(relay_ports + RELAY_PORTS - 1)),
            ("cert", str(self.certificate)),
            ("pkey", str(self.certificate)),
            *(("static-auth-secret", secret) for secret in self._secrets),
            ("allowed-peer-ip", "127.0.0.1"),
            # Whatever is allowed, loopback is not without this.
            ("allow-loopback-peers", ""),
            ("userdb", str(folder / "turn.db")),
            ("pidfile", str(folder / "turn.pid")),
            ("log-file", "stdout"),
            # Without it nothing is logged of what clients do.
            ("verbose", ""),
        ]

    @property
    def urls(self) -> tuple[str, ...]:
        """Its addresses for browsers; without TLS, where they want a public authority's certificate."""
        return tuple(f"turn:{self.address}:{self.port}?transport={transport}" for transport in ("udp", "tcp"))

    @property
    def settings(self) -> dict[str, str]:
        """What a deployment has to be told of it."""
        return {"CONNECT_TURN_URLS": ",".join(self.urls), "CONNECT_TURN_SECRETS": ",".join(self._secrets)}

    def logged(self, text: str) -> int:
        """Say how many lines of its log, a line for each thing that a client does, have ``text`` in them."""
        return sum(text in line for line in self._log.read_text().splitlines())

    def __enter__(self) -> Self:
        lines = [f"{name}={value}" if value else name for name, value in self._settings]
        self._configuration.write_text("\n".join(lines) + "\n")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["turnserver", "-c", self._configuration],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Control-C in a terminal is for pytest, which then stops it.
                start_new_session=True,
            )
        try:
            self._wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def _wait_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < deadline, self._log.read_text()[-2000:]

    def _answers(self) -> bool:
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.1)
            probe.connect((self.address, self.port))
            probe.send(PING)
            with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                return bool(probe.recv(1500))
        return False


#: Settings whose documented values are those of another place. All others are kept.
ELSEWHERE = (
    "listening-port",
    "tls-listening-port",
    "min-port",
    "max-port",
    "cert",
    "pkey",
    "static-auth-secret",
    "syslog",
)


def documented(any_public: bool) -> list[Setting]:
    """Read docs/turn.md: its configuration, or that one with its other list of what can't be reached."""
    whole, other_list = re.findall(r"^```ini\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    settings = [each for each in parse(whole) if each[0] not in (*ELSEWHERE, "allowed-peer-ip")]
    if any_public:
        settings = [each for each in settings if each[0] != "denied-peer-ip"] + parse(other_list)
    return settings


def parse(text: str) -> list[Setting]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, value) for name, _, value in (line.partition("=") for line in lines)]
