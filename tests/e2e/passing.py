"""Who sends how much to whom across the network in which this thread is, and where packets only pass."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Self

from .namespaces import run

TABLE = "passing"
#: The counter of what is no media.
OTHERS = "others"


class Passing:
    """Counts what passes, from ``with`` to the end of it: media goes by UDP from an address to ``ports`` of another."""

    def __init__(self, addresses: Sequence[str], ports: str) -> None:
        ways = itertools.permutations(addresses, 2)
        self._ways = {f"way{number}": way for number, way in enumerate(ways)}
        self._ports = ports

    def __enter__(self) -> Self:
        counters = "\n".join(f"counter {name} {{ }}" for name in (*self._ways, OTHERS))
        rules = "\n".join(
            f"ip saddr {one} ip daddr {other} udp dport {self._ports} counter name {name} accept"
            for name, (one, other) in self._ways.items()
        )
        chain = f"chain between {{ type filter hook forward priority 0;\n{rules}\ncounter name {OTHERS}\n}}"
        run("nft", "-f", "-", text=f"table ip {TABLE} {{\n{counters}\n{chain}\n}}")
        return self

    def __exit__(self, *_: object) -> None:
        run("nft", "delete", "table", "ip", TABLE)

    def media(self) -> Mapping[tuple[str, str], int]:
        """Give the numbers of packets of media, by the addresses from which and to which they went."""
        packets = _packets()
        return {way: packets[name] for name, way in self._ways.items()}

    def others(self) -> int:
        """Give the number of all other packets."""
        return _packets()[OTHERS]


def _packets() -> dict[str, int]:
    command = ("nft", "-j", "list", "counters", "table", "ip", TABLE)
    listed = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    counters = [each["counter"] for each in json.loads(listed)["nftables"] if "counter" in each]
    return {counter["name"]: counter["packets"] for counter in counters}
