"""How a room is, how that changes while people are in it, and when it ends by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from app.config import Settings
from app.errors import NotAllowed
from app.mediasoup.audio_level_observer import AudioLevelObserver
from app.mediasoup.signal import Signal

from .common import CALL, CallSaid, changes_of
from .events import Actor, Farewell, RoomUpdated
from .interfaces import Ownership
from .lifetime import Lifetime
from .moderation import Moderation
from .peer import Peer
from .room_config import RoomConfig
from .self_description import check_metadata


class Adjustable(Moderation, ABC):
    """
    The part of a :class:`app.rtc.room.Room` on top of moderation.

    ``on_adjust`` fires with what a moderator changed of ``config``. ``ownership`` is ``None`` as long as nobody keeps
    record of whose the room is. ``call_id`` is the call's name in its history.
    """

    def __init__(
        self, config: RoomConfig, settings: Settings, loudness: AudioLevelObserver, call_id: UUID | None = None
    ) -> None:
        super().__init__(config, settings, loudness)
        self.call_id = call_id or uuid4()
        self.opened_at = datetime.now(UTC)
        self.on_adjust: Signal[Mapping[str, Any]] = Signal()
        self.ownership: Ownership | None = None
        self._lifetime = Lifetime(self.close, settings.empty_room_seconds)
        self._lifetime.emptied()
        self._lifetime.end_at(config.ends_at)

    @abstractmethod
    def close(self, farewell: Farewell, by: Actor | None = None) -> None:
        """End the room; its clients are told why, and who did it."""

    @property
    def summary(self) -> RoomUpdated:
        """How the room is, as clients are told."""
        config = self.config
        return RoomUpdated(
            name=config.name,
            metadata=config.metadata,
            locked=config.locked,
            lobby=config.lobby,
            unmute_allowed=config.unmute_allowed,
            max_participants=config.max_participants,
            last_n=config.last_n,
            ends_at=config.ends_at,
        )

    def configure(self, config: RoomConfig, by: Actor | None = None) -> None:
        """
        Be so from now on; all are told. Codecs stay what they are, and who is in stays in.

        Without a lobby those who wait there are admitted, by ``by``.
        """
        before = self.config
        self.take_config(config, by)
        for key, said in changes_of(before, config, by):
            self.link.agree(key, said)

    def take_config(self, config: RoomConfig, by: Actor | None) -> None:
        """Be as another part of the room is."""
        if config == self.config:
            return
        self._door.config = config
        self._tell(self.summary)
        self._stage.limit(config.last_n)
        if not config.lobby:
            for peer in self.lobby:
                self.let_in(peer.id, by)
        self._lifetime.end_at(config.ends_at)

    def take_call(self, call: CallSaid) -> None:
        """Be the call that began first, if another part of the room is of another one."""
        mine = CallSaid(self.opened_at, self.call_id)
        if (call.opened_at, call.id) < (mine.opened_at, mine.id):
            self.call_id, self.opened_at = call.id, call.opened_at
        elif call != mine:
            self.link.agree(CALL, mine)

    def lock(self, locked: bool, by: Actor | None) -> None:
        """Let nobody new in, or everybody again, for as long as the call lasts; all are told."""
        self.adjust(by, locked=locked)

    def adjust(self, by: Actor | None, **changes: Any) -> None:
        """
        Change these fields of ``config`` for as long as the call lasts; all are told.

        :raises BadRequest: the metadata are too long
        """
        check_metadata(changes.get("metadata", ""))
        self.configure(replace(self.config, **changes), by)
        self.on_adjust.emit(changes)

    async def hand_over(self, peer_id: str, by: Peer) -> None:
        """
        Make another peer the room's owner; raises as :meth:`Ownership.hand_over` does, too.

        :raises NotFound: nobody has this id
        :raises NotAllowed: ``by`` does not own the room, or nobody does
        """
        heir = self.look_up(peer_id)
        if self.ownership is None or by.role != "owner":
            raise NotAllowed("only the owner gives the room to somebody else")
        await self.ownership.hand_over(self.id, by.identity, heir.identity, by.actor)
