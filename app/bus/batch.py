"""What a part says to the others at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.rtc.bus import PartId

#: When something common was said, and who said it: the greater one holds, as text, which Redis compares, too.
Stamp = str


def make_stamp(time: int, part: PartId) -> Stamp:
    """Make a stamp of a time of the bus."""
    return f"{time:016d}{part}"


def time_of(stamp: Stamp) -> int:
    """Give the time of a stamp."""
    return int(stamp[:16])


@dataclass(slots=True)
class Batch:
    """
    What a part says at a time.

    ``whole`` means that what is not in ``put`` is no fact any more. A word has a number of its own, each greater than
    those before, so that one which is said again by mistake is heard once. ``to`` is for words only.
    """

    part: PartId
    whole: bool = False
    put: dict[str, bytes] = field(default_factory=dict)
    drop: list[str] = field(default_factory=list)
    common: dict[str, tuple[Stamp, bytes]] = field(default_factory=dict)
    words: list[tuple[int, bytes]] = field(default_factory=list)
    to: PartId = ""

    def says_something(self) -> bool:
        """Tell whether it is worth sending."""
        return bool(self.whole or self.put or self.drop or self.common or self.words)


def encode(batch: Batch) -> bytes:
    """
    Make bytes of a batch: a row of netstrings (``<length>:<bytes>``), lists with their lengths before them.

    ``scripts/common.lua`` reads it, too, and the codecs that Redis has for scripts don't take bytes as they are.
    """
    row = [batch.part.encode(), b"whole" if batch.whole else b"", b"%d" % len(batch.put)]
    for key, value in batch.put.items():
        row += key.encode(), value
    row += b"%d" % len(batch.drop), *(key.encode() for key in batch.drop), b"%d" % len(batch.common)
    for key, (stamp, value) in batch.common.items():
        row += key.encode(), stamp.encode(), value
    row += batch.to.encode(), b"%d" % len(batch.words)
    for number, word in batch.words:
        row += b"%d" % number, word
    return b"".join(_netstrings(row))


def decode(said: bytes) -> Batch:
    """Read what :func:`encode` made."""
    row = _row(said)

    def text() -> str:
        return next(row).decode()

    def count() -> range:
        return range(int(next(row)))

    # The order of evaluation is the order of the row.
    return Batch(
        part=text(),
        whole=next(row) == b"whole",
        put={text(): next(row) for _ in count()},
        drop=[text() for _ in count()],
        common={text(): (text(), next(row)) for _ in count()},
        to=text(),
        words=[(int(next(row)), next(row)) for _ in count()],
    )


def _netstrings(row: Iterable[bytes]) -> Iterator[bytes]:
    return (b"%d:%b" % (len(item), item) for item in row)


def _row(said: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(said):
        colon = said.index(b":", at)
        end = colon + 1 + int(said[at:colon])
        yield said[colon + 1 : end]
        at = end
