"""How an app gets its sockets, and what becomes of them when it goes, or the listener does."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket

import pytest

from app.listening import lease as lease_module
from app.listening import sockets as sockets_module
from app.listening.lease import Lease
from app.listening.sockets import Address
from tests.ports import free_port

from .conftest import ListenerProcess, accepts


def client_of(address: Address) -> socket.socket:
    """Connect; nobody needs to accept for that."""
    return socket.create_connection((address.host, address.port), timeout=5)


def accepted(listening: socket.socket) -> tuple[str, int]:
    """Accept who has waited longest; say who that is."""
    listening.settimeout(5)
    connection, peer = listening.accept()
    connection.close()
    where: tuple[str, int] = peer
    return where


async def test_who_connects_while_no_app_runs_waits_for_one(
    listener: ListenerProcess, lease: Lease, address: Address
) -> None:
    with client_of(address) as early:
        (listening,) = await lease.open()
        waiting = set()
        while early.getsockname() not in waiting:
            waiting.add(accepted(listening))


async def test_without_a_listener_an_app_listens_by_itself(lease: Lease, address: Address) -> None:
    assert len(await lease.open()) == 1
    assert accepts(address)
    await lease.close()
    assert not accepts(address)


async def test_the_next_app_waits_for_the_one_before(listener: ListenerProcess, lease: Lease, address: Address) -> None:
    await lease.open()
    successor = Lease(address)
    opening = asyncio.create_task(successor.open())
    # It is refused nothing in the meantime.
    assert accepts(address)
    assert not opening.done()
    await lease.close()
    assert len(await opening) == 1
    await successor.close()
    assert accepts(address)


async def test_a_second_app_is_told_that_the_address_is_in_use(
    listener: ListenerProcess, lease: Lease, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lease.open()
    monkeypatch.setattr(lease_module, "PATIENCE", 0.1)
    second = Lease(address)
    with pytest.raises(OSError, match="the listener has lent its sockets to another app") as refused:
        await second.open()
    assert refused.value.errno == errno.EADDRINUSE
    await second.close()


async def test_an_address_in_use_by_others_is_said(lease: Lease, address: Address) -> None:
    with socket.create_server((address.host, address.port)):
        with pytest.raises(OSError) as refused:
            await lease.open()
        assert refused.value.errno == errno.EADDRINUSE


async def test_a_new_listener_takes_the_sockets_over_from_the_app(
    listener: ListenerProcess, lease: Lease, address: Address
) -> None:
    (listening,) = await lease.open()
    await listener.stop(signal.SIGKILL)
    assert accepts(address)
    await listener.start()
    await listener.says("with the sockets of the app that runs")
    await lease.close()
    with client_of(address) as early:
        successor = Lease(address)
        (listening,) = await successor.open()
        waiting = set()
        while early.getsockname() not in waiting:
            waiting.add(accepted(listening))
        await successor.close()


async def test_a_listener_that_comes_after_the_app_takes_over_too(
    idle_listener: ListenerProcess, lease: Lease, address: Address
) -> None:
    await lease.open()
    await idle_listener.start()
    await idle_listener.says("with the sockets of the app that runs")
    await lease.close()
    assert accepts(address)


async def test_a_listener_that_lost_its_app_meanwhile_listens_by_itself(
    listener: ListenerProcess, lease: Lease, address: Address
) -> None:
    await lease.open()
    await listener.stop(signal.SIGKILL)
    await lease.close()
    # This is the one gap that there is: both were gone at the same time.
    assert not accepts(address)
    await listener.start()
    await listener.listens()
    successor = Lease(address)
    assert len(await successor.open()) == 1
    await successor.close()
    assert accepts(address)


async def test_an_app_with_another_address_listens_by_itself(listener: ListenerProcess, address: Address) -> None:
    elsewhere = Address(address.host, free_port(), address.listener)
    lease = Lease(elsewhere)
    (listening,) = await lease.open()
    assert listening.getsockname()[1] == elsewhere.port
    assert accepts(address)
    # Refused once, it does not offer its sockets again.
    task = lease._staying_in_touch
    assert task is not None
    async with asyncio.timeout(10):
        await task
    await lease.close()
    assert not accepts(elsewhere)


async def test_inherited_sockets_win(
    listener: ListenerProcess, lease: Lease, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as handed:
        monkeypatch.setattr(sockets_module, "FIRST_INHERITED", os.dup(handed.fileno()))
        monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
        monkeypatch.setenv("LISTEN_FDS", "1")
        (listening,) = await lease.open()
        assert listening.getsockname() == handed.getsockname()
    successor = Lease(address)
    assert len(await successor.open()) == 1
    await successor.close()
