from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests import ports
from tests.ports import PORTS, free_port, free_ports


def take(port: int, kind: socket.SocketKind, host: str = "127.0.0.1") -> socket.socket:
    taken = socket.socket(type=kind)
    taken.bind((host, port))
    return taken


def test_a_port_is_none_that_the_system_gives_to_whoever_asks_for_any() -> None:
    lowest, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert free_port() in PORTS
    assert PORTS.stop <= lowest


def test_what_was_found_is_not_found_again() -> None:
    found = [port for first in (free_ports(3) for _ in range(100)) for port in range(first, first + 3)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "0.0.0.0"])
def test_a_row_has_no_port_that_is_taken(kind: socket.SocketKind, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_ports(6)
    monkeypatch.setattr(ports, "_candidates", iter(range(first, first + 6)))
    with take(first + 2, kind, host):
        assert free_ports(3) == first + 3


def test_a_row_does_not_go_on_from_the_last_port_to_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_ports(4)
    monkeypatch.setattr(ports, "_candidates", iter((first + 2, first, first + 1)))
    assert free_ports(2) == first


def test_there_may_be_no_such_row(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_ports(2)
    monkeypatch.setattr(ports, "_candidates", iter((first, first + 1)))
    with pytest.raises(AssertionError, match="no 3 ports in a row"):
        free_ports(3)
