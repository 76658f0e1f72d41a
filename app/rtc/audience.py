"""Whom a data channel is for, if it is not for all."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from app.errors import NotFound


class Somebody(Protocol):
    """One who has an id in the room, and is somebody: a peer."""

    @property
    def id(self) -> str:
        """Its id in the room."""

    @property
    def identity(self) -> str:
        """Who it is, whatever the id."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Peers, with the identities that they had when the channel was opened: nobody else gets it under their ids."""

    members: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, peers: Iterable[Somebody], ids: Collection[str]) -> Audience:
        """
        Choose those of ``peers`` that have one of these ids.

        :raises NotFound: none has
        """
        members = frozenset((peer.id, peer.identity) for peer in peers if peer.id in ids)
        if not members:
            raise NotFound("data.to: nobody in the room has one of these ids")
        return cls(members)

    def __contains__(self, peer: Somebody) -> bool:
        return (peer.id, peer.identity) in self.members
