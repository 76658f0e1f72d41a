"""The listener as a process, seen by apps."""

from __future__ import annotations

import asyncio
import signal
import socket
import stat
import subprocess
import sys

import pytest

from app.listening.listener import MAX_APPS
from app.listening.messages import HAVE, NO, TAKE, WANT, connect, receive, send
from app.listening.sockets import Address, close_all, is_listening
from tests.conftest import ROOT

from .conftest import ListenerProcess, accepts


async def answer(connection: socket.socket, address: Address) -> tuple[bytes, list[socket.socket]]:
    """Wait for what the listener says."""
    connection.settimeout(10)
    return await asyncio.to_thread(receive, connection, address)


async def test_only_its_own_user_can_ask_it(listener: ListenerProcess) -> None:
    path = listener.address.listener
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(listener: ListenerProcess, number: signal.Signals) -> None:
    assert await listener.stop(number) == 0
    assert not listener.address.listener.exists()
    assert not accepts(listener.address)


async def test_an_app_gets_sockets_that_listen(listener: ListenerProcess, address: Address) -> None:
    with connect(address, timeout=5) as app:
        send(app, WANT, address)
        word, sockets = await answer(app, address)
        assert word == TAKE
        assert all(map(is_listening, sockets))
        assert not any(each.get_inheritable() for each in sockets)
        close_all(sockets)


async def test_apps_get_them_one_after_another(listener: ListenerProcess, address: Address) -> None:
    apps = [connect(address, timeout=5) for _ in range(3)]
    for app in apps:
        send(app, WANT, address)
    for app in apps:
        word, sockets = await answer(app, address)
        assert word == TAKE
        close_all(sockets)
        for other in apps[apps.index(app) + 1 :]:
            other.settimeout(0)
            with pytest.raises(BlockingIOError):
                receive(other, address)
        # However it ends, this is what the listener sees of it.
        app.close()


async def test_who_gave_up_waiting_is_passed_over(listener: ListenerProcess, address: Address) -> None:
    with connect(address, timeout=5) as first, connect(address, timeout=5) as last:
        send(first, WANT, address)
        close_all((await answer(first, address))[1])
        with connect(address, timeout=5) as impatient:
            send(impatient, WANT, address)
        send(last, WANT, address)
        first.close()
        word, sockets = await answer(last, address)
        assert word == TAKE
        close_all(sockets)


async def test_what_it_does_not_understand_is_refused(listener: ListenerProcess, address: Address) -> None:
    elsewhere = Address("127.0.0.1", 1, address.listener)
    with socket.create_server(("127.0.0.1", 0)) as other:
        for word, about, sockets in ((WANT, elsewhere, []), (HAVE, address, [other]), (b"sing", address, [])):
            with connect(address, timeout=5) as app:
                send(app, word, about, sockets)
                assert await answer(app, address) == (NO, [])
                assert await answer(app, address) == (b"", [])
    assert accepts(address)


async def test_more_apps_than_there_can_be_are_cut(listener: ListenerProcess, address: Address) -> None:
    apps = [connect(address, timeout=5) for _ in range(MAX_APPS + 1)]
    assert await answer(apps[-1], address) == (b"", [])
    send(apps[0], WANT, address)
    word, sockets = await answer(apps[0], address)
    assert word == TAKE
    close_all([*sockets, *apps])


async def test_an_address_in_use_is_said_and_ends_with_1(idle_listener: ListenerProcess, address: Address) -> None:
    with socket.create_server((address.host, address.port)):
        process = await idle_listener.start()
        _, log = await process.communicate()
    assert process.returncode == 1
    assert f"can't listen on {address}: Address already in use".encode() in log
    assert b'"program": "listener"' in log
    assert not address.listener.exists()


async def test_a_second_one_is_refused_and_does_the_first_no_harm(listener: ListenerProcess, address: Address) -> None:
    second = ListenerProcess(address)
    process = await second.start()
    _, log = await process.communicate()
    assert process.returncode == 1
    assert b"another listener runs" in log
    with connect(address, timeout=5) as app:
        send(app, WANT, address)
        word, sockets = await answer(app, address)
        assert word == TAKE
        close_all(sockets)


async def test_wrong_settings_end_with_2(idle_listener: ListenerProcess) -> None:
    process = await idle_listener.start(CONNECT_PORT="http")
    _, said = await process.communicate()
    assert process.returncode == 2
    assert said == b"CONNECT_PORT: 'http' is not allowed; allowed: 1 to 65535\n"


def test_it_is_small() -> None:
    program = "import sys, app.listening.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"aiohttp", "sqlalchemy", "app.rtc", "app.mediasoup"}.isdisjoint(done.stdout.split())
