from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from app.listening import sockets
from app.listening.sockets import Address, bind, close_all, inherited, is_listening
from tests.ports import free_port


def at(host: str) -> Address:
    return Address(host, free_port(), Path("listener.sock"))


def test_an_address_is_written_as_in_a_url() -> None:
    assert str(Address("localhost", 80, Path())) == "localhost:80"
    assert str(Address("::1", 80, Path())) == "[::1]:80"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_it_listens_at_each_address_of_a_host(host: str) -> None:
    listening = bind(address := at(host))
    assert all(map(is_listening, listening))
    assert {each.getsockname()[1] for each in listening} == {address.port}
    assert not any(each.get_inheritable() for each in listening)
    socket.create_connection(("127.0.0.1", address.port), timeout=5).close()
    close_all(listening)


def test_an_address_in_use_is_said_and_nothing_stays_open() -> None:
    address = at("localhost")
    with socket.create_server(("127.0.0.1", address.port)):
        with pytest.raises(OSError) as refused:
            bind(address)
        assert refused.value.errno == errno.EADDRINUSE
    close_all(bind(address))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_of_this_machine_is_said(host: str) -> None:
    with pytest.raises(OSError):
        bind(at(host))


# As systemd hands them over.


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """A listening socket where the first that is handed over would be."""
    listening = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(sockets, "FIRST_INHERITED", os.dup(listening.fileno()))
    return listening


def test_sockets_that_are_meant_for_this_process_are_taken_once(handed: socket.socket) -> None:
    environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web", "HOME": "/"}
    (taken,) = inherited(environment)
    assert taken.getsockname() == handed.getsockname()
    assert not taken.get_inheritable()
    assert environment == {"HOME": "/"}
    assert inherited(environment) == []
    close_all([taken, handed])


@pytest.mark.parametrize("environment", [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_FDS": "many"}])
def test_others_are_let_be(handed: socket.socket, environment: dict[str, str]) -> None:
    assert inherited(environment) == []
    close_all([handed, socket.socket(fileno=sockets.FIRST_INHERITED)])


def test_what_does_not_listen_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor = socket.socket().detach()
    monkeypatch.setattr(sockets, "FIRST_INHERITED", descriptor)
    with pytest.raises(OSError, match=rf"descriptors \[{descriptor}\] of LISTEN_FDS are no TCP sockets that listen"):
        inherited({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})
