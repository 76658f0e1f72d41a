"""What nodes publish on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Channels:
    """
    The names of the channels of nodes that share a database of Redis, by its number.

    Other than keys, channels are the same for all databases, so the number is in their names. The first database has
    those that earlier releases know.
    """

    db: int

    @property
    def prefix(self) -> str:
        """What all names begin with."""
        return f"connect:{self.db}:" if self.db else "connect:"

    @property
    def all(self) -> str:
        """What all nodes hear."""
        return f"{self.prefix}all"

    def to(self, node_id: str) -> str:
        """What one node hears."""
        return f"{self.prefix}to:{node_id}"
