from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from app import server as server_module
from app.config import Settings
from app.server import Server, run
from app.services.logins import operator_token
from app.stores import migrating
from tests.conftest import ROOT, SidecarProcess
from tests.ports import free_port
from tests.rtc.fakes import until


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as http:
        yield http


@pytest.fixture
async def ready_server(server: Server, sidecar_process: SidecarProcess) -> Server:
    async with asyncio.timeout(20):
        await server.pool.wait_ready()
    return server


async def readiness(http: ClientSession, url: str) -> tuple[int, Any]:
    async with http.get(f"{url}/health/ready") as answer:
        return answer.status, await answer.json()


async def close_code(ws: ClientWebSocketResponse) -> int:
    """Read to the end of a socket; give the code that it was closed with."""
    while (message := await ws.receive()).type is WSMsgType.TEXT:
        pass
    assert message.type is WSMsgType.CLOSE
    code: int = message.data
    return code


async def until_healthy(http: ClientSession, url: str, path: str = "/health/ready") -> None:
    """Wait until the answer there is 200."""
    async with asyncio.timeout(40):
        while True:
            with contextlib.suppress(ClientConnectionError):
                async with http.get(url + path) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.01)


# In this process.


async def test_it_listens_at_once_and_serves_calls_as_soon_as_there_is_a_sidecar(
    server_url: str, http: ClientSession, idle_sidecar: SidecarProcess
) -> None:
    status, body = await readiness(http, server_url)
    assert status == 503
    assert "not connected to the worker-sidecar" in body["error"]["message"]
    with pytest.raises(WSServerHandshakeError) as refused:
        await http.ws_connect(f"{server_url}/ws?roomId=daily&peerId=zoe")
    assert refused.value.status == 503

    await idle_sidecar.start()
    await until_healthy(http, server_url)
    async with http.ws_connect(f"{server_url}/ws?roomId=daily&peerId=zoe", protocols=["protoo"]) as ws:
        assert (await ws.receive_json())["method"] == "mediasoup-version"


async def test_it_serves_as_soon_as_the_database_is_migrated(
    server_settings: Settings, sidecar_process: SidecarProcess, http: ClientSession, tmp_path: Path
) -> None:
    settings = dataclasses.replace(server_settings, database_url=f"sqlite:///{tmp_path}/empty.db")
    server = Server(settings)
    await server.start()
    url = f"http://127.0.0.1:{settings.port}"
    async with asyncio.timeout(20):
        await server.pool.wait_ready()
    await until(lambda: "python -m app migrate" in (server.services.database.problem or ""))
    status, body = await readiness(http, url)
    assert status == 503 and "python -m app migrate" in body["error"]["message"]
    with pytest.raises(WSServerHandshakeError) as refused:
        await http.ws_connect(f"{url}/ws?roomId=daily&peerId=zoe", protocols=["protoo"])
    assert refused.value.status == 503
    await asyncio.to_thread(migrating.upgrade, settings.database_url)
    await until_healthy(http, url)
    async with http.ws_connect(f"{url}/ws?roomId=daily&peerId=zoe", protocols=["protoo"]) as ws:
        assert (await ws.receive_json())["method"] == "mediasoup-version"
    await server.stop()


async def test_it_goes_on_when_the_sidecar_restarts(
    ready_server: Server, server_url: str, http: ClientSession, sidecar_process: SidecarProcess
) -> None:
    async with http.ws_connect(f"{server_url}/ws?roomId=daily&peerId=zoe", protocols=["protoo"]) as ws:
        await sidecar_process.stop(signal.SIGKILL)
        await until(lambda: not ready_server.pool.workers)
        assert (await readiness(http, server_url))[0] == 503
        await sidecar_process.start()
        await until_healthy(http, server_url)
        room = ready_server.rooms.get("daily")
        assert room is not None
        await until(lambda: not room.quarters.router.closed)
        assert not ws.closed


async def test_who_comes_before_it_is_in_touch_with_all_waits_instead_of_being_refused(
    server_settings: Settings, sidecar_process: SidecarProcess, http: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(server_settings)
    asked, answers = asyncio.Event(), asyncio.Event()

    async def start_slowly() -> None:
        asked.set()
        await answers.wait()

    monkeypatch.setattr(server.bus, "start", start_slowly)
    starting = asyncio.create_task(server.start())
    await asked.wait()
    url = f"http://127.0.0.1:{server_settings.port}/ws?roomId=daily&peerId=zoe"
    coming = asyncio.create_task(http.ws_connect(url, protocols=["protoo"]))
    assert not (await asyncio.wait({coming}, timeout=0.3))[0]
    answers.set()
    await starting
    async with await coming as ws:
        assert (await ws.receive_json())["method"] == "mediasoup-version"
    await server.stop()


async def test_stopping_tells_clients_and_leaves_their_rooms_to_the_next_and_no_task(
    server_settings: Settings, sidecar_process: SidecarProcess, http: ClientSession
) -> None:
    before = asyncio.all_tasks()
    server = Server(server_settings)
    await server.start()
    async with asyncio.timeout(20):
        await server.pool.wait_ready()
    url = f"http://127.0.0.1:{server_settings.port}"
    async with http.ws_connect(f"{url}/ws?roomId=daily&peerId=zoe", protocols=["protoo"]) as ws:
        stopping = asyncio.create_task(server.stop())
        assert await close_code(ws) == 1012
        await stopping
    with pytest.raises(ClientConnectionError):
        await http.get(f"{url}/health/live")
    await until(lambda: asyncio.all_tasks() <= before)

    successor = Server(server_settings)
    await successor.start()
    async with asyncio.timeout(20):
        await successor.pool.wait_ready()
    assert [room.id for room in successor.rooms.rooms] == ["daily"]
    await successor.stop()


async def test_a_client_that_never_says_goodbye_does_not_keep_it(
    ready_server: Server, server_settings: Settings, server_url: str
) -> None:
    reader, writer = await asyncio.open_connection(server_settings.host, server_settings.port)
    writer.write(
        b"GET /ws?roomId=daily&peerId=zoe HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert b"101" in await reader.readline()
    started = time.monotonic()
    await ready_server.stop()
    assert time.monotonic() - started < server_module.LAST_RESORT
    writer.close()


async def test_a_part_that_hangs_or_fails_does_not_keep_the_others_from_ending(
    ready_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(ready_server.rooms, "close", hang)
    monkeypatch.setattr(ready_server.signaling, "close", fail)
    await ready_server.stop()
    assert ready_server.pool.workers == []
    assert not ready_server.sidecar.connected


async def test_a_draining_server_lets_nobody_new_in_and_goes_on_with_those_who_are(
    ready_server: Server, server_settings: Settings, server_url: str, http: ClientSession
) -> None:
    socket_url, drain_url = f"{server_url}/ws?roomId=daily&peerId=", f"{server_url}/api/admin/drain"
    operator = {"Authorization": f"Bearer {operator_token(server_settings)}"}
    async with http.ws_connect(f"{socket_url}zoe", protocols=["protoo"]) as zoe:
        assert (await zoe.receive_json())["method"] == "mediasoup-version"
        async with http.post(drain_url, json={}, headers=operator) as answer:
            assert answer.status == 200
        for newcomer in (f"{socket_url}bob", f"{server_url}/ws?roomId=other&peerId=zoe"):
            async with http.get(newcomer) as answer:
                assert (answer.status, (await answer.json())["error"]["name"]) == (503, "draining")
                assert answer.headers["Retry-After"] == "10"
        await zoe.send_json({"request": True, "id": 1, "method": "getRouterRtpCapabilities", "data": {}})
        assert (await zoe.receive_json())["ok"]
        status, body = await readiness(http, server_url)
        assert (status, body["error"]["message"]) == (503, "draining: nobody new is let in")
        async with http.get(f"{server_url}/health/live") as answer:
            assert answer.status == 200
        async with http.delete(drain_url, headers=operator) as answer:
            assert answer.status == 204
        assert (await readiness(http, server_url))[0] == 200
        async with http.ws_connect(f"{socket_url}bob", protocols=["protoo"]) as bob:
            assert (await bob.receive_json())["method"] == "mediasoup-version"


def test_a_port_in_use_is_said_and_ends_with_1(
    server_settings: Settings, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "set_up_logging", lambda *_: None)
    with socket.create_server((server_settings.host, server_settings.port)):
        assert run(server_settings) == 1


# As a process of its own.


class AppProcess:
    """``python -m app`` on top of the test's sidecar; ``program`` replaces it."""

    def __init__(self, settings: Settings, *program: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._program = program or ("-m", "app")
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_")} | {
            "CONNECT_PORT": str(port),
            "CONNECT_RUN_DIR": str(settings.run_dir),
            "CONNECT_RTC_PORT": str(settings.rtc_port),
            "CONNECT_LOG_FORMAT": "json",
            "CONNECT_OPEN_ROOMS": "true",
            "CONNECT_DATABASE_URL": settings.database_url,
            "CONNECT_SECRET_KEYS_FILE": str(settings.secret_keys_file),
        }

    async def start(self, *command: str, inherits: socket.socket | None = None) -> asyncio.subprocess.Process:
        """Start it, or what ``command`` is, with a descriptor that it inherits."""
        return await asyncio.create_subprocess_exec(
            *(command or (sys.executable, *self._program)),
            cwd=ROOT,
            env=self._environment,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=() if inherits is None else (inherits.fileno(),),
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(
    server_settings: Settings, sidecar_process: SidecarProcess, http: ClientSession, number: signal.Signals
) -> None:
    app = AppProcess(server_settings)
    process = await app.start()
    await until_healthy(http, app.url)
    async with http.ws_connect(f"{app.url}/ws?roomId=daily&peerId=zoe", protocols=["protoo"]) as ws:
        process.send_signal(number)
        assert await close_code(ws) == 1012
    async with asyncio.timeout(10):
        _, log = await process.communicate()
    assert process.returncode == 0
    assert b'"message": "stopped"' in log
    assert b"error" not in log


async def test_it_listens_on_sockets_that_it_is_started_with(
    server_settings: Settings, http: ClientSession, run_dir: Path
) -> None:
    with socket.create_server((server_settings.host, 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        # As systemd does it: descriptor 3, and its own process is meant.
        shell = 'exec 3<&"$1"; LISTEN_FDS=1 LISTEN_PID=$$ exec "$2" -m app'
        app = AppProcess(server_settings)
        process = await app.start("bash", "-c", shell, "-", str(listening.fileno()), sys.executable, inherits=listening)
        await until_healthy(http, url, "/health/live")
        with pytest.raises(ClientConnectionError):
            await http.get(app.url)
        process.terminate()
        _, log = await process.communicate()
        assert process.returncode == 0
        assert f"listens on {url}".encode() in log
        socket.create_connection(listening.getsockname(), timeout=5).close()


async def test_a_loop_that_is_stuck_ends_too(server_settings: Settings, http: ClientSession) -> None:
    program = (
        "import app.server as s, time, sys; s.LAST_RESORT = 0.3; s.Server.stop = lambda self: time.sleep(60);"
        "from app.cli import main; sys.exit(main([]))"
    )
    app = AppProcess(server_settings, "-c", program)
    process = await app.start()
    await until_healthy(http, app.url, "/health/live")
    process.terminate()
    async with asyncio.timeout(20):
        _, log = await process.communicate()
    assert process.returncode == 1
    assert b"Timeout" in log
