"""
A network of several machines for a test, made of network namespaces as in :mod:`.namespaces`.

Each machine has a line of its own to the middle, where the test runs, and Redis; from there packets find their way.
Besides the address for everybody, machines have one for each other::

    machine 0: 198.18.10.2, 198.18.20.2 ----- 198.18.10.1
    machine 1: 198.18.11.2, 198.18.21.2 ----- 198.18.11.1      the middle, 198.18.9.1
    machine 2: 198.18.12.2, 198.18.22.2 ----- 198.18.12.1

"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from .namespaces import enter, run

#: All addresses are of a range that is meant for tests (RFC 2544).
MIDDLE_ADDRESS = "198.18.9.1"
#: Where each machine takes media of the others.
MEDIA_PORTS = "20000-20039"


class NodeNetwork:
    """Exists from ``with`` to the end of it, with so many machines."""

    def __init__(self, machines: int) -> None:
        self._middle = f"connect-{os.getpid()}-middle"
        self._machines = [f"connect-{os.getpid()}-machine{number}" for number in range(machines)]

    def __enter__(self) -> Self:
        try:
            for name in (self._middle, *self._machines):
                run("ip", "netns", "add", name)
                run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", self._middle, "address", "add", f"{MIDDLE_ADDRESS}/32", "dev", "lo")
            run("ip", "netns", "exec", self._middle, "sysctl", "-qw", "net.ipv4.ip_forward=1")
            for number, name in enumerate(self._machines):
                self._lay(number, name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in (self._middle, *self._machines):
            if Path("/run/netns", name).exists():
                run("ip", "netns", "delete", name)

    def address(self, number: int) -> str:
        """Give the address of a machine."""
        return f"198.18.{10 + number}.2"

    def media_address(self, number: int) -> str:
        """Give the address at which a machine takes media from others."""
        return f"198.18.{20 + number}.2"

    def settings_of(self, number: int) -> dict[str, Any]:
        """Give what has a node of a cluster run on the machine of that number."""
        return {
            "within": self.within(number),
            "CONNECT_HOST": self.address(number),
            "CONNECT_RTC_IP": self.address(number),
            "CONNECT_NODE_MEDIA_IP": self.media_address(number),
            # Each machine has all ports for itself.
            "CONNECT_NODE_MEDIA_PORTS": MEDIA_PORTS,
        }

    def within(self, number: int) -> Sequence[str]:
        """Give the words that have a command run on a machine."""
        return "ip", "netns", "exec", self._machines[number]

    def cut(self, number: int) -> None:
        """Have nothing get through between a machine and all others; who sends there is told so."""
        run("ip", "-n", self._middle, "link", "set", f"line{number}", "down")

    def mend(self, number: int) -> None:
        """Have everything get through again."""
        run("ip", "-n", self._middle, "link", "set", f"line{number}", "up")

    def silence(self, number: int) -> None:
        """Have nothing get through between a machine and all others either, but tell nobody, as when power fails."""
        line = f"line{number}"
        chains = "\n".join(
            f'chain {hook} {{ type filter hook {hook} device "{line}" priority 0; drop; }}'
            for hook in ("ingress", "egress")
        )
        run("ip", "netns", "exec", self._middle, "nft", "-f", "-", text=f"table netdev {line} {{\n{chains}\n}}")

    def end_silence(self, number: int) -> None:
        """Have everything get through again."""
        run("ip", "netns", "exec", self._middle, "nft", "delete", "table", "netdev", f"line{number}")

    def _lay(self, number: int, name: str) -> None:
        line, gateway, for_media = f"line{number}", f"198.18.{10 + number}.1", f"198.18.{20 + number}.1"
        run("ip", "-n", self._middle, "link", "add", line, "type", "veth", "peer", "name", line, "netns", name)
        for ours, its in ((gateway, self.address(number)), (for_media, self.media_address(number))):
            run("ip", "-n", self._middle, "address", "add", f"{ours}/30", "dev", line)
            run("ip", "-n", name, "address", "add", f"{its}/30", "dev", line)
        run("ip", "-n", self._middle, "link", "set", line, "up")
        run("ip", "-n", name, "link", "set", line, "up")
        run("ip", "-n", name, "route", "add", "default", "via", gateway)

    @contextmanager
    def middle(self) -> Iterator[None]:
        """Have this thread in the middle, with all that it starts."""
        with Path("/proc/thread-self/ns/net").open() as before, Path("/run/netns", self._middle).open() as middle:
            enter(middle.fileno())
            try:
                yield
            finally:
                enter(before.fileno())
