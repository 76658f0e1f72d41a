"""A room on the bus, as one of its parts uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from app.rtc.bus import Part, PartId

from .batch import make_stamp
from .clock import Clock
from .outgoing import Outgoing
from .view import View


class Carrier(Protocol):
    """What carries what boards have to say."""

    def wake(self, board: Board) -> None:
        """Take what the board has to say, soon."""

    async def flush(self, board: Board) -> None: ...

    async def close_board(self, board: Board) -> bool: ...

    def let_go_of(self, board: Board) -> None: ...


class Board:
    """See :class:`app.rtc.bus.Board`; the same for all kinds of buses."""

    def __init__(self, room_id: str, part_id: PartId, part: Part, carrier: Carrier, clock: Clock) -> None:
        self.room_id = room_id
        self.part_id = part_id
        self.view = View(part_id, part)
        self.outgoing = Outgoing(part_id, part, clock)
        self._carrier = carrier
        self._clock = clock
        self.is_open = True

    @property
    def others(self) -> Mapping[PartId, Mapping[str, bytes]]:
        return self.view.others

    @property
    def common(self) -> Mapping[str, bytes]:
        return self.view.common

    def touch(self) -> None:
        # Else the carrier knows already: a room of one part may be touched with every request, and nobody looks.
        if self.outgoing.touch():
            self._wake()

    def agree(self, key: str, value: bytes) -> None:
        stamp = make_stamp(self._clock.stamp(), self.part_id)
        self.view.agree(key, stamp, value)
        self.outgoing.agree(key, stamp, value)
        self._wake()

    def say(self, word: bytes, to: PartId | None = None) -> None:
        self.outgoing.say(word, to)
        self._wake()

    async def flush(self) -> None:
        if self.is_open:
            await self._carrier.flush(self)

    async def close(self) -> bool:
        if not self.is_open:
            return False
        self.is_open = False
        return await self._carrier.close_board(self)

    def let_go(self) -> None:
        if self.is_open:
            self.is_open = False
            self._carrier.let_go_of(self)

    def _wake(self) -> None:
        # Who still has something to say after the end is not heard.
        if self.is_open:
            self._carrier.wake(self)
