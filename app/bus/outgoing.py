"""What a part has to say and could not yet."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from loguru import logger

from app.rtc.bus import Part, PartId

from .batch import Batch, Stamp
from .clock import Clock
from .passing import is_passing

#: How many words of either kind wait while the bus does not answer. The oldest are dropped.
MAX_WORDS = 1_000
#: For how many microseconds those wait that are for the moment.
MAX_AGE = 5_000_000

#: A word with its number, and the part that it is for.
Said = tuple[int, PartId, bytes]


class Outgoing:
    """Collects what one part says, until it is taken."""

    def __init__(self, part_id: PartId, part: Part, clock: Clock) -> None:
        self._part_id = part_id
        self._part = part
        self._clock = clock
        #: Its facts, as others know them; those that an earlier app left until it is touched.
        self.facts: Mapping[str, bytes] = {}
        self._is_touched = False
        #: Whether the part said that it has facts of its own.
        self.was_touched = False
        self._common: dict[str, tuple[Stamp, bytes]] = {}
        # Apart, so that no number of reactions takes the place of what is to be done.
        self._passing: deque[Said] = deque(maxlen=MAX_WORDS)
        self._lasting: deque[Said] = deque(maxlen=MAX_WORDS)

    def touch(self) -> bool:
        """Note that its facts may be others now; gives whether that is news since they were looked at."""
        is_news = not self._is_touched
        self._is_touched = self.was_touched = True
        return is_news

    def agree(self, key: str, stamp: Stamp, value: bytes) -> None:
        self._common[key] = stamp, value

    def say(self, word: bytes, to: PartId | None) -> None:
        self._keep((self._clock.stamp(), to or "", word))

    def take(self) -> list[Batch]:
        """Take all there is to say, in the order in which it has to be said: facts and what is common come first."""
        first = Batch(self._part_id, common=self.take_common())
        if self._is_touched:
            first.put, first.drop = self._differences()
        return [batch for batch in (first, *self._take_words()) if batch.says_something()]

    def take_common(self) -> dict[str, tuple[Stamp, bytes]]:
        """Take what is to be common."""
        common, self._common = self._common, {}
        return common

    def take_whole(self, common: Mapping[str, tuple[Stamp, bytes]]) -> Batch:
        """Take all facts, changed or not, with all that is known to be common. Words have to be taken apart."""
        self._common = {}
        if self.was_touched:
            self._differences()
        return Batch(self._part_id, whole=True, put=dict(self.facts), common=dict(common))

    def put_back(self, batches: Iterable[Batch]) -> None:
        """Keep words that could not be written. The rest is written anew, with :meth:`take_whole`."""
        words = [(number, batch.to, word) for batch in batches for number, word in batch.words]
        words += self._words()
        self.clear_words()
        for said in words:
            self._keep(said)

    def has_words(self) -> bool:
        """Tell whether words wait."""
        return bool(self._passing or self._lasting)

    def clear_words(self) -> None:
        """Drop words: there is nobody to hear them."""
        self._passing.clear()
        self._lasting.clear()

    def refresh(self) -> None:
        """Look at the facts, if they were touched."""
        if self._is_touched:
            self._differences()

    def _differences(self) -> tuple[dict[str, bytes], list[str]]:
        self._is_touched = False
        before = self.facts
        try:
            self.facts = dict(self._part.facts())
        except Exception:
            # The others go on with what they know.
            logger.exception("a part failed to tell its facts")
        put = {key: value for key, value in self.facts.items() if before.get(key) != value}
        return put, [key for key in before if key not in self.facts]

    def _take_words(self) -> list[Batch]:
        """Give words that go to the same in one."""
        batches: list[Batch] = []
        too_old = self._clock.now() - MAX_AGE
        while self._passing and self._passing[0][0] < too_old:
            self._passing.popleft()
        for number, to, word in self._words():
            if not batches or batches[-1].to != to:
                batches.append(Batch(self._part_id, words=[], to=to))
            batches[-1].words.append((number, word))
        self.clear_words()
        return batches

    def _words(self) -> Iterator[Said]:
        """Give what waits, in the order in which it was said."""
        return heapq.merge(self._passing, self._lasting)

    def _keep(self, said: Said) -> None:
        (self._passing if is_passing(said[2]) else self._lasting).append(said)
