"""A call as it is looked at from outside of it, from any node."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from .bus import PartId
from .common import config_in, knows_in
from .facts import PEER, PeerFact, decode
from .peer import Peer
from .room import Room
from .room_config import RoomConfig


@dataclass(frozen=True, slots=True)
class SeenCall:
    """How the call is, who can be seen in it, in the order of coming, and which identities it knows."""

    config: RoomConfig
    participants: Sequence[Peer | PeerFact]
    known: Collection[str]

    @classmethod
    def of(cls, room: Room) -> Self:
        """Look at a part of a room, from which all of it can be seen."""
        seen = [peer for peer in room.everybody if peer.visible]
        return cls(room.config, _in_order(seen), room.door.known.keys())

    @classmethod
    def read(
        cls, room_id: str, parts: Mapping[PartId, Mapping[str, bytes]], common: Mapping[str, bytes]
    ) -> Self | None:
        """Read what the bus knows of a room; ``None`` if it is not on, or said in a way that is not known here."""
        config = config_in(room_id, common)
        if config is None or not parts:
            return None
        texts = [text for facts in parts.values() for key, text in facts.items() if key.startswith(PEER)]
        facts = [fact for fact in (decode(text, PeerFact) for text in texts) if fact is not None and fact.visible]
        # Who has just come elsewhere may still be where it was before.
        last = {fact.id: fact for fact in sorted(facts, key=lambda fact: fact.since)}
        return cls(config, _in_order(last.values()), knows_in(common))


def _in_order(people: Collection[Peer | PeerFact]) -> list[Peer | PeerFact]:
    return sorted(people, key=lambda peer: "" if peer.joined_at is None else peer.joined_at.isoformat())
