"""
A network of one's own for a test: network namespaces of Linux, which touch nothing of this machine's own network.

There is the world, where the server is and the test runs, and a home, where a browser is. Lines join them::

        home                         world
    198.18.1.2  ----- line 1 -----  198.18.1.1
    198.18.2.2  ----- line 2 -----  198.18.2.1      198.18.0.1 takes media,
    198.18.3.2  ----- line 3 -----  198.18.3.1      198.18.0.2 serves the page and the websocket

"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

#: All addresses are of a range that is meant for tests (RFC 2544).
MEDIA_ADDRESS, PAGE_ADDRESS = "198.18.0.1", "198.18.0.2"
LINES = (1, 2, 3)
#: Of setns(2).
CLONE_NEWNET = 0x40000000


def can_be_made() -> bool:
    """Say whether whoever runs this, where it runs, may make network namespaces."""
    return subprocess.run(["unshare", "--net", "true"], capture_output=True, timeout=10).returncode == 0


needs_network = pytest.mark.skipif(not can_be_made(), reason="making network namespaces takes root")


class Network:
    """Exists from ``with`` to the end of it. Its lines are down at first."""

    def __init__(self) -> None:
        self._world = f"connect-{os.getpid()}-world"
        self._home = f"connect-{os.getpid()}-home"

    def __enter__(self) -> Self:
        try:
            for name in (self._world, self._home):
                run("ip", "netns", "add", name)
                run("ip", "-n", name, "link", "set", "lo", "up")
            for address in (MEDIA_ADDRESS, PAGE_ADDRESS):
                run("ip", "-n", self._world, "address", "add", f"{address}/32", "dev", "lo")
            for number in LINES:
                self._lay(number)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in (self._world, self._home):
            if Path("/run/netns", name).exists():
                run("ip", "netns", "delete", name)

    def _lay(self, number: int) -> None:
        line = line_name(number)
        run("ip", "-n", self._world, "link", "add", line, "type", "veth", "peer", "name", line, "netns", self._home)
        for name, end in ((self._world, 1), (self._home, 2)):
            run("ip", "-n", name, "address", "add", f"198.18.{number}.{end}/30", "dev", line)
        run("ip", "-n", self._world, "link", "set", line, "up")

    def line_up(self, number: int, destination: str = "default") -> None:
        """Have what goes from home to ``destination`` take this line."""
        run("ip", "-n", self._home, "link", "set", line_name(number), "up")
        gateway = f"198.18.{number}.1"
        run("ip", "-n", self._home, "route", "add", destination, "via", gateway, "dev", line_name(number))

    def line_down(self, number: int) -> None:
        """Cut a line, with all that goes over it."""
        run("ip", "-n", self._home, "link", "set", line_name(number), "down")

    def block_udp(self, *lines: int) -> None:
        """Have the firewalls of these lines let no UDP through, and say nothing of it."""
        self._drop("firewall", lines, "meta l4proto udp")

    def block_media(self, *lines: int) -> None:
        """Have the firewalls of these lines let nothing through that comes from where media is."""
        self._drop("firewall", lines, f"ip saddr {MEDIA_ADDRESS}")

    def block_media_by_tcp(self, *lines: int) -> None:
        """Have the firewalls of these lines let media through by UDP only."""
        self._drop("udp-only", lines, f"ip saddr {MEDIA_ADDRESS} meta l4proto tcp")

    def lose(self, number: int, percent: int) -> None:
        """Have a line lose so many of all UDP packets from now on, each way, by chance."""
        # Kernels need not have netem for it.
        self._drop("loss", (number,), f"meta l4proto udp numgen random mod 100 < {percent}")

    def narrow(self, number: int, kilobits: int) -> None:
        """Have a line bring home so many kbit/s at most from now on: what is more waits its turn, or is lost."""
        shape = f"tbf rate {kilobits}kbit burst 8kb latency 300ms"
        run("tc", "-n", self._world, "qdisc", "replace", "dev", line_name(number), "root", *shape.split())

    def _drop(self, table: str, lines: Iterable[int], which: str) -> None:
        """Have these lines drop the packets that match ``which``, instead of what ``table`` held before."""
        chains = "".join(
            f'chain {line_name(number)}_{hook} {{ type filter hook {hook} device "{line_name(number)}" priority 0;'
            f" {which} drop; }}\n"
            for number in lines
            for hook in ("egress", "ingress")
        )
        rules = f"table netdev {table} {{}}\ndelete table netdev {table}\ntable netdev {table} {{\n{chains}}}\n"
        run("ip", "netns", "exec", self._home, "nft", "-f", "-", text=rules)

    def hang_up(self) -> None:
        """Cut all lines, and have them bring and let through everything again."""
        for number in LINES:
            self.line_down(number)
            run("tc", "-n", self._world, "qdisc", "replace", "dev", line_name(number), "root", "noqueue")
        run("ip", "netns", "exec", self._home, "nft", "flush", "ruleset")

    def at_home(self, program: Path, script: Path) -> Path:
        """Write a script that runs ``program`` at home."""
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self._home} {program} "$@"\n')
        script.chmod(0o755)
        return script

    @contextmanager
    def world(self) -> Iterator[None]:
        """Have this thread in the world, with all that it starts."""
        with Path("/proc/thread-self/ns/net").open() as before, Path("/run/netns", self._world).open() as world:
            enter(world.fileno())
            try:
                yield
            finally:
                enter(before.fileno())


def line_name(number: int) -> str:
    return f"line{number}"


def run(*command: str, text: str | None = None) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def enter(namespace: int) -> None:
    """Move this thread into a network namespace. Python 3.12 has ``os.setns`` for it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns failed")
