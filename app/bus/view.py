"""What a part was told of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ParamSpec

from loguru import logger

from app.rtc.bus import Part, PartId

from .batch import Batch, Stamp

P = ParamSpec("P")

Facts = Mapping[PartId, Mapping[str, bytes]]
Common = Mapping[str, tuple[Stamp, bytes]]


class View:
    """A room as one part sees it; tells the part what changes, and only that."""

    def __init__(self, part_id: PartId, part: Part) -> None:
        self.part_id = part_id
        self._part = part
        self.others: dict[PartId, dict[str, bytes]] = {}
        self.common: dict[str, bytes] = {}
        self.stamps: dict[str, Stamp] = {}
        #: The numbers of the last words that were heard. A part that went may come back, and say them again.
        self._heard: dict[PartId, int] = {}

    def begin(self, facts: Facts, common: Common) -> None:
        """Take in how things are, before the part is told anything."""
        self.others = {part: dict(of_part) for part, of_part in facts.items() if part != self.part_id}
        for key, (stamp, value) in common.items():
            self.agree(key, stamp, value)

    def agree(self, key: str, stamp: Stamp, value: bytes) -> bool:
        """Keep something common, if nothing newer is known; tells whether it was kept."""
        if stamp <= self.stamps.get(key, ""):
            return False
        self.stamps[key], self.common[key] = stamp, value
        return True

    def take(self, batch: Batch) -> None:
        """Take in what another part says; of one's own nothing is new."""
        if batch.part == self.part_id:
            return
        self._agreed(batch.common)
        if batch.whole:
            self._compare(batch.part, batch.put)
        else:
            self._change(batch.part, batch.put, batch.drop)
        if batch.to in ("", self.part_id):
            self._hear(batch)

    def compare(self, facts: Facts, common: Common, *, keep: Callable[[PartId], bool]) -> None:
        """Take in how things are by now. Parts that are missing are gone, except those that are to be kept."""
        for part in self.others.keys() - facts.keys():
            if not keep(part):
                self.gone(part)
        for part, of_part in facts.items():
            if part != self.part_id:
                self._compare(part, of_part)
        self._agreed(common)

    def gone(self, part: PartId) -> None:
        """Take in that another part is no more."""
        for key in self.others.pop(part, {}):
            _tell(self._part.noted, part, key, None)

    def _compare(self, part: PartId, facts: Mapping[str, bytes]) -> None:
        self._change(part, facts, [key for key in self.others.get(part, {}) if key not in facts])

    def _change(self, part: PartId, put: Mapping[str, bytes], drop: list[str]) -> None:
        facts = self.others.setdefault(part, {})
        for key in drop:
            if facts.pop(key, None) is not None:
                _tell(self._part.noted, part, key, None)
        for key, value in put.items():
            if facts.get(key) != value:
                facts[key] = value
                _tell(self._part.noted, part, key, value)

    def _agreed(self, common: Common) -> None:
        for key, (stamp, value) in common.items():
            before = self.common.get(key)
            if self.agree(key, stamp, value) and value != before:
                _tell(self._part.agreed, key, value)

    def _hear(self, batch: Batch) -> None:
        for number, word in batch.words:
            if number > self._heard.get(batch.part, 0):
                self._heard[batch.part] = number
                _tell(self._part.heard, batch.part, word)


def _tell(listener: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    # A part that fails must not keep others from what they are to know.
    try:
        listener(*args, **kwargs)
    except Exception:
        logger.exception("a part failed to take in what it was told")
