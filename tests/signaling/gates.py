"""Gates for the tests: one that lets everybody in, and tokens and rooms that a test makes up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.auth.grants import Grants
from app.errors import Unauthorized
from app.rtc.admission import Admission, Ban, Entry
from app.rtc.room_config import RoomConfig

#: What anybody may do in an open room.
ANYBODY = Grants(can_update_own_metadata=True)
MODERATOR = Grants(room_admin=True)


@dataclass
class TestGate:
    """
    Knows the holders of ``tokens``; without a token everybody is who they say, if ``open``.

    ``rooms`` are those that are not as any other.
    """

    __test__ = False

    open: bool = True
    tokens: dict[str, Admission] = field(default_factory=dict)
    rooms: dict[str, RoomConfig] = field(default_factory=dict)
    bans: frozenset[Ban] | None = None

    async def admit(self, room_id: str, token: str | None, peer_id: str | None) -> Entry:
        config = self.rooms.get(room_id, RoomConfig(id=room_id))
        return Entry(config=config, admission=self._admission(token, peer_id), bans=self.bans)

    def _admission(self, token: str | None, peer_id: str | None) -> Admission:
        if token is None and self.open and peer_id is not None:
            return Admission(identity=peer_id, grants=ANYBODY)
        if token not in self.tokens:
            raise Unauthorized("a good token is needed")
        return self.tokens[token]

    def issue(self, identity: str, grants: Grants = ANYBODY, **admission: Any) -> str:
        """Make up a token of somebody of whom ``admission`` says more."""
        token = f"token-of-{identity}"
        self.tokens[token] = Admission(identity=identity, grants=grants, token_id=f"id-of-{identity}", **admission)
        return token


def everybody(_: object) -> bool:
    """Let pages of all origins in."""
    return True
