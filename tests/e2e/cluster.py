"""A whole cluster as an operator runs it: nodes, each with its sidecar and app, that share a database and a Redis."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import redis

from app.sidecar import Sidecar
from tests.ports import free_ports
from tests.redis_server import RedisServer

from .deployment import Deployment

#: Seconds after which a node that says nothing is taken for dead. As short as may be, for tests wait for it.
LEASE = 1.0
#: How many ports a node has for media of other nodes.
PIPE_PORTS = 40
#: What all nodes have to say alike of somebody. How well media arrives changes all the time.
SEEN = ("peerId", "identity", "displayName", "role", "joinedAt", "lobby", "permissions", "metadata", "tracks")
#: All nodes know the same one: what one signed, another takes.
SECRET_KEY = "cluster:0123456789abcdef0123456789abcdef"


class Node(Deployment):
    """
    One of several, called ``id``; clients are sent to it if it ``has_url``. The database is there already.

    ``within`` are words before its programs' commands, such as those that run them in another network.
    """

    def __init__(
        self,
        directory: Path,
        id: str,
        *,
        workers: int = 1,
        has_url: bool = False,
        within: Sequence[str] = (),
        **settings: str,
    ) -> None:
        directory.mkdir()
        first = free_ports(PIPE_PORTS)
        own = {"CONNECT_NODE_ID": id, "CONNECT_NODE_MEDIA_PORTS": f"{first}-{first + PIPE_PORTS - 1}"}
        super().__init__(directory, workers=workers, **{**own, **settings})
        if has_url:
            self._environment["CONNECT_NODE_URL"] = f"ws://localhost:{self.port}/ws"
        self.id = id
        self.workers_count = workers
        self._within = within

    def __enter__(self) -> Self:
        self.start()
        self.wait_ready()
        return self

    def _start(self, name: str, command: list[str]) -> None:
        super()._start(name, [*self._within, *command])

    def start(self) -> None:
        """Start both programs, and don't wait for them."""
        self.start_sidecar()
        self.start_app()

    def kill(self) -> None:
        """End it as a failing power supply does."""
        for process in self._processes.values():
            process.kill()
        for name in ("app", "sidecar"):
            self.stop(name, signal.SIGKILL)

    def restart_app(self) -> None:
        """Kill the app, and start another one."""
        self.stop("app", signal.SIGKILL)
        self.start_app()

    def freeze(self) -> None:
        """Have its app stand still."""
        self._processes["app"].send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have its app go on."""
        self._processes["app"].send_signal(signal.SIGCONT)

    def __exit__(self, *_: object) -> None:
        if "app" in self._processes:
            # A test that failed may have left it frozen.
            self.thaw()
        super().__exit__()


class Cluster:
    """
    Nodes ``n1``, ``n2``, … and their Redis, from ``with`` to the end of it.

    ``for_node`` gives more of what makes the node with that index. Redis takes connections at ``host``.
    """

    def __init__(
        self,
        directory: Path,
        database_url: str,
        count: int = 3,
        *,
        workers: int = 1,
        have_urls: bool = False,
        host: str = "127.0.0.1",
        for_node: Callable[[int], dict[str, Any]] = lambda _: {},
        **settings: str,
    ) -> None:
        self.redis = RedisServer(directory, host)
        common = {
            "CONNECT_REDIS_URL": self.redis.url,
            "CONNECT_DATABASE_URL": database_url,
            "CONNECT_DATABASE_POOL_SIZE": "4",
            "CONNECT_SECRET_KEYS": SECRET_KEY,
            "CONNECT_NODE_LEASE_SECONDS": str(LEASE),
            "CONNECT_EMPTY_ROOM_SECONDS": "0.2",
            **settings,
        }
        self.nodes = [
            Node(
                directory / f"n{index + 1}",
                f"n{index + 1}",
                workers=workers,
                has_url=have_urls,
                **{**common, **for_node(index)},
            )
            for index in range(count)
        ]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self.redis.stop)
            self.redis.start()
            for node in self.nodes:
                stack.callback(node.__exit__)
                node.start()
            self.wait_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def wait_ready(self) -> None:
        """Wait until each node can serve."""
        for node in self.nodes:
            node.wait_ready()

    def views(self, room: str, token: str) -> list[list[Any] | None]:
        """Give whom each node says is in a room, and with what; ``None`` from one that does not answer for now."""
        return [_view(node.get(f"/api/rooms/{room}/participants", token)) for node in self.nodes]

    def keys(self) -> set[str]:
        """Give all that Redis keeps."""
        with redis.Redis.from_url(self.redis.url, socket_timeout=5, decode_responses=True) as client:
            return set(client.scan_iter(count=1000))


def _view(answer: tuple[int, Any]) -> list[Any] | None:
    status, body = answer
    if status == 404:
        return []
    if status != 200:
        return None
    people = [{name: each[name] for name in SEEN} for each in body["items"]]
    for person in people:
        person["tracks"] = sorted((each["producerId"], each["source"], each["paused"]) for each in person["tracks"])
    return sorted(people, key=lambda each: str(each["peerId"]))


async def routers_left(nodes: Sequence[Node]) -> dict[str, list[str]]:
    """
    Give the routers that workers still have, by node; empty if there are none. Who asks stands in the apps' places.

    Apps are killed for it, so that none cleans up in going, and started again.
    """
    left = {}
    for node in nodes:
        node.stop("app", signal.SIGKILL)
        sidecar = Sidecar(node.run_dir)
        sidecar.start()
        try:
            routers = [id for slot in range(node.workers_count) for id in await _routers(sidecar, slot)]
        finally:
            await sidecar.close()
            node.start_app()
        if routers:
            left[node.id] = routers
    for node in nodes:
        node.wait_ready()
    return left


async def _routers(sidecar: Sidecar, slot: int) -> Sequence[str]:
    worker = (await sidecar.attach(slot)).worker
    ids = (await worker.dump()).router_ids
    worker.let_go()
    return ids
