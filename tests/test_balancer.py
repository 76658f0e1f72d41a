"""The load balancer that comes with Connect, as HAProxy runs it, before nodes that say no more than who they are."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from .conftest import ROOT
from .databases import LIBC, PR_SET_PDEATHSIG
from .ports import free_port

CONFIGURATION = ROOT / "deploy/haproxy.cfg"
ROOMS = [f"room-{number}" for number in range(30)]


class Node:
    """Tells its name over HTTP and websockets, and whether it is ready."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = free_port()
        self.ready = True
        self.answers = asyncio.Event()
        self.answers.set()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        application = web.Application()
        application.add_routes([web.get("/health/ready", self._health), web.get("/{path:.*}", self._answer)])
        self._runner = web.AppRunner(application, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        self.answers.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _health(self, request: web.Request) -> web.Response:
        await self.answers.wait()
        return web.Response(status=200 if self.ready else 503)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        if not socket.can_prepare(request):
            told = {"node": self.name, "path": request.path_qs, "for": request.headers.getall("X-Forwarded-For")}
            return web.json_response(told, status=200 if self.ready else 503)
        await socket.prepare(request)
        await socket.send_str(self.name)
        async for message in socket:
            await socket.send_str(message.data)
        return socket


class Balancer:
    """HAProxy with our file, in which nothing but addresses and times are others."""

    def __init__(self, folder: Path, nodes: list[Node], session: aiohttp.ClientSession) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._file = folder / "haproxy.cfg"
        self._nodes = nodes
        self._session = session
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        text = CONFIGURATION.read_text().replace("bind :3000", f"bind {self.url.removeprefix('http://')}")
        for node in self._nodes:
            text = text.replace(f"{node.name}:3000", f"127.0.0.1:{node.port}")
        text = text.replace("inter 1s", "inter 50ms").replace("timeout check 3s", "timeout check 300ms")
        self._file.write_text(text)
        self._process = await asyncio.create_subprocess_exec(
            *(haproxy(), "-db", "-f", str(self._file)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=end_with_parent,
        )

    async def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            async with asyncio.timeout(10):
                await self._process.wait()

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Give the status of an answer, and what it says."""
        async with self._session.get(self.url + path, headers=headers) as response:
            return response.status, await response.json()

    async def nodes_of(self, rooms: list[str]) -> dict[str, str]:
        """Say which node serves each room."""
        return {room: (await self.get(f"/ws?roomId={room}"))[1]["node"] for room in rooms}

    @contextlib.asynccontextmanager
    async def websocket(self, path: str) -> AsyncIterator[tuple[str, aiohttp.ClientWebSocketResponse]]:
        """Give the name of the node that a websocket leads to, and the socket."""
        async with self._session.ws_connect(self.url + path) as socket:
            yield await socket.receive_str(timeout=5), socket


def end_with_parent() -> None:
    """Have the kernel stop HAProxy with its parent. SIGQUIT is none that ends it."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def haproxy() -> str:
    """Find the program: Debian's is where only root looks for commands."""
    found = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, "there is no HAProxy: scripts/setup.sh test installs one"
    return found


@pytest.fixture
async def nodes() -> AsyncIterator[list[Node]]:
    """Two that run."""
    both = [Node("node1"), Node("node2")]
    for node in both:
        await node.start()
    yield both
    for node in both:
        await node.stop()


@pytest.fixture
async def balancer(tmp_path: Path, nodes: list[Node]) -> AsyncIterator[Balancer]:
    """One that has found both nodes ready."""
    async with aiohttp.ClientSession() as session:
        balancer = Balancer(tmp_path, nodes, session)
        await balancer.start()
        await comes_true(lambda: serve(balancer, {"node1", "node2"}))
        yield balancer
        await balancer.stop()


async def comes_true(condition: Any) -> None:
    """Wait until an asynchronous condition holds; whoever does not take connections yet is asked again."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError):
                if await condition():
                    return
            await asyncio.sleep(0.02)


async def serve(balancer: Balancer, names: set[str]) -> bool:
    """Whether who comes without a wish is served by these nodes, and no others."""
    return {(await balancer.get("/"))[1].get("node") for _ in range(6)} == names


async def test_people_of_a_room_meet_on_one_node_and_rooms_are_spread(balancer: Balancer) -> None:
    nodes = await balancer.nodes_of(ROOMS)
    assert set(nodes.values()) == {"node1", "node2"}
    assert await balancer.nodes_of(ROOMS) == nodes


async def test_the_address_of_a_node_leads_to_it(balancer: Balancer) -> None:
    for name in ("node1", "node2"):
        for room in ROOMS[:5]:
            assert (await balancer.get(f"/nodes/{name}/ws?roomId={room}&x=%2F"))[1] == {
                "node": name,
                "path": f"/ws?roomId={room}&x=/",
                "for": ["127.0.0.1"],
            }
    async with balancer.websocket("/nodes/node2/ws?roomId=demo") as (name, socket):
        assert name == "node2"
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=5) == "hello"


async def test_the_address_of_a_node_that_there_is_not_leads_to_any(balancer: Balancer) -> None:
    status, answer = await balancer.get("/nodes/node17/ws?roomId=demo")
    assert (status, answer["path"]) == (200, "/ws?roomId=demo")


async def test_nodes_learn_whose_request_it_is(balancer: Balancer) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9"}
    assert (await balancer.get("/", **headers))[1]["for"] == ["203.0.113.9", "127.0.0.1"]


async def test_a_draining_node_gets_nobody_new_and_keeps_whom_it_has(balancer: Balancer, nodes: list[Node]) -> None:
    before = await balancer.nodes_of(ROOMS)
    async with balancer.websocket("/nodes/node1/ws") as (_, socket):
        nodes[0].ready = False
        await comes_true(lambda: serve(balancer, {"node2"}))
        assert set((await balancer.nodes_of(ROOMS)).values()) == {"node2"}
        await socket.send_str("still here")
        assert await socket.receive_str(timeout=5) == "still here"
        # Its people come back to it by its own address.
        assert (await balancer.get("/nodes/node1/ws"))[1]["node"] == "node1"
        nodes[0].ready = True
        await comes_true(lambda: serve(balancer, {"node1", "node2"}))
    assert await balancer.nodes_of(ROOMS) == before


async def test_who_comes_to_a_dead_node_is_served_by_another_at_once(balancer: Balancer, nodes: list[Node]) -> None:
    before = await balancer.nodes_of(ROOMS)
    await nodes[0].stop()
    # Also by the very address of the dead one, and before it was found dead.
    assert (await balancer.get("/nodes/node1/ws?roomId=demo"))[1]["node"] == "node2"
    assert set((await balancer.nodes_of(ROOMS)).values()) == {"node2"}
    await comes_true(lambda: serve(balancer, {"node2"}))
    await nodes[0].start()
    await comes_true(lambda: serve(balancer, {"node1", "node2"}))
    assert await balancer.nodes_of(ROOMS) == before


async def test_websockets_of_a_node_that_does_not_answer_are_cut(balancer: Balancer, nodes: list[Node]) -> None:
    async with (
        balancer.websocket("/nodes/node1/ws") as (_, socket),
        balancer.websocket("/nodes/node2/ws") as (_, other),
    ):
        nodes[0].answers.clear()
        assert (await socket.receive(timeout=10)).type in (WSMsgType.CLOSED, WSMsgType.ERROR)
        await other.send_str("still here")
        assert await other.receive_str(timeout=5) == "still here"
    async with balancer.websocket("/nodes/node1/ws") as (name, _):
        assert name == "node2"


async def test_when_none_is_ready_they_answer_for_themselves(balancer: Balancer, nodes: list[Node]) -> None:
    for node in nodes:
        node.ready = False
    await comes_true(lambda: serve(balancer, {"node1", "node2"}))
    status, answer = await balancer.get("/")
    assert (status, answer["node"] in ("node1", "node2")) == (503, True)
    assert (await balancer.get("/nodes/node2/ws"))[1]["node"] == "node2"


async def test_when_there_is_none_the_answer_says_when_to_try_again(balancer: Balancer, nodes: list[Node]) -> None:
    for node in nodes:
        await node.stop()
    status, answer = await balancer.get("/")
    assert (status, answer["error"]["name"]) == (503, "unavailable")
