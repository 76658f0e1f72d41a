"""The load balancer that comes with Connect, before the nodes of a cluster, as an operator has it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port
from tests.test_balancer import CONFIGURATION, end_with_parent, haproxy

from .cluster import Node
from .deployment import PATIENCE


class Balancer:
    """HAProxy with our file, in which nothing but the addresses are others. It has its port before it runs."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._file = directory / "haproxy.cfg"

    def settings_of(self, index: int) -> dict[str, str]:
        """Give what has clients sent through here to one very node of a cluster."""
        return {"CONNECT_NODE_URL": f"ws://localhost:{self.port}/nodes/n{index + 1}/ws"}

    @contextmanager
    def before(self, nodes: Sequence[Node]) -> Iterator[None]:
        """Run until the end of ``with``."""
        self._file.write_text(self._configuration(nodes))
        command = [haproxy(), "-db", "-f", str(self._file)]
        null = subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, preexec_fn=end_with_parent)
        try:
            deadline = time.monotonic() + PATIENCE
            while not self._listens():
                assert process.poll() is None and time.monotonic() < deadline, "HAProxy did not start"
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def _configuration(self, nodes: Sequence[Node]) -> str:
        lines = CONFIGURATION.read_text().replace("bind :3000", f"bind 127.0.0.1:{self.port}").splitlines()
        common = [line for line in lines if not line.lstrip().startswith("server node")]
        where = {node.id: node.address.removeprefix("http://") for node in nodes}
        servers = [f"    server {id} {address}" for id, address in where.items()]
        in_any_case = [f"    server {id}-in-any-case {address} no-check backup" for id, address in where.items()]
        return "\n".join((*common, *servers, *in_any_case, ""))
