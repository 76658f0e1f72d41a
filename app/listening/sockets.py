"""Listening sockets: bound here, or inherited from whoever started this process, as systemd does it."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.config import Settings

#: How many connections may wait for an app; more are not refused either, but have to try again. The system may allow
#: fewer (net.core.somaxconn).
BACKLOG = 2_048
#: Addresses that a host name may stand for; no more descriptors are taken out of one message.
MAX_SOCKETS = 16
#: The first descriptor that systemd hands to a service, see sd_listen_fds(3).
FIRST_INHERITED = 3
#: What a machine without the address, or without its family, says.
NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, for clients, and where the listener is asked for its sockets."""

    host: str
    port: int
    listener: Path

    @classmethod
    def of(cls, settings: Settings) -> Address:
        """Read it off the settings."""
        return cls(settings.host, settings.port, settings.run_dir / "listener.sock")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def bind(address: Address) -> list[socket.socket]:
    """
    Listen at an address: at each that a host name stands for, as far as this machine has them.

    :raises OSError: it is in use, not of this machine, or no address at all
    """
    infos = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listening: list[socket.socket] = []
    missing: OSError | None = None
    for family, *_, where in infos[:MAX_SOCKETS]:
        try:
            listening.append(socket.create_server(where, family=family, backlog=BACKLOG))
        except OSError as error:
            if error.errno in NOT_HERE:
                missing = error
                continue
            close_all(listening)
            raise
    if missing is not None and not listening:
        raise missing
    return listening


def inherited(environment: MutableMapping[str, str] = os.environ) -> list[socket.socket]:
    """
    Take the sockets that this process was started with; none is no error.

    The variables that say so are taken away: processes that this one starts are not meant.

    :raises OSError: what was handed over does not listen for TCP connections
    """
    pid, count = environment.pop("LISTEN_PID", ""), environment.pop("LISTEN_FDS", "")
    environment.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdigit():
        return []
    taken = [socket.socket(fileno=FIRST_INHERITED + number) for number in range(int(count))]
    deaf = [each.fileno() for each in taken if not is_listening(each)]
    if deaf:
        close_all(taken)
        raise OSError(errno.ENOTSOCK, f"descriptors {deaf} of LISTEN_FDS are no TCP sockets that listen")
    for each in taken:
        each.set_inheritable(False)
    return taken


def is_listening(each: socket.socket) -> bool:
    """Whether it takes TCP connections."""
    is_tcp = each.family in (socket.AF_INET, socket.AF_INET6) and each.type == socket.SOCK_STREAM
    return is_tcp and bool(each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def close_all(sockets: Sequence[socket.socket]) -> None:
    """Close these descriptors; the sockets behind them live on in other processes."""
    for each in sockets:
        each.close()
