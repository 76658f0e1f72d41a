"""
Ports for what tests start.

They are from below the range that the system hands out by itself, to whoever connects or listens on port 0: between
being found and being listened on, such a port would be anybody's. No port is found twice before all the others were;
where the search begins is left to chance, so that processes side by side seldom look at the same one.
"""

from __future__ import annotations

import random
import socket
from itertools import cycle, islice

PORTS = range(15_000, 32_000)

_begin = random.randrange(len(PORTS))
_candidates = cycle((*PORTS[_begin:], *PORTS[:_begin]))


def free_port() -> int:
    """Find a port that nobody listens on, in UDP and TCP."""
    return free_ports(1)


def free_ports(count: int) -> int:
    """Find the first of so many ports in a row that nobody listens on, in UDP and TCP."""
    row: list[int] = []
    for port in islice(_candidates, len(PORTS)):
        if row and port != row[-1] + 1:
            row = []
        row = [*row, port] if _is_free(port) else []
        if len(row) == count:
            return row[0]
    raise AssertionError(f"no {count} ports in a row are free")


def _is_free(port: int) -> bool:
    """Tell whether no address of this machine has it."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                return False
    return True
