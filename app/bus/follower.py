"""Keeps a board in step with what Redis has of its room."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from app.rtc.bus import PartId

from .batch import Stamp, decode, time_of
from .board import Board
from .clock import Clock

#: What is kept that was heard before its turn. Should it be too much, what is dropped is read from Redis again.
MAX_EARLY = 1_000


class Follower:
    """
    Where one board is in the course of its room.

    What is heard counts only if it comes next; otherwise something was missed, and is asked for: ``on_gap`` is called.
    """

    def __init__(self, board: Board, clock: Clock, on_gap: Callable[[Follower], None]) -> None:
        self.board = board
        #: The position: what was taken in last. The room has another incarnation each time it is made in Redis.
        self.incarnation = ""
        self.seq = 0
        #: Whether Redis has it as a part of the room.
        self.is_in = False
        self._clock = clock
        self._on_gap = on_gap
        self._in_step = False
        self._early: deque[tuple[str, int, bytes]] = deque(maxlen=MAX_EARLY)

    def lose_step(self) -> None:
        """Take in nothing more, until all that was missed is known."""
        self._in_step = self.is_in = False
        self._early.clear()

    def hear(self, incarnation: str, seq: int, said: bytes) -> None:
        """Take in what was published."""
        if not self._in_step:
            self._early.append((incarnation, seq, said))
        elif incarnation == self.incarnation and seq == self.seq + 1:
            self.seq = seq
            self._take(said)
        elif (int(incarnation), seq) > (int(self.incarnation), self.seq):
            self._in_step = False
            self._early.append((incarnation, seq, said))
            self._on_gap(self)

    def catch_up(self, answer: Any, *, doubt: bool) -> bool:
        """
        Take in what Redis says of the room since the position.

        With ``doubt``, parts that are missing where the room was made anew are kept: they may be about to come back,
        too. Tells whether there are such.
        """
        if not self.board.is_open:
            return False
        kind, incarnation, seq, rest = answer[0], answer[1].decode(), int(answer[2]), answer[3]
        doubted: list[PartId] = []
        if kind == b"tail":
            for said in rest:
                self._take(said)
        else:
            is_same = incarnation == self.incarnation
            self._compare(rest, doubted if doubt and not is_same else None)
        self.incarnation, self.seq = incarnation, seq
        self._in_step = True
        early, self._early = self._early, deque(maxlen=MAX_EARLY)
        for heard in early:
            self.hear(*heard)
        return bool(doubted)

    def give_up_missing(self, answer: Any) -> None:
        """Take in which parts there are; others don't come back."""
        if not self.board.is_open:
            return
        facts, _ = read_room(answer[3])
        for part in self.board.view.others.keys() - facts.keys():
            self.board.view.gone(part)

    def _compare(self, fields: list[bytes], doubted: list[PartId] | None) -> None:
        facts, common = read_room(fields)
        view, outgoing = self.board.view, self.board.outgoing
        for stamp, _ in common.values():
            self._clock.saw(time_of(stamp))
        if not self.incarnation:
            view.begin(facts, common)
            # What an earlier app of this node left.
            outgoing.facts = outgoing.facts or facts.get(self.board.part_id, {})
            return

        def keep(part: PartId) -> bool:
            if doubted is not None:
                doubted.append(part)
            return doubted is not None

        view.compare(facts, common, keep=keep)

    def _take(self, said: bytes) -> None:
        if said.startswith(b"-"):
            self.board.view.gone(said[1:].decode())
        elif said:
            batch = decode(said)
            for stamp, _ in batch.common.values():
                self._clock.saw(time_of(stamp))
            self.board.view.take(batch)


def read_room(fields: list[bytes]) -> tuple[dict[PartId, dict[str, bytes]], dict[str, tuple[Stamp, bytes]]]:
    """Read the facts and what is common from a room's hash."""
    facts: dict[PartId, dict[str, bytes]] = {}
    common: dict[str, tuple[Stamp, bytes]] = {}
    for name, value in zip(fields[::2], fields[1::2], strict=True):
        if name == b"parts":
            for part in value.decode().split():
                facts.setdefault(part, {})
        elif name.startswith(b"f"):
            part_id, _, key = name[1:].decode().partition("|")
            facts.setdefault(part_id, {})[key] = value
        elif name.startswith(b"c"):
            stamp, _, said = value.partition(b"\n")
            common[name[1:].decode()] = stamp.decode(), said
    return facts, common
